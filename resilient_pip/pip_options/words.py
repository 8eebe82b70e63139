"""What becomes of the options that are given: the words that pip's children get, by the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resilient_pip.pip_options.rows import Child, Row, Words
from resilient_pip.pip_options.table import ROWS

_FOREIGN = frozenset({"platforms", "python_version", "implementation", "abis"})
"""Destinations of the options that choose files for another interpreter than the target."""
_FOREIGN_FLAGS = tuple(f"{row.flags[0]}=" for row in ROWS if row.dest in _FOREIGN)
_DECIDING = (
    *("--ignore-requires-python", "--no-deps", "--pre", "--all-releases=", "--only-final="),
    *("--prefer-binary", "--uploaded-prior-to=", *_FOREIGN_FLAGS),
)


def words(child: Child, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> Words:
    """Write the options that `child` gets; both mappings go from destination to plain value."""
    passed = tuple(
        word
        for row in ROWS
        if child in row.children and _is_given(row, values, defaults)
        for word in row.spell(values[row.dest])
    )
    return passed + (_install_only(values) if child is Child.INSTALL else ())


def deciding(plan_options: Words) -> Words:
    """Pick out of the words for the planning pip those that decide which files it may choose.

    Not those that look at what is installed, nor format control and --require-hashes: whether a plan obeys
    these is seen in its files.
    """
    return tuple(word for word in plan_options if word.startswith(_DECIDING))


def is_foreign(plan_options: Words) -> bool:
    """Whether files are chosen for another interpreter than the target (--platform, --python-version…)."""
    return any(word.startswith(_FOREIGN_FLAGS) for word in plan_options)


def refusal(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> str | None:
    """Say which given option cannot be had here, and why; None where all can."""
    for row in ROWS:
        if _is_given(row, values, defaults) and row.refuses(values[row.dest]):
            return f"{row.flags[0]} is not supported: {row.why}"
    return None


def _is_given(row: Row, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> bool:
    # An older pip lacks some destinations.
    return row.dest in values and bool(values[row.dest] != defaults.get(row.dest))


def _install_only(values: Mapping[str, Any]) -> Words:
    """Add what an offline install of planned wheels needs beside the options that act in planning."""
    upgrade = ("--upgrade",) if values.get("target_dir") and values.get("upgrade") else ()
    # pip admits these options only where nothing is built from source; everything is a wheel by now.
    foreign = any(values.get(dest) for dest in _FOREIGN)
    return (*upgrade, "--only-binary=:all:") if foreign else upgrade
