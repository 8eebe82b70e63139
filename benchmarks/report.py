"""All that a run of benchmarks.faults found, as a value that a file can hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.resume import Resumed
from benchmarks.rows import Outcome, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found, and under which circumstances."""

    command: str
    date: str
    machine: str
    commit: str
    """What of resilient-pip was measured."""
    jobs: int
    """Trials at a time."""
    cap_s: float
    """A trial that ran as long was ended."""
    rows: Sequence[Row]
    resumed: Sequence[Resumed]

    def to_json(self) -> str:
        """Write it as JSON."""
        return json.dumps(asdict(self), default=lambda outcome: outcome.value, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Read what `to_json` wrote."""
        found = json.loads(text)
        rows = [Row(**{**row, "outcome": Outcome(row["outcome"])}) for row in found.pop("rows")]
        resumed = [Resumed(**one) for one in found.pop("resumed")]
        return cls(**found, rows=rows, resumed=resumed)
