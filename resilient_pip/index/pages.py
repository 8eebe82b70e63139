"""Simple pages (PEP 503 HTML, PEP 691 JSON) as values.

The JSON objects are kept as they came, so that keys which this program does not know survive a rewrite.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from resilient_pip.index.document import MOST_FILES, PageError, absolute, read_document
from resilient_pip.index.filenames import is_plain, last_segment
from resilient_pip.index.hashes import ALGORITHMS
from resilient_pip.index.superseded import without_superseded
from resilient_pip.index.usable import UsableWheels
from resilient_pip.model import ProjectName, RemoteFile, SafeUrl, redact

__all__ = ["ACCEPT", "ListedFile", "Page", "PageError", "parse_page"]

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
"""What to ask an index for, in pip's words."""
_REMOTE = frozenset({"http", "https"})
_USUAL = re.compile(r"https?://[A-Za-z0-9.:-]+/(?:[A-Za-z0-9._+-]+/)*([A-Za-z0-9][A-Za-z0-9._+-]{0,250})")
"""A URL without a login, a query, a fragment or escapes, that ends with a plain file name."""
_HEX = re.compile(r"[0-9a-f]+")
_LARGEST = 2**63 - 1
"""Bytes of a file; what computes with sizes need not bear more."""
_NAMED = 5
"""How many of the files that are left out are named."""
_SHOWN = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """A file as a page lists it."""

    file: RemoteFile
    requires_python: str | None = None
    yanked: bool = False
    metadata: Mapping[str, str] | None = None
    """Hashes of its core metadata where the index offers that (PEP 658); empty: offered without hashes."""
    raw: Mapping[str, Any]
    """Its JSON object as the index wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one source lists for one project."""

    document: Mapping[str, Any]
    """The JSON object as the index wrote it, but for its "files"."""
    files: tuple[ListedFile, ...]
    dropped: tuple[str, ...] = ()
    """URLs or names of entries that are left out because they could do harm, shortened."""


def parse_page(
    body: bytes,
    content_type: str,
    url: str,
    *,
    project: ProjectName,
    index: SafeUrl,
    wheels: UsableWheels | None = None,
    without_superseded_sdists: bool = False,
) -> Page:
    """Read a page.

    Args:
        body: the page, decoded from its content encoding.
        content_type: its Content-Type header.
        url: where it was found in the end, after redirects; relative URLs start from there.
        project: the project that was asked for.
        index: the name of the index for messages.
        wheels: tells the wheels that are wanted; the others are left out unread.
        without_superseded_sdists: whether to leave out sdists of versions that have a wheel.

    Raises:
        PageError: this is no page of an index.
    """
    document, base = read_document(body, content_type, url, project)
    if len(document["files"]) > MOST_FILES:
        raise PageError(f"an index page with more than {MOST_FILES} files")
    # What is not an object with a URL pip passes over too.
    entries = [raw for raw in document["files"] if isinstance(raw, dict) and isinstance(raw.get("url"), str)]
    if wheels:
        entries = [raw for raw in entries if wheels.admits(raw["url"])]
    if wheels and without_superseded_sdists:
        entries = without_superseded(entries, project, wheels.fits)
    # A page from the network must not make this program read local files.
    schemes = _REMOTE | {"file"} if urlsplit(url).scheme == "file" else _REMOTE
    files, dropped = _read_files(entries, _Origin(base=base, schemes=schemes, project=project, index=index))
    keys = {key: value for key, value in document.items() if key != "files"}
    return Page(document=keys, files=files, dropped=dropped)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """Where a page comes from."""

    base: str
    """What its relative URLs start from."""
    schemes: frozenset[str]
    """What its files may be reached by."""
    project: ProjectName
    index: SafeUrl


def _read_files(
    entries: Iterable[dict[str, Any]], origin: _Origin
) -> tuple[tuple[ListedFile, ...], tuple[str, ...]]:
    files = []
    dropped = []
    for raw in entries:
        listed = _read_file(raw, origin)
        if listed:
            files.append(listed)
        else:
            dropped.append(_name_of(raw))
    if len(dropped) > _NAMED:
        dropped[_NAMED - 1 :] = [f"{dropped[_NAMED - 1]} and {len(dropped) - _NAMED} more"]
    return tuple(files), tuple(dropped)


def _name_of(raw: Mapping[str, Any]) -> str:
    """Name an entry that is left out: shortened, in printable ASCII, without what a URL may keep secret."""
    written = raw.get("filename")
    return ascii((written if isinstance(written, str) else redact(raw["url"]))[:_SHOWN])[:_SHOWN]


def _read_file(raw: dict[str, Any], origin: _Origin) -> ListedFile | None:
    """Read one entry; None where its URL or its name could do harm."""
    place = _usual(raw["url"]) or _place(raw["url"], origin)
    if place is None:
        return None
    url, name, fragment = place
    written = raw.get("filename", name)
    if written != name and not (isinstance(written, str) and is_plain(written)):
        return None
    size = raw.get("size")
    python = raw.get("requires-python")
    return ListedFile(
        file=RemoteFile(
            project=origin.project,
            filename=name,
            url=url,
            hashes=_hashes(dict(parse_qsl(fragment)) if fragment else None) | _hashes(raw.get("hashes")),
            size=size if type(size) is int and 0 <= size <= _LARGEST else None,
            index=origin.index,
        ),
        requires_python=python if isinstance(python, str) else None,
        yanked=bool(raw.get("yanked")),
        metadata=_offered(raw),
        raw=raw,
    )


def _usual(written: str) -> tuple[str, str, str] | None:
    """Take a URL apart as PyPI writes it, where no character means anything but itself; None for others.

    Most pages have thousands of these and no other.
    """
    found = _USUAL.fullmatch(written)
    return (written, found[1], "") if found else None


def _place(written: str, origin: _Origin) -> tuple[str, str, str] | None:
    """Take any URL apart: itself, the file's name and the fragment; None where it could do harm."""
    try:
        url, _, fragment = absolute(origin.base, written).partition("#")
        scheme = urlsplit(url).scheme
        name = last_segment(url)
    except ValueError:
        return None
    return (url, name, fragment) if scheme in origin.schemes and is_plain(name) else None


def _offered(raw: Mapping[str, Any]) -> dict[str, str] | None:
    """Read PEP 658's key by its new name, else by its old one (PEP 714)."""
    offered = raw.get("core-metadata")
    if offered is None:
        offered = raw.get("dist-info-metadata")
    if isinstance(offered, dict):
        return _hashes(offered)
    return {} if offered else None


def _hashes(value: object) -> dict[str, str]:
    """Keep the hashes that can be checked."""
    if not isinstance(value, dict):
        return {}
    return {
        algorithm: digest.lower()
        for algorithm, digest in value.items()
        if algorithm in ALGORITHMS and isinstance(digest, str) and _HEX.fullmatch(digest.lower())
    }
