"""Sources on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from resilient_pip.errors import BadContent
from resilient_pip.gateway.local import local_path, read_index, read_links
from resilient_pip.model import ProjectName, SafeUrl

DEMO = ProjectName("demo")
INDEX = SafeUrl("file:///index")


@pytest.mark.parametrize(
    ("location", "path"),
    [
        pytest.param("file:///srv/my%20wheels", Path("/srv/my wheels"), id="url"),
        pytest.param("./wheels", Path("wheels"), id="path"),
        pytest.param("https://h/wheels", None, id="remote"),
    ],
)
def test_what_is_local(location: str, path: Path | None) -> None:
    """file: URLs and plain paths are."""
    assert local_path(location) == path


def test_an_index_folder_has_a_page_per_project(tmp_path: Path) -> None:
    """The page is folder/project/index.html; without it there is no such project."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "index.html").write_text('<a href="../files/demo-1.0.tar.gz">x</a>')
    page = read_index(tmp_path, DEMO, INDEX)
    assert page
    assert [listed.file.url for listed in page.files] == [(tmp_path / "files/demo-1.0.tar.gz").as_uri()]
    assert read_index(tmp_path, ProjectName("other"), INDEX) is None


def test_a_broken_page_is_an_error(tmp_path: Path) -> None:
    """It names the file."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "index.html").write_text("<form></form>")
    with pytest.raises(BadContent) as raised:
        read_index(tmp_path, DEMO, INDEX)
    assert raised.value.url == (tmp_path / "demo/index.html").as_uri()


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that even root cannot read")
def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """It is not taken for an empty page."""
    page = tmp_path / "page.html"
    page.symlink_to("/proc/self/mem")
    with pytest.raises(BadContent, match="cannot be read: Input/output error") as raised:
        read_links(tmp_path, INDEX)
    assert raised.value.url == page.as_uri()


def test_a_links_folder_offers_files_and_html(tmp_path: Path) -> None:
    """Wheels and sdists with their sizes, then what HTML files list; nothing else and no folders.

    The last name comes first, as with pip, which takes the last of equal files.
    """
    (tmp_path / "demo-1.0-py3-none-any.whl").write_bytes(b"12345")
    (tmp_path / "demo-1.0.tar.gz").write_bytes(b"123")
    (tmp_path / "more.html").write_text('<a href="https://h/other-2.tar.gz">x</a>')
    (tmp_path / "README.txt").write_text("no")
    (tmp_path / "folder-1.tar.gz").mkdir()
    page = read_links(tmp_path, INDEX)
    assert page
    assert [(listed.file.filename, listed.file.size) for listed in page.files] == [
        ("demo-1.0.tar.gz", 3),
        ("demo-1.0-py3-none-any.whl", 5),
        ("other-2.tar.gz", None),
    ]


def test_a_links_file_may_be_a_page_or_a_wheel(tmp_path: Path) -> None:
    """--find-links takes files too; a missing one is told from an empty one."""
    wheel = tmp_path / "demo-1.0-py3-none-any.whl"
    wheel.write_bytes(b"12345")
    page = read_links(wheel, INDEX)
    assert page
    assert [listed.file.url for listed in page.files] == [wheel.as_uri()]
    assert read_links(tmp_path / "missing", INDEX) is None
