"""The pip that every child is: the private copy, run by the target's interpreter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from resilient_pip.child.command import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Pip:
    """A pip that knows the gateway and nothing else, ready to be given words.

    How it behaves towards the network and the terminal stands in its environment, which the pips that it
    starts for isolated builds inherit; words do not reach those.
    """

    argv: tuple[str, ...]
    """The target's interpreter and the private copy of pip."""
    env: Mapping[str, str] = field(repr=False)
    cwd: str
    """The user's folder: relative requirements and options start there."""

    def command(self, what: str, *words: str) -> Command:
        """Make a child of it.

        Args:
            what: what it does, for people.
            words: pip's subcommand, options and arguments.
        """
        return Command(what=what, argv=(*self.argv, *words), env=self.env, cwd=self.cwd)
