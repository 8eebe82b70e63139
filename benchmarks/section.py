"""The section of docs/measurements.md that benchmarks.faults writes."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.page import table
from benchmarks.report import Report
from benchmarks.resume import Resumed
from benchmarks.rows import Row, sums_of
from resilient_pip.units import format_bytes, format_seconds


def section_of(report: Report) -> str:
    """Write the section."""
    return "\n".join(
        [
            *_introduction(report),
            *summary(report.rows),
            *_resumed(report.resumed),
            *all_rows(report.rows),
        ]
    )


def summary(rows: Sequence[Row]) -> list[str]:
    """Write a table with a line for each tool."""
    cells = []
    for tool in dict.fromkeys(row.tool for row in rows):
        sums = sums_of([row for row in rows if row.tool == tool])
        cells.append(
            [
                tool,
                f"{sums.succeeded} of {sums.must_succeed}",
                str(sums.running),
                str(sums.wrong),
                f"{sums.named} of {sums.failed}",
                format_seconds(sums.silence_s),
                format_bytes(sums.beyond_useful),
            ]
        )
    head = ["tool", "succeeded where they must", "still running", "wrong success", "failures that were named"]
    return table([*head, "longest silence", "bytes beyond the useful"], cells)


def all_rows(rows: Sequence[Row]) -> list[str]:
    """Write a table with a line for each scenario."""
    tools = list(dict.fromkeys(row.tool for row in rows))
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row.scenario, []).append(row)
    cells = [
        [name, "yes" if own[0].must_succeed else "no", *(_cell(row) for row in own)]
        for name, own in by_name.items()
    ]
    return table(["scenario", "must succeed", *tools], cells)


def _introduction(report: Report) -> list[str]:
    return [
        f"""\
## A network that fails, beside pip and uv

`{report.command}`, {report.date}; resilient-pip at {report.commit}; {report.machine}.

In each scenario of tests/lab/scenarios.py an index on loopback goes wrong in one way. A trial is one tool in
one scenario, with a fresh environment, an empty cache, and nothing configured but the URL of the index (and
its certificate, where it has one). So these are the tools' defaults, and with other settings each would do
otherwise: pip 26.3 gives a read 15 s, a request 5 retries and a file 5 resumes; uv 0.13 gives a read 30 s and
a request 3 retries; resilient-pip gives a read 30 s (the first byte of a file 60 s and more) and gives up
after 8 tries without progress. Where the network is good, giving up early costs nothing.

{report.jobs} trials ran at a time on the machine, so each took longer than it would alone; one that took
{format_seconds(report.cap_s)} was ended: "still running", which need not mean for ever.
A failure is named where the output of the tool, anywhere, has the name of the package, the URL (or the host,
where no connection comes about) and any word for a cause. "Wrong success" is exit code 0 without everything
being installed. A tool must succeed where a client that resumes and waits long enough can; in the other
scenarios it may fail, and has to say why.

![The outcome of each scenario for each tool](faults.svg)
"""
    ]


def _resumed(trials: Sequence[Resumed]) -> list[str]:
    cells = [
        [
            trial.tool,
            format_bytes(trial.first),
            format_bytes(trial.second),
            "installed" if trial.installed else "failed",
        ]
        for trial in trials
    ]
    size = format_bytes(trials[0].size)
    return [
        f"Killed (SIGKILL) half way through a wheel of {size}, and the same command once more:",
        "",
        *table(["tool", "sent to the first run", "sent to the second", "outcome"], cells),
    ]


def _cell(row: Row) -> str:
    figures = (
        format_seconds(row.elapsed_s),
        f"silent {format_seconds(row.silence_s)}",
        f"+{format_bytes(row.beyond_useful)}",
    )
    return f"**{row.outcome.value}** {', '.join(figures)}"
