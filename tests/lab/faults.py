"""Meet every scenario with resilient-pip at its own limits, several at a time, and print what came of it.

    make faults

Takes some 7 minutes, nearly all of it waiting. Exits 1 where anything is not as it must be.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from resilient_pip.settings import Settings
from tests.lab.judge import complaints
from tests.lab.resilient import resilient_pip
from tests.lab.scenario import KB, MB, Layout, Resource, Scenario
from tests.lab.scenarios import SCENARIOS
from tests.lab.trial import Trial, run_trial

LIMIT_S = 800.0
"""More than any scenario may take at the tool's limits."""
LARGE = Scenario(
    name="file-1GB",
    resource=Resource.FILE,
    summary="1 GB, and nothing is wrong",
    layout=Layout(size=1000 * MB),
    quick=False,
)
MOST_MEMORY = 150 * MB
"""What the tool may hold while it fetches that."""
WAITING = 12
"""Scenarios at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A trial and what is wrong with it."""

    scenario: Scenario
    trial: Trial
    complaints: tuple[str, ...]


def main() -> int:
    """Run what the command line names, print the table, and say whether all is as it must be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", default=["*"], help="globs of scenarios; all, where none is given"
    )
    parser.add_argument("--keep-logs", type=Path, help="folder for the output of what went wrong")
    arguments = parser.parse_args()
    wanted = [each for each in SCENARIOS if any(fnmatchcase(each.name, glob) for glob in arguments.names)]
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        verdicts = _try_all(wanted, Path(folder))
        large = _try(LARGE, Path(folder))
    _print(table(verdicts))
    took_s = time.monotonic() - began_s
    wrong = [verdict for verdict in (*verdicts, large) if verdict.complaints]
    _print(_findings(wrong))
    too_much = large.trial.peak_memory >= MOST_MEMORY
    _print(
        [
            memory_line(large.trial),
            f"{len(verdicts)} scenarios in {took_s:.0f} s, {len(wrong)} not as they must be",
        ]
    )
    if arguments.keep_logs:
        _keep_logs(wrong, arguments.keep_logs)
    return 1 if wrong or too_much else 0


def _try_all(wanted: Sequence[Scenario], folder: Path) -> list[Verdict]:
    """Run those first that take longest, and give the verdicts in the order of the table."""
    longest_first = sorted(wanted, key=lambda scenario: (scenario.quick, scenario.failure is None))
    found: dict[str, Verdict] = {}
    with ThreadPoolExecutor(WAITING) as pool:
        for verdict in pool.map(lambda scenario: _try(scenario, folder), longest_first):
            found[verdict.scenario.name] = verdict
            state = "; ".join(verdict.complaints) or "as expected"
            print(f"{verdict.scenario.name}: {state}", file=sys.stderr, flush=True)  # noqa: T201 - a program
    return [found[scenario.name] for scenario in wanted]


def _try(scenario: Scenario, folder: Path) -> Verdict:
    place = folder / scenario.name
    trial = run_trial(scenario, resilient_pip(), place, limit_s=LIMIT_S)
    shutil.rmtree(place)
    found = complaints(trial, scenario, heartbeat_s=Settings().heartbeat_s)
    return Verdict(scenario=scenario, trial=trial, complaints=tuple(found))


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Write the verdicts as a Markdown table."""
    yield "| scenario | expected | outcome | time | longest silence | beyond useful | named |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for verdict in verdicts:
        trial = verdict.trial
        cells = (
            verdict.scenario.name,
            verdict.scenario.outcome,
            outcome(trial) + (" **wrong**" if verdict.complaints else ""),
            f"{trial.elapsed_s:.1f} s",
            f"{trial.longest_silence_s:.1f} s",
            f"{trial.beyond_useful / KB:.1f} kB",
            {None: "-", True: "yes", False: "no"}[trial.named],
        )
        yield f"| {' | '.join(cells)} |"


def outcome(trial: Trial) -> str:
    """Say how a trial ended, as `Scenario.outcome` says how it must."""
    if trial.hung:
        return "hung"
    return f"exit {trial.exit_code}" if trial.exit_code else "success"


def memory_line(trial: Trial) -> str:
    """Say what fetching the large file took."""
    return (
        f"peak memory while fetching 1 GB: {trial.peak_memory / MB:.0f} MB (limit {MOST_MEMORY // MB} MB), "
        f"{trial.elapsed_s:.1f} s"
    )


def _findings(wrong: Sequence[Verdict]) -> Iterator[str]:
    for verdict in wrong:
        yield f"{verdict.scenario.name} ({verdict.scenario.summary}): {'; '.join(verdict.complaints)}"


def _keep_logs(wrong: Sequence[Verdict], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for verdict in wrong:
        (folder / f"{verdict.scenario.name}.log").write_text(verdict.trial.output)


def _print(lines: Sequence[str] | Iterator[str]) -> None:
    print("\n".join(lines), flush=True)  # noqa: T201 - a program


if __name__ == "__main__":
    sys.exit(main())
