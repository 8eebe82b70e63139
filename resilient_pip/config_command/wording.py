"""What `resilient-pip config` prints, without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from resilient_pip.lines import visible
from resilient_pip.pip_adapter import Configuration, GivenOption
from resilient_pip.settings import Resolved

DEFAULT = "default"
MASK = "****"
_LOCATIONS = frozenset(
    {"index-url", "extra-index-url", "find-links", "proxy", "requirement", "constraint"}
    | {"build-constraint", "editable", "mirror", "index-failure-skip"}
)
"""The options whose values may hold a login or a signature."""


def as_lines(settings: Iterable[Resolved], found: Configuration) -> list[str]:
    """Lay it out in three lists: this program's settings, pip's options that are set, pip's files."""
    own = [(one.option.key, _own_texts(one), one.place or DEFAULT) for one in settings]
    pips = [(one.name, _texts(one), ", ".join(one.places)) for one in found.options]
    files = [(name, "read" if is_there else "not there") for name, is_there in found.files.items()]
    return [
        "settings of resilient-pip",
        *_columns([row for name, texts, place in own for row in _rows(name, texts, place)]),
        "options of pip that are set",
        *(_columns([row for name, texts, place in pips for row in _rows(name, texts, place)]) or ["  none"]),
        "files of pip's configuration, the later before the earlier",
        *_columns(files),
    ]


def as_json(settings: Iterable[Resolved], found: Configuration) -> dict[str, Any]:
    """Say the same for programs; values are as in the lines, lists where an option is repeatable."""
    return {
        "settings": {
            one.option.key: {
                "value": _own_texts(one) if one.option.many else next(iter(_own_texts(one)), None),
                "from": one.place or DEFAULT,
            }
            for one in settings
        },
        "pip": {one.name: {"values": _texts(one), "from": list(one.places)} for one in found.options},
        "files": dict(found.files),
    }


def masked(text: str) -> str:
    """Hide the login and the query of what may be a URL: "https://****@host/simple/".

    Unlike `model.redact` it says that there is something, and takes a path or a proxy without a scheme too.
    """
    scheme, separator, rest = text.partition("://")
    login, at, place = (rest if separator else text).rpartition("@")
    place, mark, _ = place.partition("?")
    return (
        (scheme + separator if separator else "")
        + (MASK + at if login else at)
        + place
        + (mark and mark + MASK)
    )


def _texts(one: GivenOption) -> list[str]:
    return _shown(one.name, one.values)


def _own_texts(one: Resolved) -> list[str]:
    if one.value is None:
        return []
    values = one.value if one.option.many else [one.value]
    return _shown(one.option.key, map(one.option.written, values))


def _shown(name: str, texts: Iterable[str]) -> list[str]:
    return [visible(masked(text) if name in _LOCATIONS else text) for text in texts]


def _rows(name: str, texts: Sequence[str], place: str) -> Iterator[tuple[str, str, str]]:
    """Write one value a line; the name and the place stand in the first."""
    for number, text in enumerate(texts or ["-"]):
        yield (name, text, place) if number == 0 else ("", text, "")


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]
