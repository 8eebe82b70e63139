"""Bodies as they are packed on their way (Content-Encoding, RFC 9110, 8.4.1). Pure, and takes a while."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from resilient_pip.errors import BadContent
from resilient_pip.model import redact

_PLAIN = frozenset({"", "identity"})
_GZIP = frozenset({"gzip", "x-gzip"})
"""Twice ("gzip, gzip") makes a millionfold, and is not taken."""
_GZIP_BITS = 16 + zlib.MAX_WBITS
_DEFLATE = "deflate"


def unpack(body: bytes, headers: Mapping[str, str], *, limit: int, url: str) -> bytes:
    """Give a body unpacked.

    Args:
        body: all of it, as it came.
        headers: of the answer; those of an earlier run by lower-case names.
        limit: the longest body that is taken, in bytes.
        url: where it came from; may carry a login.

    Raises:
        BadContent: it is packed in another way than was asked for, is broken, or is too long.
    """
    encoding = (headers.get("content-encoding") or "identity").strip().lower()
    if encoding in _PLAIN:
        return body
    if encoding not in _GZIP and encoding != _DEFLATE:
        raise BadContent(url=redact(url), reason=f"the body is packed as {encoding[:40]!r}")
    unpacking = zlib.decompressobj(_deflate_bits(body) if encoding == _DEFLATE else _GZIP_BITS)
    try:
        whole = unpacking.decompress(body, limit + 1)
    except zlib.error as error:
        raise BadContent(url=redact(url), reason="the body's compression is broken") from error
    if len(whole) > limit:
        raise BadContent(url=redact(url), reason=f"longer than {limit} bytes")
    if body and not unpacking.eof:
        raise BadContent(url=redact(url), reason="the body's compression is broken")
    return whole


def _deflate_bits(body: bytes) -> int:
    """Tell whether a zlib header (RFC 1950) comes first, as it should, or not, as some servers have it."""
    is_zlib = len(body) > 1 and body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS
