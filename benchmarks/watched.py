"""Run one command and watch it from outside (Linux): time, CPU time and memory of its tree of processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_GLANCE_S = 0.02
_TICKS = os.sysconf("SC_CLK_TCK")
_TIMES = slice(11, 15)
"""Of /proc/PID/stat behind the name: utime, stime, and both of children that were waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of output."""

    at_s: float
    """Since the start."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What the tree of processes had used at a time."""

    at_s: float
    """Since the start."""
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How a command ended and what it took."""

    exit_code: int
    """Negative: the signal that ended it."""
    wall_s: float
    cpu_s: float
    """Of the process and every descendant that was waited for."""
    own_peak: int
    """Bytes that the process itself had in memory at most."""
    child_peak: int
    """The same of the largest of its descendants; 0 without one."""
    lines: Sequence[Line]
    glances: Sequence[Glance]

    @property
    def output(self) -> str:
        """All that was printed."""
        return "\n".join(line.text for line in self.lines)


def watch(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, limit_s: float) -> Watched:
    """Run a command to its end; after `limit_s` it and its process group are killed."""
    began_s = time.monotonic()
    process = subprocess.Popen(
        argv,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    watcher = _Watcher(process, began_s)
    limit = threading.Timer(limit_s, _kill, [process.pid])
    limit.start()
    try:
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - began_s
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:  # whatever ends the waiting ends what is waited for
        _kill(process.pid)
        raise
    finally:
        limit.cancel()
        watcher.end()
    own_peak = watcher.peaks.pop(process.pid, 0)
    return Watched(
        exit_code=process.returncode,
        wall_s=wall_s,
        cpu_s=used.ru_utime + used.ru_stime,
        own_peak=own_peak,
        child_peak=max(watcher.peaks.values(), default=0),
        lines=watcher.lines,
        glances=watcher.glances,
    )


class _Watcher:
    """Two threads: one reads the output, one looks at the processes from time to time."""

    def __init__(self, process: subprocess.Popen[str], began_s: float) -> None:
        self._process = process
        self._began_s = began_s
        self._over = threading.Event()
        self.lines: list[Line] = []
        self.glances: list[Glance] = []
        self._met: set[int] = set()
        self.peaks: dict[int, int] = {}
        """Process id to bytes."""
        self._threads = [threading.Thread(target=each) for each in (self._read, self._look)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Stop looking; the output ends by itself, with the last process that holds it."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for text in output:
                self.lines.append(Line(at_s=time.monotonic() - self._began_s, text=text.rstrip("\n")))

    def _look(self) -> None:
        while not self._over.wait(_GLANCE_S):
            at_s, ticks = time.monotonic() - self._began_s, 0
            for process in _tree(self._process.pid):
                with contextlib.suppress(OSError):  # it has ended
                    ticks += _ticks(process)
                    self._note(process, _peak(process))
            self.glances.append(Glance(at_s=at_s, cpu_s=ticks / _TICKS))

    def _note(self, process: int, peak: int) -> None:
        """Keep what a process shows last, from the second time on: before its exec that is of its parent.

        One that has ended and was not waited for shows nothing.
        """
        if process not in self._met:
            self._met.add(process)
        elif peak:
            self.peaks[process] = peak


def _tree(root: int) -> list[int]:
    """Give a process and its living descendants."""
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        with contextlib.suppress(OSError):  # it has ended
            for children in Path(f"/proc/{process}/task").glob("*/children"):
                waiting += map(int, children.read_text().split())
    return found


def _ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[_TIMES]))


def _peak(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
