"""Tests of `resilient_pip.child.guarding` and `guardian`, on real processes."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resilient_pip.child import guardian
from resilient_pip.child.guarding import guarded
from tests.support.environments import eventually

DEAF = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), flush=True)
time.sleep(600)
"""
RUN = """
import os, subprocess, sys, time
from pathlib import Path
from resilient_pip.child.guarding import guarded

folder, code = Path(sys.argv[1]), sys.argv[2]
marked = {"TMPDIR": str(folder / "tmp")}
python = (sys.executable, "-c", code)
empties = f"import subprocess; subprocess.run([{sys.executable!r}, '-c', {code!r}], env={{}})"
with guarded(folder):
    subprocess.Popen(python, env=marked)
    subprocess.Popen(python, env=marked, start_new_session=True)
    subprocess.Popen((sys.executable, "-c", empties), env=marked, start_new_session=True)
    time.sleep(600)
"""
"""A run with a child in its own session, one in another, and one that empties its child's environment."""


@contextmanager
def running(code: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python code, and kill it."""
    with subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def children() -> list[int]:
    """The processes that this one has started and not waited for."""
    return [int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]


def test_a_killed_run_leaves_nothing(tmp_path: Path) -> None:
    """Every child ends, deaf to SIGTERM and in whatever session; the folder goes; others live on."""
    folder = tmp_path / "run"
    (folder / "tmp").mkdir(parents=True)
    with running(DEAF) as other, running(RUN, str(folder), DEAF) as run:
        assert run.stdout is not None
        handles = [os.pidfd_open(int(run.stdout.readline())) for _ in range(3)]
        run.kill()
        for handle in handles:
            assert select.select([handle], [], [], 20) == ([handle], [], [])  # it has ended
            os.close(handle)
        eventually(lambda: not folder.exists(), 20)
        assert other.poll() is None


def test_the_guardian_holds_nothing(tmp_path: Path) -> None:
    """No stream, folder or variable of ours, no place in our session, no name that pkill would find."""
    before = set(children())
    with guarded(tmp_path):
        (pid,) = set(children()) - before
        place = Path(f"/proc/{pid}")
        eventually(lambda: b"-I" in (place / "cmdline").read_bytes())
        streams = {name: str((place / "fd" / name).readlink()).partition(":")[0] for name in "012"}
        assert streams == {"0": "pipe", "1": os.devnull, "2": os.devnull}
        assert (place / "cwd").readlink() == Path("/")
        assert os.getsid(pid) == pid
        assert (place / "environ").read_bytes() in {b"", os.environb.get(b"LD_LIBRARY_PATH", b"")}
        words = (place / "cmdline").read_bytes().split(b"\0", 1)[1]
        assert b"resilient" not in words
        assert os.fsencode(tmp_path) not in words


def test_a_normal_end_leaves_no_guardian(tmp_path: Path) -> None:
    """It is ended and waited for; the folder is not its business then."""
    before = children()
    with guarded(tmp_path):
        assert len(children()) == len(before) + 1
    assert children() == before
    assert tmp_path.exists()


def test_without_an_interpreter_there_is_no_guardian(tmp_path: Path) -> None:
    """An environment that has lost its Python installs all the same."""
    before = children()
    with guarded(tmp_path, "/nonexistent/python"):
        assert children() == before


def test_a_marker_is_the_beginning_of_a_variable() -> None:
    """A folder whose name begins alike, and another variable that holds it, are somebody else's."""
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    env = {"TMPDIR": "/w/run-1/tmp", "OLDPWD": "/w/run-2/tmp"}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        markers = [b"TMPDIR=/w/run-1/", b"TMPDIR=/w/run/", b"TMPDIR=/w/run-2/", b"DIR=/w/run-1/"]
        assert [guardian.is_marked(process.pid, marker) for marker in markers] == [True, False, False, False]
        assert process.pid in guardian.belonging(markers[0], set())
        process.communicate()
    assert guardian.belonging(markers[0], set()) == set()
