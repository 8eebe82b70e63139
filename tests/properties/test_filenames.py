"""File names from an index, which become names in folders."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from resilient_pip.index.filenames import (
    belongs_to,
    is_distribution,
    is_plain,
    last_segment,
    sdist_stem,
    sdist_version,
)
from resilient_pip.lines import printable
from resilient_pip.model import project_name

NAMES = st.text(max_size=300) | st.builds(
    "".join,
    st.lists(st.sampled_from(("..", "/", "\\", "a", "\0", "\x1b[2J", "\u202e", "\n", ".whl", "é", " "))),
)


@given(NAMES)
@example("../../x.whl")
@example("/etc/x.whl")
@example("C:\\x.whl")
@example("x\0.whl")
@example("é" * 126 + ".whl")
@example("x\u202egnp.whl")
def test_a_plain_name_stays_in_its_folder(name: str) -> None:
    """Whatever is taken for a plain name is one component of a path, printable, and short enough to exist."""
    if is_plain(name):
        assert PurePosixPath("/cache", name).parent == PurePosixPath("/cache")
        assert PureWindowsPath("cache", name).name
        assert ".." not in PurePosixPath(name).parts
        assert len(name.encode()) <= 255
        assert printable(f"({name})") == f"({name})" or "://" in name


@given(NAMES, st.sampled_from(("https://h/files/", "file:///srv/", "https://u:p@h/a?b=")))
def test_the_last_segment_is_the_name_however_it_is_quoted(name: str, front: str) -> None:
    """A name that was quoted into a URL comes out of it again, whole."""
    if is_plain(name):
        url = f"{front.partition('?')[0]}/{quote(name, safe='')}"
        assert last_segment(f"{url}?sig=a/b#sha256=c/d") == name


@given(
    st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,6}[A-Za-z0-9])?", fullmatch=True),
    st.sampled_from(("1.0", "2!3.post1")),
)
def test_an_sdist_belongs_to_its_project(name: str, version: str) -> None:
    """However the project writes its name, with hyphens and all."""
    filename = f"{name}-{version}.tar.gz"
    assert is_distribution(filename)
    assert sdist_stem(filename) == f"{name}-{version}"
    assert belongs_to(filename, project_name(name))
    found = sdist_version(filename, project_name(name))
    assert found is not None
    assert found.endswith(version)


@given(st.text(max_size=60), st.text(max_size=20).map(project_name))
def test_any_name_can_be_looked_at(filename: str, project: str) -> None:
    """No name is an exception."""
    assert belongs_to(filename, project_name(project)) in {True, False}
    assert sdist_version(filename, project_name(project)) is None or is_distribution(filename)
