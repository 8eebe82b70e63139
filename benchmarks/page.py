"""Sections of the documentation's pages that benchmarks write, and how they take their place there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

END = "<!-- to here -->"


def begin(program: str) -> str:
    """Give the mark before the section that a program writes; `END` stands behind it."""
    return f"<!-- {program} writes from here -->"


def replaced(page: str, program: str, section: str) -> str:
    """Put a program's section in place of what stands between its two marks.

    Raises:
        ValueError: the page lacks a mark.
    """
    mark = begin(program)
    before, found, rest = page.partition(mark)
    _, end, after = rest.partition(END)
    if not (found and end):
        raise ValueError(f"no place for the section: {mark} and {END} have to stand in the page")
    return f"{before}{mark}\n{section}\n{END}{after}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Write a table, with an empty line behind it."""
    lines = [head, ["---"] * len(head), *rows]
    return [*(f"| {' | '.join(cells)} |" for cells in lines), ""]


def put(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)
