"""One installation of one tool, and one round of all tools, in a cell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.cells import Cell, State
from benchmarks.peers import PIP, RESILIENT_PIP, Installer, unconfigured
from benchmarks.sameness import differences, versions
from benchmarks.sets import PackageSet
from benchmarks.shaped import Link, ShapedIndex
from benchmarks.stretches import Stretch, stretches
from benchmarks.watched import Watched, watch

_LIMIT_S = 900.0
_LISTED = 3
_QUOTED = 500
FAST = Link(bytes_per_second=10**10, latency_s=0.0)
"""For what is not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one installation took."""

    wall_s: float
    cpu_s: float
    """Of the tool and its children."""
    own_peak: int
    """Bytes that the tool's own process had in memory at most."""
    child_peak: int
    """The same of the largest of its children."""
    sent: int
    """Bytes of bodies that the index sent."""
    requests: int
    stretches: Mapping[str, Stretch]
    fault: str
    """Why it does not count; empty: it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Every tool once."""

    load: float
    """The load average (1 minute) before it."""
    figures: Mapping[str, Figure]
    """By the tool's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where installations are made: everything below one folder, so on one file system."""

    folder: Path
    packages: PackageSet
    tools: Sequence[Installer]

    @property
    def environment(self) -> Path:
        """Where every tool installs: an environment holds its path, so only equal paths compare."""
        return self.folder / "environment"

    @property
    def _cache(self) -> Path:
        return self.folder / "cache"

    def kept(self, tool: str) -> Path:
        """Where a tool's environment is moved afterwards."""
        return self.folder / f"environment-{tool}"

    def round(self, cell: Cell, index: ShapedIndex, number: int = 0) -> Round:
        """Let each tool install once, the first of the last round last, and compare what they left.

        The environments stay until the next round.
        """
        for tool in self.tools:
            shutil.rmtree(self.kept(tool.name), ignore_errors=True)
        load, first = os.getloadavg()[0], number % len(self.tools)
        figures = {
            tool.name: self._measured(tool, cell, index)
            for tool in (*self.tools[first:], *self.tools[:first])
        }
        return Round(load=load, figures=self._judged(figures))

    def _measured(self, tool: Installer, cell: Cell, index: ShapedIndex) -> Figure:
        for old in (self._cache, self.environment):
            shutil.rmtree(old, ignore_errors=True)
        self._environment()
        fault = ""
        if cell.state is not State.COLD:
            index.change(FAST)  # and not another index: caches know answers by their URLs
            fault = _failure(self._install(tool, index))
        if cell.state is State.WARM:
            shutil.rmtree(self.environment)
            self._environment()
        print(f"{cell.name}: {tool.title} runs", flush=True)
        os.sync()  # what others wrote is written now and not while this tool works
        index.change(cell.link)
        watched = self._install(tool, index)
        taken = index.taken()
        self.environment.rename(self.kept(tool.name))
        fetched = f"{taken.fetched} answers were not on the disk" if taken.fetched else ""
        return Figure(
            wall_s=watched.wall_s,
            cpu_s=watched.cpu_s,
            own_peak=watched.own_peak,
            child_peak=watched.child_peak,
            sent=taken.sent,
            requests=taken.requests,
            stretches=stretches(tool.name, watched),
            fault=fault or _failure(watched) or fetched,
        )

    def _environment(self) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(self.environment)], check=True)

    def _install(self, tool: Installer, index: ShapedIndex) -> Watched:
        words = ["--index-url", index.url, "-r", str(self.packages.requirements)]
        env = {**unconfigured(self._cache), "TMPDIR": str(self.folder)}
        argv = tool.argv(self.environment / "bin" / "python", words)
        return watch(argv, env=env, cwd=self.folder, limit_s=_LIMIT_S)

    def _judged(self, figures: Mapping[str, Figure]) -> dict[str, Figure]:
        """Let nothing count that left another environment than pip."""
        judged = dict(figures)
        for tool, figure in figures.items():
            fault = figure.fault or self._difference(tool)
            judged[tool] = replace(figure, fault=fault)
        return judged

    def _difference(self, tool: str) -> str:
        own, others = self.kept(tool), self.kept(PIP.name)
        if tool == RESILIENT_PIP.name:
            names = differences(own, others)
            more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
            return f"other files than pip's: {', '.join(names[:_LISTED])}{more}" if names else ""
        mine, theirs = versions(own).items(), versions(others).items()
        other = sorted(f"{name} {version}" for name, version in mine ^ theirs)
        return f"other versions than pip's: {', '.join(other)}" if other else ""


def _failure(watched: Watched) -> str:
    return f"exit code {watched.exit_code}: {watched.output[-_QUOTED:]}" if watched.exit_code else ""
