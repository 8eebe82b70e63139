"""A guardian beside the run: what has to happen to children and folder even when this program is killed.

Nothing in a process that gets SIGKILL can run, and the kernel's own means (PR_SET_PDEATHSIG) reaches children
but not theirs. So a second process holds the read end of a pipe whose write end this one alone has.
"""

from __future__ import annotations

import importlib.resources
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

GUARDIAN = importlib.resources.files("resilient_pip.child").joinpath("guardian.py").read_text("utf-8")
"""The program, read while it is sure to be there."""

LOADER_PATH = "LD_LIBRARY_PATH"
"""Some interpreters do not start without it."""


@contextmanager
def guarded(folder: Path, python: str = sys.executable) -> Iterator[None]:
    """See that the folder, and every process with a TMPDIR in it, goes when this program is killed.

    The guardian is in a session of its own, so that neither Ctrl-C nor a signal to this process group reaches
    it; it holds none of our streams, so that no pipeline waits for it; its command line does not name this
    program, so that `pkill -f` spares it. At the end of the block it is not needed any more and ended.
    Where it cannot be started, the run goes on without; where there is no /proc, only the folder goes. A
    process that has both left its session and emptied its environment is nobody's.

    Args:
        folder: private to this run; children have their TMPDIR below it.
        python: the interpreter of the guardian.
    """
    guardian = _start(python)
    if guardian is None or guardian.stdin is None:
        yield
        return
    with guardian:
        with suppress(BrokenPipeError):  # it has ended already
            guardian.stdin.write(os.fsencode(folder))
        try:
            yield
        finally:
            guardian.kill()


def _start(python: str) -> subprocess.Popen[bytes] | None:
    try:
        return subprocess.Popen(
            [python, "-I", "-S", "-c", GUARDIAN],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={name: value for name, value in os.environ.items() if name == LOADER_PATH},
            start_new_session=True,
        )
    except OSError:
        return None
