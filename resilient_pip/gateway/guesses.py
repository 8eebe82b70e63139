"""What was guessed and what pip asked for: guesses in vain must stay fewer than requests of use."""

from __future__ import annotations

from collections.abc import Hashable


class Guesses:
    """Counts pages and metadata, each once, by whatever tells them apart."""

    def __init__(self) -> None:
        self._asked: set[Hashable] = set()
        self._made: set[Hashable] = set()

    def asked(self, what: Hashable) -> None:
        """Note that pip asks for something."""
        self._asked.add(what)

    def make(self, what: Hashable) -> None:
        """Note that something is read before pip asks for it, if it does not by now."""
        if what not in self._asked:
            self._made.add(what)

    @property
    def made(self) -> int:
        """How many guesses there were."""
        return len(self._made)

    @property
    def in_vain(self) -> int:
        """How many of them pip has not asked for by now."""
        return len(self._made - self._asked)

    @property
    def may_risk(self) -> bool:
        """Whether one more that is not likely to hit leaves twice what was of use the most that is read."""
        return self.in_vain < len(self._asked)
