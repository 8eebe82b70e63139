"""Content-Range headers of 206 answers (RFC 9110, section 14.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_FORM = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRange:
    """Which part of which whole a 206 answer holds."""

    start: int
    total: int | None
    """The whole length in bytes; None where it is not told."""


def read_content_range(headers: Mapping[str, str]) -> ContentRange | None:
    """Read Content-Range; None where it is missing or makes no sense.

    Args:
        headers: of the answer, by names of any case.
    """
    found = _FORM.fullmatch(headers.get("Content-Range", "").strip())
    if found is None or int(found[2]) < int(found[1]):
        return None
    return ContentRange(start=int(found[1]), total=None if found[3] == "*" else int(found[3]))
