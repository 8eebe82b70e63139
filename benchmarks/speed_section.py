"""The section of docs/measurements.md that benchmarks.bench writes."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.figures import Measured, cpu, sent, wall
from benchmarks.page import table
from benchmarks.peers import INSTALLERS, PIP, RESILIENT_PIP, UV, UV_COMPILE
from benchmarks.stretches import STRETCHES
from resilient_pip.units import format_bytes

_INTRODUCTION = """\
## Speed, beside pip and uv

    make bench

Each cell is one set of packages on one network: an index on loopback whose connections share one link of
this speed and latency (a round trip) and which serves PyPI's own, whole project pages and its wheels from a
mirror on the disk; nothing else is on the network. *ml* is examples/ml, with the CPU build of torch; *web* is
examples/web; *graph* is 300 generated packages of 20 kB. Every tool has its defaults (but pip is told to
trust the index, as otherwise it caches nothing that came by HTTP) and a fresh environment that was made
before. *cold*: with an empty cache; *warm*: with its own cache from installing the same before; *satisfied*:
with that environment, too. All is on one disk, and written out (sync) before a tool starts.
uv links files out of its cache (its default; hard links where there is no copy-on-write), pip and
resilient-pip write copies; uv compiles nothing unless told to, the others compile all.

In a round each tool runs once, in turn, and each round begins with another tool. What counts are the medians
of the ratios within a round. A run only counts if it ended well, if the mirror had all that it asked for, and
if the environment is that of pip: file by file for resilient-pip, in names and versions for uv.

![Wall time of each tool in each cell, with the physical limit](speed.svg)
"""
_LIMITS = """\
The limit of a cell is the longer one of two times: of the bytes of the wheels at the speed of the network,
where they are not in a cache, and of writing as many and as large files as they hold, from memory and without
a sync (a link writes nothing, so uv can be faster). The load average is of the last minute, so what was
measured before is in it. CPU time is of the tool and all its children; memory of the tool's own process, and
of its largest child (`pip --python` does all its work in one). Of plan, download and install the CPU time
follows the wall time; where they overlap, as they do in resilient-pip, the download ends with its last file.
"""
_TOOLS = tuple(INSTALLERS)
_PEERS = (PIP.name, UV.name, UV_COMPILE.name)


def section_of(cells: Sequence[Measured]) -> str:
    """Write the section."""
    return "\n".join(
        [
            _INTRODUCTION,
            "What resilient-pip takes, as a part of what the others take:",
            "",
            *ratios(cells),
            "When and where, the highest load average at the start of a round, and the limit of each cell:",
            "",
            *_circumstances(cells),
            *_notes(cells),
            _LIMITS,
            *details(cells),
        ]
    )


def ratios(cells: Sequence[Measured]) -> list[str]:
    """Write a table with a line for each cell."""
    rows = []
    for each in cells:
        times = [_part(each.ratio(RESILIENT_PIP.name, peer, wall)) for peer in _PEERS]
        others = [_part(each.ratio(RESILIENT_PIP.name, PIP.name, value)) for value in (sent, cpu)]
        rounds = f"{len(each.counting(RESILIENT_PIP.name))} of {len(each.rounds)}"
        rows.append([each.cell.title, rounds, *times, *others])
    titles = [f"time / {INSTALLERS[peer].title}" for peer in _PEERS]
    return table(["cell", "rounds that count", *titles, "bytes / pip", "CPU / pip"], rows)


def details(cells: Sequence[Measured]) -> list[str]:
    """Write a table with a line for each tool in each cell."""
    head = ["cell", "tool", "wall (range)", "x limit", "bytes", "requests", "CPU", "own memory", "child's"]
    rows = [_row(each, tool) for each in cells for tool in _TOOLS]
    return table([*head, *(f"{name}: wall, CPU" for name in STRETCHES)], rows)


def _row(each: Measured, tool: str) -> list[str]:
    title = INSTALLERS[tool].title
    counting = each.counting(tool)
    if not counting:
        return [each.cell.name, title, "no run counts", *[""] * (6 + len(STRETCHES))]
    walls = [figure.wall_s for figure in counting]
    spread = f" ({min(walls):.2f} to {max(walls):.2f})" if len(walls) > 1 else ""
    parts = [part for name in STRETCHES if (part := each.stretch(tool, name))]
    own, child = (max(peaks) for peaks in zip(*((f.own_peak, f.child_peak) for f in counting), strict=True))
    return [
        each.cell.name,
        title,
        f"{each.median(tool, wall):.2f} s{spread}",
        _part(each.distance(tool)),
        format_bytes(int(each.median(tool, sent) or 0)),
        f"{each.median(tool, lambda figure: figure.requests):.0f}",
        f"{each.median(tool, cpu):.2f} s",
        format_bytes(own) if own else "",  # over before it was looked at
        format_bytes(child) if child else "",
        *(f"{part.wall_s:.1f}, {part.cpu_s:.1f} s" for part in parts),
    ]


def _circumstances(cells: Sequence[Measured]) -> list[str]:
    rows = [
        [
            each.cell.name,
            f"{each.date}, {each.commit}",
            each.machine,
            f"{each.load:.1f}",
            _limit(each),
        ]
        for each in cells
    ]
    return table(["cell", "measured", "machine", "load", "limit"], rows)


def _limit(each: Measured) -> str:
    if not each.limit_s:
        return "nothing to do"
    limit = each.limit
    wheels = f"{limit.packages} wheels of {format_bytes(limit.wheels)}"
    return f"{each.limit_s:.2f} s: {wheels}, {format_bytes(limit.unpacked)} written in {limit.write_s:.2f} s"


def _notes(cells: Sequence[Measured]) -> list[str]:
    """Say which runs do not count, each reason by its first line."""
    found = [
        f"- {each.cell.name}, {INSTALLERS[tool].title}: {fault.splitlines()[0]}"
        for each in cells
        for tool in _TOOLS
        for fault in each.faults(tool)
    ]
    return ["Runs that do not count:", "", *found, ""] if found else []


def _part(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"
