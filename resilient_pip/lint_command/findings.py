"""What is found, and the edits of the file that would mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Edit:
    """Put other text in the place of a range of the file."""

    start: int
    end: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One trap, where it stands."""

    rule: str
    """Its name in docs/lint.md and in `# resilient-pip: ignore=`."""
    start: int
    end: int
    """The range of the file that shows it."""
    problem: str
    """What goes wrong."""
    instead: str
    """What to write."""
    edits: tuple[Edit, ...] = ()
    """What mends it, where it is certain what the author meant."""


def holds_comment(written: str) -> bool:
    """Whether a line that begins in this piece of a file is a comment, which would be lost with it."""
    return any(line.lstrip().startswith("#") for line in written.split("\n")[1:])
