"""What one tool made of one scenario, as a row of figures, and the sums over rows."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from tests.lab.scenario import AFFLICTED, EARLY, Scenario
from tests.lab.trial import Trial


class Outcome(enum.Enum):
    """How a trial ended."""

    INSTALLED = "installed"
    NAMED = "failed, named"
    """What it told names package, URL and cause."""
    UNNAMED = "failed, not named"
    RUNNING = "still running"
    """When its time was over, and killed then."""
    WRONG = "wrong success"
    """Exit code 0 without everything being there and importable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One tool in one scenario."""

    scenario: str
    must_succeed: bool
    """Whether the laboratory demands success."""
    tool: str
    outcome: Outcome
    elapsed_s: float
    silence_s: float
    """The longest time without a line of output."""
    beyond_useful: int
    """Bytes that the servers sent again, or that were nothing of what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """One tool in all scenarios."""

    succeeded: int
    must_succeed: int
    """Scenarios in which the laboratory demands success."""
    running: int
    wrong: int
    named: int
    failed: int
    """Trials that ended with a failure."""
    silence_s: float
    """The longest of all."""
    beyond_useful: int


def row_of(scenario: Scenario, trial: Trial) -> Row:
    """Judge a trial."""
    return Row(
        scenario=trial.scenario,
        must_succeed=scenario.failure is None,
        tool=trial.tool,
        outcome=outcome_of(trial),
        elapsed_s=trial.elapsed_s,
        silence_s=trial.longest_silence_s,
        beyond_useful=trial.beyond_useful,
    )


def sums_of(rows: Sequence[Row]) -> Sums:
    """Sum the rows of one tool up."""
    failed = [row for row in rows if row.outcome in {Outcome.NAMED, Outcome.UNNAMED}]
    return Sums(
        succeeded=sum(row.must_succeed and row.outcome is Outcome.INSTALLED for row in rows),
        must_succeed=sum(row.must_succeed for row in rows),
        running=sum(row.outcome is Outcome.RUNNING for row in rows),
        wrong=sum(row.outcome is Outcome.WRONG for row in rows),
        named=sum(row.outcome is Outcome.NAMED for row in failed),
        failed=len(failed),
        silence_s=max(row.silence_s for row in rows),
        beyond_useful=sum(row.beyond_useful for row in rows),
    )


def outcome_of(trial: Trial) -> Outcome:
    """Tell how a trial ended."""
    if trial.hung:
        return Outcome.RUNNING
    if trial.exit_code != 0:
        return Outcome.NAMED if trial.named else Outcome.UNNAMED
    return Outcome.INSTALLED if trial.importable and {AFFLICTED, *EARLY} <= trial.installed else Outcome.WRONG
