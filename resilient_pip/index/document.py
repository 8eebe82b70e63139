"""What an index answered, as the JSON object of PEP 691; HTML (PEP 503) is turned into that shape.

An index may be hostile, so size is bounded before anything is made of it: one byte of a page can cost 26
bytes of memory as JSON, and 265 as an HTML tag.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from email.message import Message
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, urljoin

from resilient_pip.index.filenames import is_distribution, last_segment
from resilient_pip.index.hashes import ALGORITHMS
from resilient_pip.model import ProjectName

MOST_FILES = 100_000
"""Files of one page; the largest known pages list some 30 000."""
_MOST_VALUES = 20 * MOST_FILES
"""Values of one JSON page; PyPI writes some 15 per file."""
_MOST_TAGS = 10 * MOST_FILES
"""Tags of one HTML page; a file has three or four."""
_PIECE = 64 * 1024
"""Bytes that are parsed at once, and characters that one tag may have."""
_UNQUOTED = re.compile(r"[^!-~]")
_SAYS_INDEX = re.compile(r"\b(links for|simple index|index of|directory listing)\b")
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined"})
"""What Python takes for text encodings and no page is written in; decoding them can take for ever."""


class PageError(ValueError):
    """What an index answered is no page of an index."""


def read_document(
    body: bytes, content_type: str, url: str, project: ProjectName
) -> tuple[dict[str, Any], str]:
    """Read a page; give its JSON object, with a list of "files", and what relative URLs start from.

    Raises:
        PageError: this is no page of an index.
    """
    kind = content_type.lower()
    if kind.startswith("application/vnd.pypi.simple.v1+json"):
        return _read_json(body), url
    if kind.startswith(("text/html", "application/vnd.pypi.simple.v1+html")):
        return _read_html(body, content_type, url, project)
    raise PageError(f"not an index page, but {content_type[:80] or 'something without a Content-Type'}")


def absolute(base: str, href: str) -> str:
    """Make a URL absolute and quote what needs it; raises ValueError where it is none."""
    href = href.strip()
    if not href.startswith(("https://", "http://")):
        href = urljoin(base, href)
    return quote(href, safe="%/:=&?~#+!$,;'@()*[]") if _UNQUOTED.search(href) else href


def _read_json(body: bytes) -> dict[str, Any]:
    if sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise PageError(f"an index page with more than {MOST_FILES} files")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PageError("not an index page: its JSON cannot be read") from error
    if not isinstance(document, dict) or not isinstance(document.get("files"), list):
        raise PageError("not an index page: its JSON has no list of files")
    meta = document.get("meta")
    written = meta.get("api-version") if isinstance(meta, dict) else None
    version = str(written)[:20] if isinstance(written, (str, int, float)) else "1.0"
    if version.partition(".")[0] != "1":
        raise PageError(f"an index page of version {version}; versions 1.x are understood (PEP 629)")
    return document


def _read_html(body: bytes, content_type: str, url: str, project: ProjectName) -> tuple[dict[str, Any], str]:
    if body.count(b"<") > _MOST_TAGS:
        raise PageError(f"an index page with more than {MOST_FILES} files")
    reader = _PageReader()
    decoder = _decoder(content_type)
    for start in range(0, len(body), _PIECE):
        try:
            reader.feed(decoder.decode(body[start : start + _PIECE]))
        except UnicodeError as error:  # in spite of "replace": UTF-16 without a mark of its byte order
            raise PageError("not an index page: it is not in its own charset") from error
        if len(reader.rawdata) > _PIECE:
            raise PageError("not an index page: one of its tags is endless")
    try:
        base = urljoin(url, reader.base) if reader.base else url
    except ValueError as error:
        raise PageError("not an index page: its <base> is no URL") from error
    files = [entry for anchor in reader.anchors if (entry := _from_anchor(anchor, base))]
    declared = content_type.lower().startswith("application/")  # no portal knows the type of PEP 691
    if not files and (reader.interactive or not (declared or reader.is_index_of(project))):
        raise PageError("not an index page, but one for people (a login page or a captive portal?)")
    document: dict[str, Any] = {"meta": {"api-version": "1.0"}, "name": project, "files": files}
    if reader.status:
        document["project-status"] = reader.status
    return document, base


def _decoder(content_type: str) -> codecs.IncrementalDecoder:
    header = Message()
    header["Content-Type"] = content_type
    charset = header.get_content_charset("utf-8")
    try:
        name = codecs.lookup(charset).name
        if name not in _NO_CHARSETS:
            b" ".decode(name, "replace")  # raises LookupError for codecs that make no text, such as zlib's
            return codecs.getincrementaldecoder(name)("replace")
    except (LookupError, ValueError):
        pass  # ValueError: a name with a NUL
    raise PageError(f"not an index page: unknown charset in {content_type[:80]}")


class _PageReader(HTMLParser):
    """Collects the anchors, the first <base> and the metas of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base: str | None = None
        self.anchors: list[dict[str, str | None]] = []
        self.status: dict[str, str] = {}
        """PEP 792: status and reason."""
        self.interactive = False
        self._text = ""
        """What people read, as far as it may tell what page this is."""
        self._phrases: set[str] = set()
        """The same in pieces, spelt as projects are."""

    def is_index_of(self, project: ProjectName) -> bool:
        """Say whether the words of a page without files are an index's: they name the project, or an index.

        A login page in place of an index must not read as "no such project".
        """
        text = self._text.lower()
        return bool(_SAYS_INDEX.search(text)) or project in self._phrases

    def handle_data(self, data: str) -> None:
        if len(self._text) < _PIECE:
            self._text += f" {data}"
            self._phrases.add(re.sub(r"[-_.]+", "-", data.strip().lower()))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a":
            if len(self.anchors) == MOST_FILES:
                raise PageError(f"an index page with more than {MOST_FILES} files")
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
        target, _, fragment = absolute(base, anchor.get("href") or "").partition("#")
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
    if (yanked := anchor.get("data-yanked")) is not None:  # pip takes one without a value for none
        entry["yanked"] = yanked or True
    if signed := anchor.get("data-gpg-sig"):
        entry["gpg-sig"] = signed == "true"
    if provenance := anchor.get("data-provenance"):
        entry["provenance"] = provenance
    return entry
