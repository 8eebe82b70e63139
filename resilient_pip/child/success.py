"""Running a child that has to succeed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from resilient_pip.child.command import Command
from resilient_pip.child.failure import failure_of
from resilient_pip.child.process import ChildResult
from resilient_pip.errors import ChildFailed

RunChild: TypeAlias = Callable[[Command], Awaitable[ChildResult]]
"""`Supervisor.run` with everything bound that concerns the phase and not the child: stop, limit_s, busy."""


async def succeed(run: RunChild, command: Command) -> ChildResult:
    """Run a child.

    Raises:
        ChildFailed: it was stopped.
        ResilientPipError: it ended with another exit code than 0; of the class that fits what it printed,
            else ChildFailed; ChildKilled where a signal ended it that came from without.
    """
    result = await run(command)
    if result.stopped:
        raise stopped(command.what, result)
    if result.returncode != 0:
        raise failure_of(command.what, result.returncode, result.lines, log=str(result.log))
    return result


def stopped(what: str, result: ChildResult) -> ChildFailed:
    """Make the error of a child that was ended because it was not needed any more: its signal was ours."""
    return ChildFailed(what=what, returncode=result.returncode, message="stopped", log=str(result.log))
