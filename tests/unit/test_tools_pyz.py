"""What the zip application consists of: `tools.pyz` and its lock file."""

from __future__ import annotations

import email
import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Set as AbstractSet
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tools.pyz import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SUPPORTED = ("3.10", "3.11", "3.12", "3.13", "3.14")


@pytest.fixture(scope="session")
def members(pyz: Path) -> dict[str, bytes]:
    """Everything in it, by name."""
    with zipfile.ZipFile(pyz) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="session")
def carried(members: dict[str, bytes]) -> dict[str, Message]:
    """The metadata of every project in it, by normalised name."""
    files = [content for name, content in members.items() if name.endswith(".dist-info/METADATA")]
    metadata = [email.message_from_bytes(content) for content in files]
    return {canonicalize_name(one["Name"]): one for one in metadata}


def test_the_same_input_makes_the_same_bytes(pyz: Path, tmp_path: Path) -> None:
    """In another process, with another mask, time zone, language and hash seed."""
    again = tmp_path / "folder" / "again.pyz"
    env = {"PATH": os.environ["PATH"], "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-m", "tools.pyz", again], check=True, cwd=ROOT, env=env, umask=0o077)

    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(pyz.read_bytes()).digest()
    assert os.access(again, os.X_OK)


def needed(carried: dict[str, Message], version: str) -> set[str]:
    """What a Python needs of it: every requirement, and theirs, in versions that fit and run there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    markers: dict[str, str | AbstractSet[str]] = {"python_full_version": f"{version}.0", "extra": ""}
    markers["python_version"] = version
    waiting = [Requirement(line) for line in project["dependencies"]]
    names: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate(markers):
            continue
        name = canonicalize_name(requirement.name)
        assert name in carried, f"{requirement}: python -m tools.pyz_lock writes the lock file anew"
        metadata = carried[name]
        assert requirement.specifier.contains(metadata["Version"]), requirement
        assert SpecifierSet(metadata["Requires-Python"]).contains(f"{version}.0"), name
        if name not in names:
            names.add(name)
            waiting += [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    return names


def test_it_carries_what_some_python_needs(carried: dict[str, Message]) -> None:
    """Whichever runs it finds all that it needs, and nothing is there for none's sake."""
    wanted = {version: needed(carried, version) for version in SUPPORTED}

    assert "tomli" in wanted["3.10"]
    assert "tomli" not in wanted["3.11"]
    assert set.union(*wanted.values()) == carried.keys()


def test_it_carries_every_licence(members: dict[str, bytes], carried: dict[str, Message]) -> None:
    """That of each project, and of what pip has vendored, as their wheels bring them; and this project's."""
    texts = [name for name in members if ".dist-info/" in name and "licen" in name.lower()]
    licensed = {canonicalize_name(name.partition("-")[0]) for name in texts}

    assert licensed == carried.keys()
    vendored = [name for name in texts if name.startswith("pip-") and "/_vendor/" in name]
    assert {name.rpartition("/_vendor/")[2].partition("/")[0] for name in vendored} >= {"certifi", "rich"}
    assert members["LICENSE"] == (ROOT / "LICENSE").read_bytes()


def test_it_carries_all_of_this_project_and_nothing_compiled(members: dict[str, bytes]) -> None:
    """Every source, and no file that depends on the Python that built it."""
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "resilient_pip").rglob("*.py")}
    assert {name for name in members if name.startswith("resilient_pip/") and name.endswith(".py")} == sources
    assert "resilient_pip/py.typed" in members
    assert [name for name in members if name.endswith((".pyc", ".so", ".exe"))] == []
