"""Let resilient-pip and others meet each scenario of the fault laboratory, and write down what came of it.

    .venv/bin/python -m pip install --group bench
    .venv/bin/python -m benchmarks.faults --peers pip,uv

Writes a section of docs/measurements.md and docs/faults.svg when all is over; what they are made from stays
in .run/faults.json, for --redraw. With --only, outcomes are printed and nothing is written.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from benchmarks import sitting
from benchmarks.page import put, replaced
from benchmarks.peers import RESILIENT_PIP, ROOT, installers
from benchmarks.picture import draw
from benchmarks.report import Report
from benchmarks.section import all_rows, section_of, summary
from benchmarks.trials import Conditions, meet, resume
from resilient_pip.units import parse_seconds
from tests.lab.scenarios import SCENARIOS

PAGE = ROOT / "docs" / "measurements.md"
PICTURE = ROOT / "docs" / "faults.svg"
RESULTS = ROOT / ".run" / "faults.json"


def main(argv: Sequence[str]) -> None:
    """Do what the command line asks for."""
    arguments = _parser().parse_args(argv)
    if arguments.redraw:
        _write(Report.from_json(RESULTS.read_text()))
        return
    # As a job in the background SIGINT would be ignored, and SIGTERM would leave what the trials started.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    conditions = Conditions(
        tools=[each.tool() for each in installers([RESILIENT_PIP.name, *arguments.peers])],
        jobs=arguments.jobs,
        cap_s=arguments.cap,
        logs=arguments.keep_logs,
    )
    if conditions.logs:
        conditions.logs.mkdir(parents=True, exist_ok=True)
    rows = meet([each for each in SCENARIOS if fnmatchcase(each.name, arguments.only)], conditions)
    print("\n".join(["", *all_rows(rows), *summary(rows)]))
    if arguments.only == "*":
        report = Report(
            command=" ".join([".venv/bin/python -m benchmarks.faults", *argv]),
            date=sitting.today(),
            machine=sitting.machine(),
            commit=sitting.commit(),
            jobs=conditions.jobs,
            cap_s=conditions.cap_s,
            rows=rows,
            resumed=resume(conditions),
        )
        put(RESULTS, report.to_json().encode())
        _write(report)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--peers", default=["pip", "uv"], type=lambda text: text.split(","), help="default: pip,uv"
    )
    parser.add_argument("--jobs", default=12, type=int, help="trials at a time; most of them wait")
    parser.add_argument("--cap", default=300.0, type=parse_seconds, help="end a trial then; default: 300s")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="names of scenarios, as in file-*")
    parser.add_argument("--keep-logs", type=Path, help="folder for what each tool printed in each scenario")
    parser.add_argument("--redraw", action="store_true", help="write page and picture from .run/faults.json")
    return parser


def _write(report: Report) -> None:
    """Write page and picture, once both are made."""
    page = replaced(PAGE.read_text(), "benchmarks.faults", section_of(report))
    picture = draw(report.rows, kind="svg")
    put(PAGE, page.encode())
    put(PICTURE, picture)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        raise SystemExit(130) from None
