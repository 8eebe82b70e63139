"""Measure installations with resilient-pip, pip and uv in alternation, and write down what they took.

    .venv/bin/python -m pip install --group bench
    .venv/bin/python -m benchmarks.bench                     # about 20 minutes
    .venv/bin/python -m benchmarks.bench --cells 'web-*'     # some cells
    .venv/bin/python -m benchmarks.bench --all               # hours

The first run fills the mirror in .run/mirror from PyPI (some GB); while it is measured, nothing but loopback
is used. Writes a section of docs/measurements.md and docs/speed.svg; what they are made from stays in
.run/bench.json, where a cell that is measured again takes the place of its older figures.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks import sitting
from benchmarks.cells import ALL, DEFAULT, Cell, State, chosen
from benchmarks.figures import Measured, from_json, to_json
from benchmarks.installs import FAST, Bench, Round
from benchmarks.limits import limit_of
from benchmarks.page import put, replaced
from benchmarks.peers import INSTALLERS, PIP, ROOT, installers
from benchmarks.sets import package_set
from benchmarks.shaped import ShapedIndex, shaped_index
from benchmarks.speed_picture import draw
from benchmarks.speed_section import ratios, section_of
from resilient_pip.units import format_bytes

PROGRAM = "benchmarks.bench"
PAGE = ROOT / "docs" / "measurements.md"
PICTURE = ROOT / "docs" / "speed.svg"
RESULTS = ROOT / ".run" / "bench.json"
FOLDER = ROOT / ".run" / "bench"


def main(argv: Sequence[str]) -> None:
    """Do what the command line asks for."""
    arguments = _parser().parse_args(argv)
    kept = {each.cell: each for each in from_json(RESULTS.read_text())} if RESULTS.exists() else {}
    if not arguments.redraw:
        # As a job in the background SIGINT would be ignored, and SIGTERM would leave what was started.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        for cell in _cells(arguments):
            measured = _measure(cell, arguments.rounds or cell.rounds, arguments.wheels)
            print("\n".join(ratios([measured])), flush=True)
            kept[cell] = measured
            put(RESULTS, to_json(list(kept.values())).encode())
    _write([kept[cell] for cell in ALL if cell in kept])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    cells = parser.add_mutually_exclusive_group()
    cells.add_argument("--cells", metavar="PATTERN", help="names of cells, as in 'ml-25-20-*'")
    cells.add_argument("--all", action="store_true", help="every cell")
    cells.add_argument("--list", action="store_true", help="name the cells and end; * is measured by default")
    cells.add_argument("--redraw", action="store_true", help="write page and picture from .run/bench.json")
    parser.add_argument("--rounds", type=int, help="of each cell; default: 5 where satisfied, 1 for ml, 3")
    parser.add_argument(
        "--wheels",
        type=Path,
        default=os.environ.get("PIP_FIND_LINKS"),
        help="folder with a CPU build of torch for examples/ml; default: $PIP_FIND_LINKS",
    )
    return parser


def _cells(arguments: argparse.Namespace) -> Sequence[Cell]:
    if arguments.list:
        print("\n".join(f"{cell.name}{' *' if cell in DEFAULT else ''}" for cell in ALL))
        raise SystemExit(0)
    if arguments.cells:
        try:
            return chosen(arguments.cells)
        except ValueError as error:
            raise SystemExit(f"{PROGRAM}: {error}") from None
    return ALL if arguments.all else DEFAULT


def _measure(cell: Cell, rounds: int, wheels: Path | None) -> Measured:
    """Measure one cell."""
    with _bench(cell, wheels) as bench:
        _fill(bench, cell)
        packages = bench.packages
        with shaped_index(
            cell.link, folder=packages.mirror, metadata=cell.metadata, added=packages.added
        ) as index:
            found = [_round(bench, cell, index, number) for number in range(rounds)]
        limit = limit_of(bench.kept(PIP.name), packages, bench.folder / "scratch")
    return Measured(
        cell=cell,
        date=sitting.today(),
        machine=sitting.machine(),
        commit=sitting.commit(),
        limit=limit,
        rounds=found,
    )


@contextmanager
def _bench(cell: Cell, wheels: Path | None) -> Iterator[Bench]:
    """Give a fresh folder beside the mirror (all has to be on one disk), at the same path every time."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        yield Bench(
            folder=FOLDER, packages=package_set(cell.packages, wheels), tools=installers(list(INSTALLERS))
        )
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)


def _fill(bench: Bench, cell: Cell) -> None:
    """Have everything in the mirror that any tool asks for, and what is there in the system's page cache."""
    stamp = bench.packages.mirror / "filled" / f"{cell.packages}-{cell.metadata}"
    if not stamp.exists():
        print(f"{cell.name}: filling the mirror (not counted)", flush=True)
        folder, added = bench.packages.mirror, bench.packages.added
        with shaped_index(FAST, folder=folder, metadata=cell.metadata, added=added) as index:
            _round(bench, replace(cell, state=State.COLD, megabytes=10_000, latency_ms=0), index, 0)
        put(stamp, b"")
    for path in (bench.packages.mirror / "files").rglob("*.whl"):
        with path.open("rb") as file:
            while file.read(2**20):
                pass


def _round(bench: Bench, cell: Cell, index: ShapedIndex, number: int) -> Round:
    """Measure one round and print it."""
    found = bench.round(cell, index, number)
    for tool, figure in found.figures.items():
        print(
            f"{cell.name} {number + 1}: {tool:13} {figure.wall_s:7.2f} s  CPU {figure.cpu_s:6.2f} s  "
            f"{format_bytes(figure.sent):>9}  {figure.requests:5} requests  {format_bytes(figure.own_peak)}  "
            f"load {found.load:.1f}  {figure.fault}",
            flush=True,
        )
    return found


def _write(cells: Sequence[Measured]) -> None:
    """Write page and picture, once both are made."""
    page = replaced(PAGE.read_text(), PROGRAM, section_of(cells))
    picture = draw(cells)
    put(PAGE, page.encode())
    put(PICTURE, picture)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        raise SystemExit(130) from None
