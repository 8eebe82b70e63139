"""The section of docs/docker.md that benchmarks.docker writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement

from benchmarks.builds import Row
from benchmarks.ml_network import BYTES_PER_SECOND, SCALE
from benchmarks.page import table
from resilient_pip.units import format_bytes, format_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """What was found, and under which circumstances."""

    command: str
    date: str
    machine: str
    commit: str
    jobs: int
    """Builds at a time."""
    cap_s: float
    """A build that ran as long was ended."""
    wanted: Sequence[Requirement]
    rows: Sequence[Row]


def section_of(made: Sitting) -> str:
    """Write the section."""
    return "\n".join([_introduction(made), *table_of(made), *_last_words(made)])


def table_of(made: Sitting) -> list[str]:
    """Write a line for each build, condition by condition."""
    head = ["network", "Dockerfile", "docker build says", f"importable, of {len(made.wanted)}"]
    conditions = list(dict.fromkeys(row.condition for row in made.rows))
    ordered = sorted(made.rows, key=lambda row: conditions.index(row.condition))
    return table([*head, "time", "longest silence", "bytes moved"], [_cells(row, made) for row in ordered])


def _cells(row: Row, made: Sitting) -> list[str]:
    return [
        row.condition,
        row.recipe,
        _said(row),
        _found(row, made.wanted),
        format_seconds(row.elapsed_s),
        format_seconds(row.silence_s),
        format_bytes(row.sent),
    ]


def _said(row: Row) -> str:
    if row.exit_code is None:
        return "nothing: still running, ended"
    if row.exit_code == 0:
        return "success"
    return f"failure, exit code {row.command_exit} of the RUN line"


def _found(row: Row, wanted: Sequence[Requirement]) -> str:
    """Say how much is importable in the image, what is not, and which versions nobody asked for."""
    if row.exit_code != 0:
        return "no image"
    missing = [each.name for each in wanted if each.name not in row.importable]
    wrong = [
        f"{each.name} {row.importable[each.name]} instead of {each.specifier}"
        for each in wanted
        if each.name in row.importable and row.importable[each.name] not in each.specifier
    ]
    remarks = [*([f"no {', '.join(missing)}"] if missing else []), *wrong]
    return "; ".join([str(len(row.importable)), *remarks])


def _last_words(made: Sitting) -> list[str]:
    """Show how builds that failed said so."""
    return [
        line
        for row in made.rows
        if row.block
        for line in (
            f"The last lines of the RUN line of {row.recipe}.Dockerfile on the network with {row.condition}:",
            "",
            *(f"    {line}" for line in row.block),
            "",
        )
    ]


def _introduction(made: Sitting) -> str:
    return f"""\
`{made.command}`, {made.date}; resilient-pip at {made.commit};
{made.machine}.

The requirements are those of examples/ml. The index is one on loopback: its wheels have the names, large
dependencies and, divided by {SCALE}, sizes of the real ones, and all that it sends is
{format_bytes(BYTES_PER_SECOND)} a second. A stall: it stops in the middle of the wheel of torch and keeps the
connection open; three of them happen at a quarter, at half and at three quarters. A dead package: this file
is answered with 503 every time. Before each build the cache is empty. {made.jobs} builds ran at a time; one
that took {format_seconds(made.cap_s)} was ended. The base image has Python 3.13 and pip 25.1; the index has
pip 26.3, which before.Dockerfile upgrades to. "Default time-out" is before.Dockerfile without
--default-timeout=1000, so with pip's 15 s, and "old pip" the same without the upgrade. resilient-pip runs at
its defaults, but --group-size is divided like the wheels.
"""
