"""Range headers, as far as the gateway serves them: one range of bytes (RFC 9110, 14.1)."""

from __future__ import annotations

import re

_FORM = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


class Unsatisfiable(ValueError):
    """A range that lies outside the file (status 416)."""


def read_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Give the part of a file of `size` bytes that is asked for, as (start, end) of a slice.

    None where all of it is: without a header, and for forms that a server may ignore (several ranges, other
    units, nonsense).

    Raises:
        Unsatisfiable: the range lies outside the file.
    """
    found = _FORM.fullmatch((header or "").replace(" ", ""))
    if not found or found.group(1, 2) == ("", ""):
        return None
    first, last = found.group(1, 2)
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        raise Unsatisfiable(header)
    return start, end
