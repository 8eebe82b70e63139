"""Simple pages (PEP 503 HTML, PEP 691 JSON) as values.

HTML is turned into the shape of PEP 691, and the JSON objects are kept as they came, so that keys
which this program does not know survive a rewrite.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from resilient_pip.index.filenames import is_distribution, is_plain, last_segment
from resilient_pip.model import ProjectName, RemoteFile, SafeUrl

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
"""What to ask an index for, in pip's words."""
ALGORITHMS = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})
_REMOTE = frozenset({"http", "https"})
_UNQUOTED = re.compile(r"[^!-~]")
_HEX = re.compile(r"[0-9a-f]+")
_SAYS_INDEX = re.compile(r"\b(links for|simple index|index of|directory listing)\b")


class PageError(ValueError):
    """What an index answered is no page of an index."""


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
    """The JSON object as the index wrote it; its "files" are superseded by `files`."""
    files: tuple[ListedFile, ...]
    dropped: tuple[str, ...] = ()
    """URLs or names of entries that are left out because they could do harm, shortened."""


def parse_page(body: bytes, content_type: str, url: str, *, project: ProjectName, index: SafeUrl) -> Page:
    """Read a page.

    Args:
        body: the page, decoded from its content encoding.
        content_type: its Content-Type header.
        url: where it was found in the end, after redirects; relative URLs start from there.
        project: the project that was asked for.
        index: the name of the index for messages.

    Raises:
        PageError: this is no page of an index.
    """
    kind = content_type.lower()
    if kind.startswith("application/vnd.pypi.simple.v1+json"):
        document, base = _load_json(body), url
    elif kind.startswith(("text/html", "application/vnd.pypi.simple.v1+html")):
        document, base = _load_html(body, content_type, url, project)
    else:
        raise PageError(f"not an index page, but {content_type or 'something without a Content-Type'}")
    # A page from the network must not make this program read local files.
    schemes = _REMOTE | {"file"} if urlsplit(url).scheme == "file" else _REMOTE
    return _read_files(document, _Origin(base=base, schemes=schemes, project=project, index=index))


def _load_json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PageError("not an index page: its JSON cannot be read") from error
    if not isinstance(document, dict) or not isinstance(document.get("files"), list):
        raise PageError("not an index page: its JSON has no list of files")
    meta = document.get("meta")
    version = str(meta.get("api-version", "1.0")) if isinstance(meta, dict) else "1.0"
    if version.partition(".")[0] != "1":
        raise PageError(f"an index page of version {version}; versions 1.x are understood (PEP 629)")
    return document


def _load_html(body: bytes, content_type: str, url: str, project: ProjectName) -> tuple[dict[str, Any], str]:
    header = Message()
    header["Content-Type"] = content_type
    reader = _PageReader()
    try:
        reader.feed(body.decode(header.get_content_charset("utf-8"), "replace"))
    except LookupError as error:
        raise PageError(f"not an index page: unknown charset in {content_type}") from error
    base = urljoin(url, reader.base) if reader.base else url
    files = [entry for anchor in reader.anchors if (entry := _from_anchor(anchor, base))]
    declared = content_type.lower().startswith("application/")  # no portal knows the type of PEP 691
    if not files and (reader.interactive or not (declared or reader.is_index_of(project))):
        raise PageError("not an index page, but one for people (a login page or a captive portal?)")
    document: dict[str, Any] = {"meta": {"api-version": "1.0"}, "name": project, "files": files}
    if reader.status:
        document["project-status"] = reader.status
    return document, base


class _PageReader(HTMLParser):
    """Collects the anchors, the first <base> and the metas of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base: str | None = None
        self.anchors: list[dict[str, str | None]] = []
        self.status: dict[str, str] = {}
        """PEP 792: status and reason."""
        self.interactive = False
        self._text: list[str] = []

    def is_index_of(self, project: ProjectName) -> bool:
        """Say whether the words of a page without files are an index's: they name the project, or an index.

        A login page in place of an index must not read as "no such project".
        """
        text = " ".join(self._text).lower()
        return bool(_SAYS_INDEX.search(text)) or project in re.sub(r"[-_.]+", "-", text)

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a":
            self.anchors.append(found)
        elif tag == "base" and self.base is None:
            self.base = found.get("href")
        elif tag == "meta":
            name, content = found.get("name") or "", found.get("content")
            if content and name.startswith("pypi:project-status"):
                self.status["reason" if name.endswith("-reason") else "status"] = content
        elif tag in {"form", "script", "input"}:
            self.interactive = True


def _from_anchor(anchor: Mapping[str, str | None], base: str) -> dict[str, Any] | None:
    """Turn an anchor into a PEP 691 file; None where it does not point to a distribution."""
    try:
        target, _, fragment = _absolute(base, anchor.get("href") or "").partition("#")
        name = last_segment(target)
    except ValueError:
        return None
    if not is_distribution(name):
        return None
    hashes = {key: value for key, value in parse_qsl(fragment) if key in ALGORITHMS}
    entry: dict[str, Any] = {"filename": name, "url": target, "hashes": hashes}
    if python := anchor.get("data-requires-python"):
        entry["requires-python"] = python
    for key in ("core-metadata", "dist-info-metadata"):
        if (offered := anchor.get("data-" + key)) is not None:
            algorithm, equals, digest = offered.partition("=")
            entry[key] = {algorithm: digest} if equals else True
    if "data-yanked" in anchor:
        entry["yanked"] = anchor["data-yanked"] or True
    if signed := anchor.get("data-gpg-sig"):
        entry["gpg-sig"] = signed == "true"
    if provenance := anchor.get("data-provenance"):
        entry["provenance"] = provenance
    return entry


def _absolute(base: str, href: str) -> str:
    href = href.strip()
    if not href.startswith(("https://", "http://")):
        href = urljoin(base, href)
    return quote(href, safe="%/:=&?~#+!$,;'@()*[]") if _UNQUOTED.search(href) else href


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """Where a page comes from."""

    base: str
    """What its relative URLs start from."""
    schemes: frozenset[str]
    """What its files may be reached by."""
    project: ProjectName
    index: SafeUrl


def _read_files(document: dict[str, Any], origin: _Origin) -> Page:
    files = []
    dropped = []
    for raw in document["files"]:
        if not isinstance(raw, dict) or not isinstance(raw.get("url"), str):
            continue  # as pip does
        listed = _read_file(raw, origin)
        if listed:
            files.append(listed)
        else:
            dropped.append(ascii(raw.get("filename") or raw["url"])[:80])
    return Page(document=document, files=tuple(files), dropped=tuple(dropped))


def _read_file(raw: dict[str, Any], origin: _Origin) -> ListedFile | None:
    """Read one entry; None where its URL or its name could do harm."""
    try:
        url, _, fragment = _absolute(origin.base, raw["url"]).partition("#")
        scheme = urlsplit(url).scheme
        name = last_segment(url)
    except ValueError:
        return None
    written = raw.get("filename", name)
    if (
        scheme not in origin.schemes
        or not is_plain(name)
        or not isinstance(written, str)
        or not is_plain(written)
    ):
        return None
    size = raw.get("size")
    python = raw.get("requires-python")
    return ListedFile(
        file=RemoteFile(
            project=origin.project,
            filename=name,
            url=url,
            hashes=_hashes(dict(parse_qsl(fragment))) | _hashes(raw.get("hashes")),
            size=size if type(size) is int and size >= 0 else None,
            index=origin.index,
        ),
        requires_python=python if isinstance(python, str) else None,
        yanked=bool(raw.get("yanked")),
        metadata=_offered(raw),
        raw=raw,
    )


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
