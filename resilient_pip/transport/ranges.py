"""Asking for the rest of a file, and checking that the rest came (RFC 9110, section 14)."""

from __future__ import annotations

from collections.abc import Mapping

from resilient_pip.cache.origin import Origin
from resilient_pip.index.content_range import read_content_range


def resume_headers(received: int, origin: Origin, *, end: int | None = None) -> dict[str, str]:
    """Ask for what comes after `received` bytes, up to `end`, provided that the file is still the same."""
    if not received:
        return {}
    headers = {"Range": f"bytes={received}-{'' if end is None else end - 1}"}
    if origin.if_range is not None:
        headers["If-Range"] = origin.if_range
    return headers


def revalidation_headers(known: Origin) -> dict[str, str]:
    """Ask for the file only if it is no longer what it was."""
    headers = {}
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def content_length(headers: Mapping[str, str]) -> int | None:
    """Read Content-Length; None where it is missing or no number."""
    value = headers.get("Content-Length", "").strip()
    return int(value) if value.isascii() and value.isdigit() else None


def origin_of(headers: Mapping[str, str], url_digest: str, size: int | None) -> Origin:
    """Note the validators of an answer."""
    return Origin(
        url_digest=url_digest,
        etag=headers.get("ETag"),
        last_modified=headers.get("Last-Modified"),
        size=size,
    )


def why_not_the_rest(
    headers: Mapping[str, str], *, received: int, expected: int | None, origin: Origin
) -> str | None:
    """Say why a 206 answer cannot be appended to `received` bytes; None: it can.

    pip before 26.2 appended such answers and corrupted files (pypa/pip#14131).
    """
    part = read_content_range(headers)
    if part is None:
        return "206 without a usable Content-Range"
    if part.start != received:
        return "206 from another byte than asked for"
    if None not in (part.total, expected) and part.total != expected:
        return "206 of a file of another size"
    etag = headers.get("ETag")
    if etag and origin.etag and origin.if_range == origin.etag and etag != origin.etag:
        return "206 of another version of the file"
    return None
