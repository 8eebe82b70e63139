"""The processes of a child's session: what they do, and how they are ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_ENDED = frozenset({b"Z", b"X"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What a session has used up to now, with those of its processes that have ended."""

    cpu_s: float = 0.0
    io: int = 0
    """Bytes read and written."""


def members(session: int) -> list[int]:
    """List the living processes of a session; always empty where there is no /proc.

    Zombies are left out: nothing can end them, and in a container often nobody collects them.
    """
    return [pid for pid, state, _ in _processes(session) if state not in _ENDED]


def family(pids: AbstractSet[int]) -> set[int]:
    """Pick out those of some processes that live, and add what they have started, and that in its turn.

    Empty where there is no /proc. Whose parent has ended is nobody's descendant.
    """
    parents = {pid: int(fields[1]) for pid, fields in _statuses() if fields[0] not in _ENDED}
    found = generation = pids & parents.keys()
    while generation:
        generation = {pid for pid, parent in parents.items() if parent in generation} - found
        found |= generation
    return set(found)


def activity(session: int) -> Activity:
    """Add up the CPU time and I/O of a session; all zero where there is no /proc."""
    cpu_s, io = 0.0, 0
    for pid, _, process_cpu_s in _processes(session):
        cpu_s += process_cpu_s
        io += _io(pid)
    return Activity(cpu_s=cpu_s, io=io)


def signal_session(session: int, number: int) -> None:
    """Send a signal to the session leader's group and to all others of the session."""
    with suppress(ProcessLookupError, PermissionError):  # it is gone, or runs as somebody else
        os.killpg(session, number)
    for pid in members(session):
        with suppress(ProcessLookupError, PermissionError):
            if os.getpgid(pid) != session:
                os.kill(pid, number)


def _processes(session: int) -> Iterator[tuple[int, bytes, float]]:
    """Give pid, state and CPU time of each process of a session.

    The CPU time holds that of the children which it has waited for: a build is mostly compilers that ended.
    """
    for pid, fields in _statuses():
        state, sid, ticks = fields[0], fields[3], fields[11:15]
        if int(sid) == session:
            yield pid, state, sum(map(int, ticks)) / _TICKS_PER_S


def _statuses() -> Iterator[tuple[int, list[bytes]]]:
    """Give pid and status fields, from the state on, of each process (proc_pid_stat(5))."""
    try:
        names = os.listdir(_PROC)  # noqa: PTH208  # Path objects for every process of the machine cost more
    except OSError:
        return
    for name in names:
        if not name.isdecimal():
            continue
        try:
            stat = (_PROC / name / "stat").read_bytes()
        except OSError:
            continue  # ended meanwhile
        # The second field is the program's name in parentheses, which may hold anything.
        yield int(name), stat[stat.rindex(b")") + 2 :].split()


def _io(pid: int) -> int:
    """Add up the bytes that a process has read and written (proc_pid_io(5)); 0 where that is not shown.

    The kernel counts those of the children which it has waited for.
    """
    try:
        lines = (_PROC / str(pid) / "io").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(("rchar", "wchar")))
