"""File names that may be used, and whose they are."""

from __future__ import annotations

import pytest

from resilient_pip.index.filenames import belongs_to, is_distribution, is_plain, last_segment, sdist_version
from resilient_pip.model import ProjectName, RemoteFile


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        pytest.param("demo-1.0+cpu-py3-none-any.whl", True, id="wheel"),
        pytest.param("a" * 255, True, id="longest"),
        pytest.param("a" * 256, False, id="too-long"),
        pytest.param("ä" * 128, False, id="too-long-in-bytes"),
        pytest.param("", False, id="empty"),
        pytest.param("..", False, id="parent"),
        pytest.param("../../x.whl", False, id="climbs"),
        pytest.param("/etc/x.whl", False, id="absolute"),
        pytest.param("..\\x.whl", False, id="backslash"),
        pytest.param("x\0.whl", False, id="nul"),
        pytest.param("x\n.whl", False, id="newline"),
        pytest.param("x\ud800.whl", False, id="lone-surrogate"),
    ],
)
def test_plain_names_are_told_from_harmful_ones(name: str, plain: bool) -> None:  # noqa: FBT001 - a table's column
    """A name that could lead out of a folder or break a line is not plain."""
    assert is_plain(name) is plain


def test_the_last_segment_is_decoded() -> None:
    """The name of a file is the last segment of its URL's path, percent-decoded, as in pip."""
    assert last_segment("https://h/a/demo-1.0%2Bcpu.whl?sig=a/b") == "demo-1.0+cpu.whl"
    assert last_segment("https://h/a/..%2F..%2Fx.whl") == "../../x.whl"


@pytest.mark.parametrize(
    ("filename", "project", "version"),
    [
        pytest.param("demo-1.0.tar.gz", "demo", "1.0", id="plain"),
        pytest.param("python-dateutil-2.0.tar.gz", "python-dateutil", "2.0", id="hyphens-in-the-name"),
        pytest.param("Python_DateUtil-2.0.zip", "python-dateutil", "2.0", id="normalised"),
        pytest.param("demo-extra-1.0.tar.gz", "demo", "extra-1.0", id="ambiguous"),
        pytest.param("other-1.0.tar.gz", "demo", None, id="another"),
        pytest.param("demo-1.0.exe", "demo", None, id="no-sdist"),
    ],
)
def test_versions_of_sdists(filename: str, project: str, version: str | None) -> None:
    """The version of an sdist stands after the project's name."""
    assert sdist_version(filename, ProjectName(project)) == version


def test_files_belong_to_projects_by_name() -> None:
    """Wheels and sdists tell their project, other files none."""
    names = ["Demo_Two-1-py3-none-any.whl", "demo.two-1.tar.gz", "demo-2.tar.gz", "demo-two-1.txt"]
    assert [belongs_to(name, ProjectName("demo-two")) for name in names] == [True, True, False, False]
    assert [is_distribution(name) for name in names] == [True, True, True, False]


@pytest.mark.parametrize("filename", ["../x.whl", "/etc/x.whl", ".", ".."])
def test_no_file_has_a_name_that_leads_elsewhere(filename: str) -> None:
    """Whoever forgot to check a name gets an error, and no link outside of its folder."""
    with pytest.raises(ValueError, match="no file name"):
        RemoteFile(project=ProjectName("x"), filename=filename, url="https://h/x.whl")
