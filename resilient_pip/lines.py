"""Text that is safe to print: one line, no control characters, no credentials, bounded length."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_USER_INFO = re.compile(r"://[^/\s]*@")
_QUERY = re.compile(r"(://[^\s?#]*)\?[^\s#]*")


def printable(text: str) -> str:
    """Make one line of what a server or child wrote.

    Terminal sequences and control characters go (a file name must not move the cursor); URLs lose what
    `model.redact` takes from them, but their fragments.
    """
    return _QUERY.sub(r"\1", _USER_INFO.sub("://", visible(text)))


def visible(text: str) -> str:
    """Make one line without terminal sequences and control characters; credentials stay."""
    return "".join(_visible(character) for character in _ESCAPES.sub("", text)).rstrip()


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else ""


def shorten(text: str, limit: int) -> str:
    """Cut a line to at most `limit` bytes of UTF-8 (which are never fewer than its columns)."""
    encoded = text.encode(errors="backslashreplace")
    if len(encoded) <= limit:
        return text
    mark = "..."[: max(limit, 0)]
    return encoded[: limit - len(mark)].decode(errors="ignore").rstrip() + mark


def listed(names: Sequence[str], limit: int) -> str:
    """Join names with commas to at most `limit` bytes and count the rest: "a, b and 3 more"."""
    for count in range(len(names), 0, -1):
        left = len(names) - count
        text = ", ".join(names[:count]) + (f" and {left} more" if left else "")
        if len(text.encode(errors="backslashreplace")) <= limit:
            return text
    return f"{len(names)} in all" if names else ""


def counted(count: int, noun: str) -> str:
    """Write a number with its noun: "1 file", "3 files"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
