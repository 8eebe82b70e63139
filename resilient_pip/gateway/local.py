"""Sources on this machine: index folders, folders of wheels and HTML files, read as pip reads them.

Blocking; to be called in a thread.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from resilient_pip.errors import BadContent
from resilient_pip.index.filenames import is_distribution
from resilient_pip.index.pages import ListedFile, Page, PageError, parse_page
from resilient_pip.model import ProjectName, RemoteFile, SafeUrl, project_name, redact


def local_path(location: str) -> Path | None:
    """Give the path that a file: URL or a plain path names; None for a URL of another scheme."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return None if parts.scheme in {"http", "https"} else Path(location)


def is_html(name: str) -> bool:
    """Whether pip reads a file or URL of this name as a page."""
    return mimetypes.guess_type(name, strict=False)[0] == "text/html"


def read_index(root: Path, project: ProjectName, index: SafeUrl) -> Page | None:
    """Read `root`/`project`/index.html; None where that is missing.

    Raises:
        BadContent: it cannot be read, or is no index page.
    """
    folder = root / project
    path = folder / "index.html" if folder.is_dir() else folder
    return _read_page(path, project, index) if path.is_file() else None


def read_links(path: Path, index: SafeUrl) -> Page | None:
    """List what a --find-links location offers, of all projects; None where the location is missing.

    Raises:
        BadContent: it cannot be read, or is no index page.
    """
    try:
        if path.is_dir():
            entries = [entry for entry in path.iterdir() if entry.is_file()]
            # As pip orders them: archives before pages, the last name first; of equals the last counts.
            entries.sort(key=lambda entry: (not is_html(entry.name), entry.name), reverse=True)
            return join_pages(_read_links_file(entry, index) for entry in entries)
        return _read_links_file(path, index) if path.is_file() else None
    except OSError as error:
        raise _unreadable(path, error) from error


def links_page(files: Iterable[ListedFile]) -> Page:
    """Make a page of files that no index has written."""
    return Page(document={"meta": {"api-version": "1.0"}}, files=tuple(files))


def join_pages(pages: Iterable[Page]) -> Page:
    """Make one page of several."""
    found = tuple(pages)
    joined = links_page(listed for page in found for listed in page.files)
    return Page(
        document=joined.document, files=joined.files, dropped=sum((page.dropped for page in found), ())
    )


def _read_links_file(path: Path, index: SafeUrl) -> Page:
    if is_html(path.name):
        return _read_page(path, ProjectName(""), index)
    if not is_distribution(path.name):
        return links_page(())
    url = path.absolute().as_uri()
    size = path.stat().st_size
    # The project follows from who asks: see `belongs_to`.
    file = RemoteFile(
        project=project_name(path.name.partition("-")[0]), filename=path.name, url=url, size=size, index=index
    )
    raw = {"filename": path.name, "url": url, "hashes": {}, "size": size}
    return links_page([ListedFile(file=file, raw=raw)])


def _read_page(path: Path, project: ProjectName, index: SafeUrl) -> Page:
    url = path.absolute().as_uri()
    try:
        return parse_page(path.read_bytes(), "text/html", url, project=project, index=index)
    except PageError as error:
        raise BadContent(url=redact(url), reason=str(error)) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> BadContent:
    return BadContent(url=redact(path.absolute().as_uri()), reason=f"cannot be read: {error.strerror}")
