"""What a second run transfers after the first was killed half way through a large file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.lab.trial import Errand, Tool
from tests.support.environments import Running, Workspace, kill_below
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import make_wheel

SIZE = 60_000_000
BYTES_PER_SECOND = 10_000_000
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """One tool, killed and run again; bytes are those of the file that a server sent."""

    tool: str
    size: int
    """Of the whole file."""
    first: int
    """To the run that was killed."""
    second: int
    """To the run after it."""
    installed: bool
    """Whether the second run succeeded."""


def kill_and_repeat(tool: Tool, folder: Path) -> Resumed:
    """Kill a tool and its children (SIGKILL) when half of a file was sent, and run the same command again.

    `folder` is made, and may be removed afterwards.
    """
    folder.mkdir()
    environment = Workspace(root=folder).environment()
    requirements = folder / "requirements.txt"
    requirements.write_text("large\n")
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(folder), "TMPDIR": str(folder)}
    with FaultyIndex(bytes_per_second=BYTES_PER_SECOND) as index:
        wheel = index.add(make_wheel("large", "1.0", size=SIZE))
        errand = Errand(
            python=environment.python,
            requirements=requirements,
            index_url=index.url,
            folder=folder,
            cert=None,
        )
        argv, env = tool.argv(errand), {**env, **tool.env(errand)}
        running = Running(argv, env=env, cwd=folder)
        try:
            index.wait_until(lambda index: index.sent(wheel.path) >= SIZE / 2, PATIENCE_S)
        finally:
            running.kill()
            kill_below(folder)
        index.wait_until(lambda index: all(request.finished for request in index.requests))
        first = index.sent(wheel.path)
        run = Running(argv, env=env, cwd=folder).finish(PATIENCE_S)
        second = index.sent(wheel.path) - first
    installed = run.returncode == 0 and environment.versions() == {"large": "1.0"}
    return Resumed(tool=tool.name, size=wheel.size, first=first, second=second, installed=installed)
