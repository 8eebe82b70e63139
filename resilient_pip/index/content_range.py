"""Content-Range headers of 206 answers (RFC 9110, 14.4)."""

from __future__ import annotations

import re

_FORM = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


def read_content_range(value: str) -> tuple[int, int] | None:
    """Give the first byte's place and the whole length in bytes; None where one of them is not told."""
    found = _FORM.fullmatch(value.strip())
    return (int(found[1]), int(found[3])) if found else None
