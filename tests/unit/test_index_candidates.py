"""The guess which file pip will choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from resilient_pip.index.candidates import TargetMarkers, admitted, rank, without_version
from resilient_pip.index.pages import ListedFile, Page
from resilient_pip.model import ProjectName, RemoteFile

TARGET = TargetMarkers(
    environment={"python_full_version": "3.11.7+"},
    tags=("cp311-cp311-manylinux_2_28_x86_64", "cp311-abi3-linux_x86_64", "py3-none-any"),
)


def page(*files: str | tuple[str, dict[str, Any]], host: str = "one") -> Page:
    """List files by name, with what the page says of them."""
    listed = []
    for file in files:
        name, keys = (file, {}) if isinstance(file, str) else file
        remote = RemoteFile(project=ProjectName("demo"), filename=name, url=f"https://{host}.test/{name}")
        listed.append(ListedFile(file=remote, raw={}, **keys))
    return Page(document={}, files=tuple(listed))


def ranked(*pages: Page) -> list[str]:
    """Names of the candidates, newest first."""
    return [candidate.listed.file.filename for candidate in rank(pages, TARGET)]


def test_the_best_file_of_each_version() -> None:
    """Versions newest first; the better tag, a wheel before an sdist, nothing that does not fit."""
    files = (
        "demo-1.9.tar.gz",
        "demo-1.10.tar.gz",
        "demo-1.10-py3-none-any.whl",
        "demo-1.10-cp310.cp311-cp311.abi3-manylinux_2_28_x86_64.linux_x86_64.whl",
        "demo-2.0-1-py2.py3-none-any.whl",
        "demo-2.1-py3-none-win_amd64.whl",
        ("demo-2.2-py3-none-any.whl", {"requires_python": ">=3.12"}),
        ("demo-2.3-py3-none-any.whl", {"requires_python": "nonsense"}),
        "demo-nonsense-py3-none-any.whl",
        "demo-3.0-any.whl",
        "other-9.tar.gz",
        "demo-9.exe",
    )
    assert ranked(page(*files)) == [
        "demo-2.3-py3-none-any.whl",
        "demo-2.0-1-py2.py3-none-any.whl",
        "demo-1.10-cp310.cp311-cp311.abi3-manylinux_2_28_x86_64.linux_x86_64.whl",
        "demo-1.9.tar.gz",
    ]


def test_a_version_is_left_out() -> None:
    """Every file of it, however its version is written and whether it fits; what has no version stays."""
    others = ("demo-1.0.1.tar.gz", "demo-1.0+cpu-py3-none-any.whl", "demo-1.0-any.whl", "demo-x.zip")
    files = ("demo-1.0.tar.gz", "demo-1-py3-none-any.whl", "demo-1.0.0-1-py3-none-win_amd64.whl", *others)
    left = without_version(page(*files), Version("1.0")).files
    assert tuple(each.file.filename for each in left) == others


def test_of_equal_files_the_last_page_counts() -> None:
    """What pip is given last beats what it was given before."""
    pages = [page("demo-1-py3-none-any.whl"), page("demo-1-py3-none-any.whl", host="two")]
    assert [candidate.listed.file.url for candidate in rank(pages, TARGET)] == [
        "https://two.test/demo-1-py3-none-any.whl"
    ]


@pytest.mark.parametrize(
    ("files", "specifier", "versions"),
    [
        pytest.param(("1", "2", "3rc1"), "", ["2", "1"], id="no-pre-release"),
        pytest.param(("1", "3rc1"), ">=2rc1", ["3rc1"], id="pre-release-named"),
        pytest.param(("2rc1", "3rc1"), "", ["3rc1", "2rc1"], id="nothing-else"),
        pytest.param(("1", "2", "3"), "<3", ["2", "1"], id="specifier"),
        pytest.param(("1", "2y"), "", ["1"], id="yanked"),
        pytest.param(("1", "2y"), "==2", ["2"], id="yanked-but-pinned"),
        pytest.param(("1",), ">5", [], id="none"),
    ],
)
def test_what_a_specifier_admits(files: Sequence[str], specifier: str, versions: list[str]) -> None:
    """Pre-releases and yanked files as PEP 440 and PEP 592 say."""
    listed = [
        (f"demo-{version.rstrip('y')}-py3-none-any.whl", {"yanked": version.endswith("y")})
        for version in files
    ]
    candidates = rank([page(*listed)], TARGET)
    assert [str(found.version) for found in admitted(candidates, SpecifierSet(specifier))] == versions
