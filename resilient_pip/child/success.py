"""Running a child that has to succeed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from resilient_pip.child.command import Command
from resilient_pip.child.failure import failure_of
from resilient_pip.child.process import ChildResult

RunChild: TypeAlias = Callable[[Command], Awaitable[ChildResult]]
"""`Supervisor.run` with everything bound that concerns the phase and not the child: stop, limit_s, busy."""


async def succeed(run: RunChild, command: Command) -> ChildResult:
    """Run a child.

    Raises:
        ResilientPipError: it ended with another exit code than 0, or was stopped; of the class that fits
            what it printed, else ChildFailed.
    """
    result = await run(command)
    if result.returncode != 0 or result.stopped:
        raise failure_of(command.what, result.returncode, result.lines, log=str(result.log))
    return result
