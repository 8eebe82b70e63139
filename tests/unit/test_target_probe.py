"""Tests of `resilient_pip.target.probe`; `test_target_environment` runs it as a script."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from resilient_pip.target.probe import (
    UNNAMED_MANAGER,
    includes_global_site,
    installed,
    managers_message,
)


def write_distribution(
    folder: Path, name: str, version: str, *, requires: tuple[str, ...] = (), extras: tuple[str, ...] = ()
) -> Path:
    """Put the metadata of an installed project into a folder."""
    metadata = folder / f"{name}-{version}.dist-info"
    metadata.mkdir(parents=True)
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {each}" for each in requires)]
    lines += [*(f"Provides-Extra: {each}" for each in extras), "", "Name: a description", ""]
    (metadata / "METADATA").write_text("\n".join(lines), encoding="utf-8")
    return metadata


def test_the_first_of_each_name_counts(tmp_path: Path) -> None:
    """A project is described from the first entry of the path that has it, however the name is written."""
    first, second = tmp_path / "first", tmp_path / "second"
    write_distribution(first, "Flask_Login", "1.0", requires=("flask>=2", 'x; extra == "y"'), extras=("y",))
    write_distribution(second, "flask-login", "0.9")
    write_distribution(second, "other", "2.0")

    assert list(installed([str(first), str(second)])) == [
        {
            "project": "flask-login",
            "name": "Flask_Login",
            "version": "1.0",
            "requires": ["flask>=2", 'x; extra == "y"'],
            "extras": ["y"],
        },
        {
            "project": "other",
            "name": "other",
            "version": "2.0",
            "requires": [],
            "extras": [],
        },
    ]


def test_old_kinds_of_metadata_are_read(tmp_path: Path) -> None:
    """An egg-info folder counts, with its requires.txt, also behind a link of `setup.py develop`."""
    project, site = tmp_path / "project", tmp_path / "site"
    (project / "old.egg-info").mkdir(parents=True)
    (project / "old.egg-info" / "PKG-INFO").write_text("Name: old\nVersion: 0.1\n", encoding="utf-8")
    (project / "old.egg-info" / "requires.txt").write_text("six>=1\n", encoding="utf-8")
    site.mkdir()
    (site / "old.egg-link").write_text(f"\n{project}\n.\n", encoding="utf-8")
    (site / "empty.egg-link").touch()

    assert list(installed([str(site)])) == [
        {
            "project": "old",
            "name": "old",
            "version": "0.1",
            "requires": ["six>=1"],
            "extras": [],
        }
    ]


def test_broken_metadata_is_passed_over(tmp_path: Path) -> None:
    """What names no project, is no text or lies in a wheel is not installed for pip either."""
    (tmp_path / "empty-1.0.dist-info").mkdir()
    write_distribution(tmp_path, "latin", "1.0").joinpath("METADATA").write_bytes(b"Name: caf\xe9\n")
    write_distribution(tmp_path / "some.whl", "inside", "1.0")

    assert list(installed([str(tmp_path), str(tmp_path / "some.whl"), str(tmp_path / "missing")])) == []


MANAGED = "[externally-managed]\nError=Use apt.\nError-de=Nimm apt.\nError-pt_BR=Usa o apt.\n"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        pytest.param(None, "Use apt.", id="no-language"),
        pytest.param("en_US", "Use apt.", id="no-message-in-that-language"),
        pytest.param("de_AT", "Nimm apt.", id="language-without-country"),
        pytest.param("pt_BR", "Usa o apt.", id="language-with-country"),
    ],
)
def test_the_manager_speaks_the_users_language(tmp_path: Path, language: str | None, expected: str) -> None:
    """The message is looked up as PEP 668 says."""
    (tmp_path / "EXTERNALLY-MANAGED").write_text(MANAGED, encoding="utf-8")

    assert managers_message(tmp_path, language) == expected


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"nonsense", id="no-ini-file"),
        pytest.param(b"[externally-managed]\n", id="no-message"),
        pytest.param(b"[externally-managed]\nError=\xff\n", id="no-text"),
    ],
)
def test_a_marker_without_message_counts(tmp_path: Path, content: bytes) -> None:
    """The file's presence is what refuses; pip's own words stand in for the message."""
    (tmp_path / "EXTERNALLY-MANAGED").write_bytes(content)

    assert managers_message(tmp_path, "de_DE") == UNNAMED_MANAGER.format(prefix=sys.prefix)


def test_without_a_marker_nobody_manages(tmp_path: Path) -> None:
    """The usual case."""
    assert managers_message(tmp_path, None) is None


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param("include-system-site-packages = false\n", False, id="closed"),
        pytest.param("home = /usr\ninclude-system-site-packages = true\n", True, id="open"),
        pytest.param("home = /usr\n", True, id="not-said"),
        pytest.param(None, False, id="no-file"),
    ],
)
def test_what_a_virtual_environment_sees(tmp_path: Path, config: str | None, expected: bool) -> None:  # noqa: FBT001 - parametrised
    """pyvenv.cfg decides, read as pip reads it."""
    if config is not None:
        (tmp_path / "pyvenv.cfg").write_text(config, encoding="utf-8")

    assert includes_global_site(tmp_path) is expected
