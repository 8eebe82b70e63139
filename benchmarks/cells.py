"""What `benchmarks.bench` can measure: each cell is one set of packages on one network in one state."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from benchmarks.shaped import Link

SETS = ("ml", "web", "graph")
MEGABYTES = (10, 25, 100)
"""A second."""
LATENCIES = (20, 80)
"""Milliseconds."""


class State(enum.Enum):
    """What is there before a tool starts."""

    COLD = "cold"
    """Nothing: a fresh environment, an empty cache."""
    WARM = "warm"
    """The tool's own cache from an installation of the same packages."""
    SATISFIED = "satisfied"
    """That cache, and the environment with everything in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One case, in which every tool is measured in every round."""

    packages: str
    """One of `SETS`."""
    megabytes: int
    latency_ms: int
    metadata: bool
    """Whether the index offers core metadata (PEP 658)."""
    state: State

    @property
    def name(self) -> str:
        """What the command line calls it."""
        offered = "metadata" if self.metadata else "bare"
        return f"{self.packages}-{self.megabytes}-{self.latency_ms}-{offered}-{self.state.value}"

    @property
    def title(self) -> str:
        """What the page calls it."""
        offered = "PEP 658" if self.metadata else "no PEP 658"
        return f"{self.packages}, {self.state.value}, {self.megabytes} MB/s, {self.latency_ms} ms, {offered}"

    @property
    def link(self) -> Link:
        """Its network."""
        return Link(bytes_per_second=self.megabytes * 10**6, latency_s=self.latency_ms / 1000)

    @property
    def rounds(self) -> int:
        """Rounds unless the command line says otherwise: fewer where one takes minutes."""
        if self.state is State.SATISFIED:
            return 5
        return 1 if self.packages == "ml" else 3


def _cell(packages: str, state: State, *, megabytes: int = 25, metadata: bool = True) -> Cell:
    return Cell(packages=packages, megabytes=megabytes, latency_ms=20, metadata=metadata, state=state)


ALL = (
    *(
        Cell(packages=packages, megabytes=speed, latency_ms=latency, metadata=metadata, state=State.COLD)
        for packages, speed, latency, metadata in itertools.product(
            ("ml", "web"), MEGABYTES, LATENCIES, (False, True)
        )
    ),
    *(_cell("graph", State.COLD, metadata=metadata) for metadata in (False, True)),
    *(_cell(packages, state) for state in (State.WARM, State.SATISFIED) for packages in SETS),
)
DEFAULT = (
    _cell("web", State.COLD),
    _cell("graph", State.COLD),
    _cell("web", State.WARM),
    _cell("web", State.SATISFIED),
    _cell("ml", State.COLD, metadata=False),
    _cell("ml", State.COLD, megabytes=100),
)
"""About 20 minutes, once the mirror is filled."""


def chosen(pattern: str) -> Sequence[Cell]:
    """Give the cells whose names match a pattern such as "ml-25-*".

    Raises:
        ValueError: there is none.
    """
    found = [cell for cell in ALL if fnmatchcase(cell.name, pattern)]
    if not found:
        raise ValueError(f"no cell matches {pattern!r}; the cells are: {', '.join(c.name for c in ALL)}")
    return found
