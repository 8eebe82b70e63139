"""Many trials at a time: most of them wait most of the time."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.naming import leniently
from benchmarks.resume import Resumed, kill_and_repeat
from benchmarks.rows import Row, row_of
from resilient_pip.units import format_bytes, format_seconds
from tests.lab.scenario import Scenario
from tests.lab.trial import Tool, run_trial
from tests.support.environments import kill_below

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """How trials are run."""

    tools: Sequence[Tool]
    jobs: int
    """Trials at a time."""
    cap_s: float
    """After which one is ended."""
    logs: Path | None
    """Where what tools print is kept."""


def meet(scenarios: Sequence[Scenario], conditions: Conditions) -> list[Row]:
    """Let each tool meet each scenario, and print each outcome; rows are in the order of both."""
    errands = [
        partial(_row, scenario, tool, conditions) for scenario in scenarios for tool in conditions.tools
    ]
    return _all(errands, conditions.jobs, _told)


def resume(conditions: Conditions) -> list[Resumed]:
    """Kill each tool half way, run it again, and print what the second run transferred."""
    errands = [partial(kill_and_repeat, tool) for tool in conditions.tools]
    return _all(errands, conditions.jobs, lambda one: f"{one.tool} again: {format_bytes(one.second)}")


def _row(scenario: Scenario, tool: Tool, conditions: Conditions, folder: Path) -> Row:
    trial = run_trial(leniently(scenario), tool, folder, limit_s=conditions.cap_s)
    if conditions.logs:
        (conditions.logs / f"{scenario.name} {tool.name}.log").write_text(trial.output)
    return row_of(scenario, trial)


def _told(row: Row) -> str:
    return f"{row.scenario}: {row.tool}: {row.outcome.value} after {format_seconds(row.elapsed_s)}"


def _all(
    errands: Sequence[Callable[[Path], Result]], jobs: int, told: Callable[[Result], str]
) -> list[Result]:
    """Run all in folders of their own, some at a time; none outlives this, whatever ends it."""
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # Those that wait are neighbours in the table: mixed with those that work, they leave them room.
        order = random.Random(0).sample(range(len(errands)), len(errands))  # noqa: S311 - no secret
        pool = ThreadPoolExecutor(jobs)
        # Of equal length, so that no folder's name begins another's: processes are told by them.
        futures = {
            number: pool.submit(_in_folder, errands[number], folder / f"{number:04}") for number in order
        }
        try:
            for count, future in enumerate(as_completed(futures.values()), 1):
                print(f"[{count}/{len(errands)}] {told(future.result())}", flush=True)
            return [futures[number].result() for number in range(len(errands))]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            while any(future.running() for future in futures.values()):
                kill_below(folder)
                time.sleep(0.1)


def _in_folder(errand: Callable[[Path], Result], folder: Path) -> Result:
    try:
        return errand(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # what was killed may still be writing
