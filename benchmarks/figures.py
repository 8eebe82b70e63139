"""What `benchmarks.bench` found in a cell, as values that a file can hold, and what follows from it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.cells import Cell, State
from benchmarks.installs import Figure, Round
from benchmarks.limits import Limit
from benchmarks.stretches import STRETCHES, Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A cell, and under which circumstances it was measured."""

    cell: Cell
    date: str
    machine: str
    commit: str
    """What of resilient-pip was measured."""
    limit: Limit
    rounds: Sequence[Round]

    @property
    def limit_s(self) -> float:
        """The least that an installation takes here, in seconds; 0 where nothing is to do."""
        if self.cell.state is State.SATISFIED:
            return 0.0
        cold = self.cell.state is State.COLD
        return self.limit.seconds(self.cell.link.bytes_per_second if cold else None)

    @property
    def load(self) -> float:
        """The highest load average (1 minute) before a round, what was measured before included."""
        return max(each.load for each in self.rounds)

    def counting(self, tool: str) -> list[Figure]:
        """Give the figures of one tool that count."""
        return [each.figures[tool] for each in self.rounds if not each.figures[tool].fault]

    def faults(self, tool: str) -> list[str]:
        """Say why others do not count."""
        return [each.figures[tool].fault for each in self.rounds if each.figures[tool].fault]

    def median(self, tool: str, value: Callable[[Figure], float]) -> float | None:
        """Give the median over what counts of one tool; None where nothing does."""
        found = [value(figure) for figure in self.counting(tool)]
        return statistics.median(found) if found else None

    def ratio(self, tool: str, peer: str, value: Callable[[Figure], float]) -> float | None:
        """Give the median of ratios, each within one round in which both count; None where there is none."""
        pairs = [(each.figures[tool], each.figures[peer]) for each in self.rounds]
        ratios = [
            value(own) / value(other)
            for own, other in pairs
            if not (own.fault or other.fault) and value(other)
        ]
        return statistics.median(ratios) if ratios else None

    def distance(self, tool: str) -> float | None:
        """Give how many times `limit_s` a tool takes; None where there is no limit."""
        wall_s = self.median(tool, wall)
        return None if wall_s is None or not self.limit_s else wall_s / self.limit_s

    def stretch(self, tool: str, name: str) -> Stretch | None:
        """Give the medians of one stretch; None where no run counts."""
        found = [figure.stretches[name] for figure in self.counting(tool)]
        if not found:
            return None
        return Stretch(
            wall_s=statistics.median(each.wall_s for each in found),
            cpu_s=statistics.median(each.cpu_s for each in found),
        )


def wall(figure: Figure) -> float:
    """Give the wall time."""
    return figure.wall_s


def sent(figure: Figure) -> float:
    """Give the bytes."""
    return figure.sent


def cpu(figure: Figure) -> float:
    """Give the CPU time."""
    return figure.cpu_s


def to_json(cells: Sequence[Measured]) -> str:
    """Write cells as JSON."""
    return json.dumps([asdict(each) for each in cells], default=lambda state: state.value, indent=1)


def from_json(text: str) -> list[Measured]:
    """Read what `to_json` wrote."""
    return [_measured(each) for each in json.loads(text)]


def _measured(found: Mapping[str, Any]) -> Measured:
    values = dict(found)
    cell, limit, rounds = values.pop("cell"), values.pop("limit"), values.pop("rounds")
    return Measured(
        **values,
        cell=Cell(**{**cell, "state": State(cell["state"])}),
        limit=Limit(**limit),
        rounds=[
            Round(load=each["load"], figures={tool: _figure(one) for tool, one in each["figures"].items()})
            for each in rounds
        ],
    )


def _figure(found: Mapping[str, Any]) -> Figure:
    parts = {name: Stretch(**found["stretches"][name]) for name in STRETCHES}
    return Figure(**{**found, "stretches": parts})
