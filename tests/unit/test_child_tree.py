"""Tests of `resilient_pip.child.tree`, on real processes."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from resilient_pip.child.tree import Activity, activity, members, signal_session

FAMILY = """
import os, subprocess, sys, time
code = "import sys; print('up', flush=True); sys.stdin.read()"
with subprocess.Popen([sys.executable, '-c', code], process_group=0) if sys.version_info >= (3, 11) else (
    subprocess.Popen([sys.executable, '-c', code], preexec_fn=lambda: os.setpgid(0, 0))
) as grandchild:
    print(grandchild.pid, flush=True)
    sys.stdin.read()
"""
"""A leader and a grandchild of the same session in a process group of its own; both end with stdin."""

WORKER = """
import sys
total = sum(i * i for i in range(1_500_000))
with open('/dev/null', 'w') as null:
    null.write('x' * 100_000)
print('worked', flush=True)
sys.stdin.read()
"""


@contextmanager
def session(code: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python code as the leader of a session; it ends when its stdin is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as leader:
        try:
            yield leader
        finally:
            pipe(leader.stdin).close()


def pipe(stream: IO[str] | None) -> IO[str]:
    """Give a stream that was asked for."""
    assert stream is not None
    return stream


def test_a_session_holds_its_grandchildren() -> None:
    """Members are found over process groups, and nobody else's process is among them."""
    with session(FAMILY) as leader:
        lines = {pipe(leader.stdout).readline().strip() for _ in range(2)}
        grandchild = int((lines - {"up"}).pop())

        assert sorted(members(leader.pid)) == sorted([leader.pid, grandchild])
        assert os.getpid() not in members(leader.pid)


def test_a_signal_reaches_every_group_of_the_session() -> None:
    """Leader and grandchild end though they are in different process groups; zombies do not count."""
    with session(FAMILY) as leader:
        lines = {pipe(leader.stdout).readline().strip() for _ in range(2)}
        grandchild = os.pidfd_open(int((lines - {"up"}).pop()))

        signal_session(leader.pid, signal.SIGKILL)

        assert leader.wait(timeout=10) == -signal.SIGKILL
        assert select.select([grandchild], [], [], 10) == ([grandchild], [], [])  # it has ended
        os.close(grandchild)
        assert members(leader.pid) == []
        signal_session(leader.pid, signal.SIGKILL)  # nobody is there: nothing happens


def test_work_shows_in_the_activity() -> None:
    """CPU time and written bytes of a session are counted."""
    with session(WORKER) as leader:
        assert pipe(leader.stdout).readline() == "worked\n"
        used = activity(leader.pid)

    assert used.cpu_s > 0.01
    assert used.io >= 100_000


def test_work_of_processes_that_have_ended_counts() -> None:
    """A build is mostly compilers that are gone: what the leader has waited for is its own."""
    compiler = "sum(i * i for i in range(1_500_000)); open('/dev/null', 'w').write('x' * 100_000)"
    code = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {compiler!r}])
print("worked", flush=True)
sys.stdin.read()
"""
    with session(code) as leader:
        assert pipe(leader.stdout).readline() == "worked\n"
        used = activity(leader.pid)
        own = Path(f"/proc/{leader.pid}/stat").read_text().rpartition(")")[2].split()[11:13]

    assert used.cpu_s > sum(map(int, own)) / os.sysconf("SC_CLK_TCK") + 0.01
    assert used.io >= 100_000


def test_a_session_that_is_over_has_no_activity() -> None:
    """Nothing is left to be measured."""
    with session("pass") as leader:
        leader.wait(timeout=10)

    assert activity(leader.pid) == Activity(cpu_s=0.0, io=0)
