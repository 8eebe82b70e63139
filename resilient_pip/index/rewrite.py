"""Pages as the gateway serves them: the index's own page with other file URLs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from html import escape
from typing import Any

from resilient_pip.index.pages import ListedFile, Page, PageError

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"
OLD_HTML_TYPE = "text/html"

_SPOKEN = (OLD_HTML_TYPE, JSON_TYPE, HTML_TYPE)
"""In the order of preference where the client has none: who sends "*/*" may be older than PEP 691."""
_ALIASES = {
    "application/vnd.pypi.simple.latest+json": JSON_TYPE,
    "application/vnd.pypi.simple.latest+html": HTML_TYPE,
    "text/*": OLD_HTML_TYPE,
    "*/*": OLD_HTML_TYPE,
    "application/*": JSON_TYPE,
}
_LONG_AGO = "1970-01-01T00:00:00Z"
_STRONGEST_FIRST = ("sha256", "sha512", "sha384", "sha224", "sha1", "md5")


def negotiate(accept: str) -> str:
    """Choose the content type for an Accept header (PEP 691); HTML where nothing fits."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        name = _ALIASES.get(name, name)
        weights[name] = max(weights.get(name, 0.0), _weight(parameters))
    return max(_SPOKEN, key=lambda name: weights.get(name, 0.0))


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def rewrite(page: Page, content_type: str, file_url: Callable[[ListedFile], str]) -> bytes:
    """Write the page with the URLs that `file_url` gives, as one of the types of `negotiate`.

    Everything else stays as the index wrote it, but that core metadata is offered for every wheel, and that
    values of a wrong type are left out, as pip ends with a traceback at them.

    Raises:
        PageError: its JSON is nested too deeply to be written.
    """
    files = [_rewrite_file(listed, file_url(listed)) for listed in page.files]
    if content_type != JSON_TYPE:
        return _as_html(page.document, files).encode(errors="xmlcharrefreplace")
    try:
        return json.dumps({**page.document, "files": files}).encode()
    except RecursionError as error:
        raise PageError("not an index page: its JSON is nested too deeply") from error


def _rewrite_file(listed: ListedFile, url: str) -> dict[str, Any]:
    written = {**listed.raw, "url": url}
    if listed.file.is_wheel or listed.metadata is not None:
        written["core-metadata"] = written["dist-info-metadata"] = dict(listed.metadata or {}) or True
    if given := listed.raw.get("hashes"):
        written["hashes"] = _texts(given)
    elif listed.file.hashes or given is not None:
        written["hashes"] = dict(listed.file.hashes)
    for key, is_good in _CHECKED.items():
        if written.get(key) and not is_good(written[key]):
            del written[key]
    if listed.file.url.startswith("file:"):
        written["upload-time"] = _LONG_AGO  # pip asks local files for none, but all are behind http here
    return written


def _texts(value: object) -> dict[str, str]:
    """Keep what is text of an object whose values should be."""
    if not isinstance(value, dict):
        return {}
    return {name: text for name, text in value.items() if isinstance(text, str)}


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_time(value: object) -> bool:
    """Whether pip can read an upload-time (PEP 700)."""
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value.replace("Z", "+00:00")))
    except ValueError:
        return False


_CHECKED: Mapping[str, Callable[[object], bool]] = {"requires-python": _is_text, "upload-time": _is_time}
"""Keys of a file that pip reads, and which values it can bear."""


def _as_html(document: Mapping[str, Any], files: list[dict[str, Any]]) -> str:
    name = document.get("name")
    title = escape(f"Links for {name if isinstance(name, str) else ''}")
    lines = [
        "<!DOCTYPE html>",
        "<html><head>",
        '<meta charset="utf-8">',
        '<meta name="pypi:repository-version" content="1.0">',
        f"<title>{title}</title>",
        "</head><body>",
        *map(_anchor, files),
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _anchor(entry: Mapping[str, Any]) -> str:
    hashes = entry.get("hashes") or {}
    fragment = next((f"#{name}={hashes[name]}" for name in _STRONGEST_FIRST if name in hashes), "")
    attributes = {"href": entry["url"] + fragment}
    if python := entry.get("requires-python"):
        attributes["data-requires-python"] = python
    for key in ("core-metadata", "dist-info-metadata"):
        if offered := entry.get(key):
            attributes["data-" + key] = _first_hash(offered)
    if yanked := entry.get("yanked"):
        attributes["data-yanked"] = yanked if isinstance(yanked, str) else ""
    if isinstance(signed := entry.get("gpg-sig"), bool):
        attributes["data-gpg-sig"] = "true" if signed else "false"
    if isinstance(provenance := entry.get("provenance"), str):
        attributes["data-provenance"] = provenance
    words = " ".join(f'{name}="{escape(str(value))}"' for name, value in attributes.items())
    filename = entry["url"].rpartition("/")[2] if "filename" not in entry else entry["filename"]
    return f"<a {words}>{escape(filename)}</a><br>"


def _first_hash(offered: object) -> str:
    """Write core-metadata as an attribute: "sha256=…", or "true" where there is no hash."""
    if isinstance(offered, dict):
        return next((f"{name}={offered[name]}" for name in _STRONGEST_FIRST if name in offered), "true")
    return "true"
