"""Waits for the end of the program that started this, ends what that has left running, removes its folder.

A program of its own, of the standard library alone; `guarding` starts it from this text. It reads the path of
the folder from its standard input, which comes to its end when the other program does, however that ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

TERM_S = 1.0
"""How long what was left running may take to end after SIGTERM."""
MOST_S = 30.0
"""After how long it is given up: what is stuck in the kernel cannot be ended."""
LOOK_S = 0.05


def end_processes(marker: bytes) -> None:
    """End every process with this text in its environment: SIGTERM, a while, SIGKILL until none is left."""
    started = time.monotonic()
    asked: set[int] = set()
    sessions: set[int] = set()
    while (pids := belonging(marker, sessions)) and (waited_s := time.monotonic() - started) < MOST_S:
        is_late = waited_s > TERM_S
        for pid in pids if is_late else pids - asked:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL if is_late else signal.SIGTERM)
        asked |= pids
        time.sleep(LOOK_S)


def belonging(marker: bytes, sessions: set[int]) -> set[int]:
    """List the living processes with the marker, and all others in the sessions that such a process leads.

    Args:
        marker: how one of the variables in the environment begins.
        sessions: those found up to now, to which those found here are added: a compiler whose environment
            was emptied may outlive the leader.
    """
    processes = dict(living())
    marked = {pid for pid in processes if is_marked(pid, marker)}
    sessions |= {pid for pid in marked if processes[pid] == pid}
    return marked | {pid for pid, session in processes.items() if session in sessions}


def living() -> Iterator[tuple[int, int]]:
    """Give pid and session of every process but zombies (proc_pid_stat(5)); none where there is no /proc."""
    with suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib takes long to import
            if name.isdecimal() and (stat := read(f"/proc/{name}/stat")):
                fields = stat[stat.rindex(b")") + 2 :].split()
                if fields[0] not in {b"Z", b"X"}:
                    yield int(name), int(fields[3])


def is_marked(pid: int, marker: bytes) -> bool:
    """Whether a process has a variable that begins so."""
    return b"\0" + marker in b"\0" + read(f"/proc/{pid}/environ")


def read(path: str) -> bytes:
    """Give what a file holds; nothing where it cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            return file.read()
    except OSError:
        return b""


def main() -> None:
    """Wait, and clean up."""
    folder = sys.stdin.buffer.read()
    if folder:
        end_processes(b"TMPDIR=" + folder + b"/")
        shutil.rmtree(os.fsdecode(folder), ignore_errors=True)


if __name__ == "__main__":
    main()
