"""Measure what a plan takes, with resilient-pip, pip and uv in alternation, on a shaped index.

    .venv/bin/python -m benchmarks.planning examples/ml --rounds 3
    .venv/bin/python -m benchmarks.planning examples/web --metadata --rounds 3

The first round fills the mirror (`mirror.Mirror`) and is not counted. Every other one starts each tool with
an empty cache and its defaults; what counts are the ratios within a round, as they bear a busy machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import HOME, installers, unconfigured
from benchmarks.shaped import Link, ShapedIndex, shaped_index

MIRROR = Path(".run/mirror")
_PLANNERS: Mapping[str, tuple[str, ...]] = {
    "resilient-pip": (sys.executable, "-m", "resilient_pip", "plan"),
    "pip": (str(HOME / "bin" / "python"), "-m", "pip", "install", "--dry-run", "--ignore-installed"),
    "uv": (str(HOME / "bin" / "uv"), "pip", "compile", "--quiet"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one plan took."""

    wall_s: float
    cpu_s: float
    """Of the tool and its children."""
    sent: int
    """Bytes of bodies that the index sent."""
    requests: int


def main() -> None:
    """Measure what the command line names and print each round and the medians of ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("example", type=Path, help="folder with a requirements.txt")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=float, default=25.0, help="a second")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds")
    parser.add_argument("--metadata", action="store_true", help="the index offers core metadata (PEP 658)")
    parser.add_argument("--added", type=Path, help="folder of wheels that the index lists too")
    parser.add_argument("--tools", default="resilient-pip,pip,uv")
    arguments = parser.parse_args()
    tools = arguments.tools.split(",")
    installers([tool for tool in tools if tool != "resilient-pip"])
    link = Link(bytes_per_second=int(arguments.megabytes * 1e6), latency_s=arguments.latency)
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, {link}")
    fast = Link(bytes_per_second=10**10, latency_s=0.0)
    with shaped_index(fast, folder=MIRROR, metadata=arguments.metadata, added=arguments.added) as index:
        _round(tools, arguments.example, index)
    with shaped_index(link, folder=MIRROR, metadata=arguments.metadata, added=arguments.added) as index:
        rounds = [_round(tools, arguments.example, index) for _ in range(arguments.rounds)]
    for tool in tools[1:]:
        print(f"{tools[0]} / {tool}: {_ratios(rounds, tools[0], tool)}")


def _round(tools: Sequence[str], example: Path, index: ShapedIndex) -> dict[str, Figure]:
    figures = {}
    for tool in tools:
        figure = figures[tool] = plan(tool, example, index)
        print(
            f"{tool:14} {figure.wall_s:7.2f} s  CPU {figure.cpu_s:6.2f} s  {figure.sent / 1e6:8.1f} MB  "
            f"{figure.requests:5} requests  load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    return figures


def plan(tool: str, example: Path, index: ShapedIndex) -> Figure:
    """Let one tool plan an example once, for a fresh environment and with an empty cache.

    Raises:
        subprocess.CalledProcessError: it fails.
    """
    with tempfile.TemporaryDirectory(prefix="planning-") as name:
        folder = Path(name)
        python = folder / "environment" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", python.parents[1]], check=True)
        head, words = _PLANNERS[tool], [str(example / "requirements.txt")]
        if tool == "pip":
            head = (*head[:3], "--python", str(python), *head[3:])
        else:
            words = ["--python", str(python), *words]
        if tool != "uv":
            words.insert(-1, "-r")
        index.taken()
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(
            [*head, "--index-url", index.url, *words],
            env=unconfigured(folder / "cache"),
            check=True,
            capture_output=True,
        )
        wall_s, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        taken = index.taken()
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Figure(wall_s=wall_s, cpu_s=cpu_s, sent=taken.sent, requests=taken.requests)


def _ratios(rounds: Sequence[Mapping[str, Figure]], first: str, second: str) -> str:
    time_ratio = statistics.median(one[first].wall_s / one[second].wall_s for one in rounds)
    byte_ratio = statistics.median(one[first].sent / one[second].sent for one in rounds)
    cpu_ratio = statistics.median(one[first].cpu_s / one[second].cpu_s for one in rounds)
    return f"{time_ratio:.3f} of the time, {byte_ratio:.4f} of the bytes, {cpu_ratio:.2f} of the CPU time"


if __name__ == "__main__":
    main()
