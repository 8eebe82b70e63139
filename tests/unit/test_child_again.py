"""Tests of `resilient_pip.child.again`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import anyio
import pytest

from resilient_pip.child.again import again_if_killed
from resilient_pip.errors import ChildFailed, ChildHung, ChildKilled, PlanError
from resilient_pip.events import Event, Noted

KILLED = ChildKilled(what="install torch", returncode=-9, message="", signal=9)
CRASHED = ChildKilled(what="install torch", returncode=-11, message="", signal=11)
NOTE = "install torch was ended by {}; it is run once more"


class Operation:
    """Ends as its list says, one time after the other."""

    def __init__(self, ends: Sequence[Exception | str]) -> None:
        self._ends = iter(ends)
        self.times = 0

    async def __call__(self) -> str:
        """Raise or give the next end."""
        self.times += 1
        end = next(self._ends)
        if isinstance(end, Exception):
            raise end
        return end


@pytest.mark.parametrize(
    ("ends", "notes"),
    [
        pytest.param(["done"], [], id="done"),
        pytest.param([KILLED, "done"], [NOTE.format("SIGKILL (out of memory?)")], id="killed"),
        pytest.param([CRASHED, "done"], [NOTE.format("SIGSEGV")], id="crashed"),
    ],
)
def test_what_was_killed_is_run_once_more(ends: list[Exception | str], notes: list[str]) -> None:
    """The result is that of the run that came to its end."""
    operation, events = Operation(ends), list[Event]()
    assert anyio.run(partial(again_if_killed, operation, events.append)) == "done"
    assert events == [Noted(message=note) for note in notes]


@pytest.mark.parametrize(
    ("ends", "times"),
    [
        pytest.param([KILLED, CRASHED], 2, id="killed-twice"),
        pytest.param([KILLED, ChildFailed(what="x", returncode=1, message="")], 2, id="killed-then-failed"),
        pytest.param([ChildFailed(what="x", returncode=1, message="error: gcc failed")], 1, id="failed"),
        pytest.param([ChildHung(what="x", silent_s=300, reason="no output")], 1, id="hung"),
        pytest.param([PlanError(message="a conflict")], 1, id="conflict"),
    ],
)
def test_what_fails_by_itself_is_not(ends: list[Exception], times: int) -> None:
    """Nor is anything run a third time; the last error is the one that counts."""
    operation = Operation(ends)
    with pytest.raises(type(ends[-1])) as caught:
        anyio.run(partial(again_if_killed, operation, lambda _: None))
    assert (caught.value, operation.times) == (ends[-1], times)
