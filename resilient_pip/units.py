"""How sizes and durations are read and written, for people and in settings. Imports nothing of ours."""

from __future__ import annotations

import math
import re

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)?")
_FACTORS = {
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)?")
_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "m": 60, "h": 3600, "d": 24 * 3600}


def format_bytes(count: int) -> str:
    """Write a number of bytes in decimal units, as package indexes do: 184200000 is "184.2 MB"."""
    if count < 1000:
        return f"{count} B"
    for unit, factor in (("kB", 1000), ("MB", 10**6), ("GB", 10**9)):
        if count < 999.95 * factor or unit == "GB":
            return f"{count / factor:.1f} {unit}"
    raise AssertionError  # the loop always returns


def format_seconds(seconds: float) -> str:
    """Write a duration: "0.8 s", "42 s", "4 min 41 s", "2 h 5 min", "30 d"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    if whole >= 48 * 3600:
        return f"{whole // (24 * 3600)} d"
    hours, rest = divmod(whole, 3600)
    return f"{hours} h {rest // 60} min" if rest >= 60 else f"{hours} h"


def parse_size(text: str) -> int:
    """Read "25 MB", "256KiB" or a plain number of bytes.

    Raises:
        ValueError: the text is no size.
    """
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no size (write 25MB, 256KiB or a number of bytes)")
    size = float(found[1]) * _FACTORS[found[2] or "B"]
    if math.isinf(size):
        raise ValueError("it is a size beyond all bounds")
    return round(size)


def parse_seconds(text: str) -> float:
    """Read "90", "90s", "15min", "2h" or "30d" as seconds.

    Raises:
        ValueError: the text is no duration.
    """
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no duration (write 90, 90s, 15min or 2h)")
    seconds = float(found[1]) * _SECONDS[found[2] or "s"]
    if math.isinf(seconds):
        raise ValueError("it is a duration beyond all bounds")
    return seconds
