"""A piece of a file whose characters know where they stand in it, whatever was left out between them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Text, and for each of its characters the offset in the file."""

    text: str
    offsets: tuple[int, ...]

    def part(self, start: int, stop: int | None = None) -> Excerpt:
        """Take a slice of it."""
        return Excerpt(self.text[start:stop], self.offsets[start:stop])

    def stripped(self) -> Excerpt:
        """Leave out the white space around it."""
        start = len(self.text) - len(self.text.lstrip())
        return self.part(start, max(start, len(self.text.rstrip())))

    @property
    def start(self) -> int:
        """Where it begins in the file (0 of an empty one)."""
        return self.offsets[0] if self.offsets else 0

    @property
    def end(self) -> int:
        """Where it ends in the file, exclusive (0 of an empty one)."""
        return self.offsets[-1] + 1 if self.offsets else 0


def excerpt_of(text: str, start: int, stop: int) -> Excerpt:
    """Take a slice of a whole file."""
    return Excerpt(text[start:stop], tuple(range(start, stop)))


def joined(parts: list[Excerpt]) -> Excerpt:
    """Put pieces together, as if nothing stood between them."""
    return Excerpt(
        "".join(part.text for part in parts), tuple(offset for part in parts for offset in part.offsets)
    )


def line_of(text: str, place: int) -> int:
    """Count the line that a place of a file is on, from 1."""
    return text.count("\n", 0, place) + 1
