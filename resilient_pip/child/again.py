"""What is worth running again: a child that was killed, once. What failed by itself would fail again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from signal import SIGBUS, SIGKILL, SIGSEGV
from typing import TypeVar

from resilient_pip.errors import ChildKilled
from resilient_pip.events import Emit, Noted

KILLS = frozenset({SIGKILL, SIGSEGV, SIGBUS})
"""Signals that come from without: from a kernel that lacks memory or cannot read what is mapped."""

T = TypeVar("T")


async def again_if_killed(operation: Callable[[], Awaitable[T]], emit: Emit) -> T:
    """Run what runs a child; where the child was killed, say so and run it a second and last time.

    Compiler errors, conflicts, missing distributions and refused options come as other errors and are never
    run twice; nor is a child that was ended on purpose, because it hung, took too long or was not needed.

    Raises:
        ChildKilled: it was killed again.
        Exception: whatever else the operation raises, at once.
    """
    try:
        return await operation()
    except ChildKilled as killed:
        why = " (out of memory?)" if killed.signal == SIGKILL else ""
        emit(Noted(message=f"{killed.what} {killed.ending}{why}; it is run once more"))
    return await operation()
