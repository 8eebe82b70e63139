"""The journal around an installation: `resilient_pip.install.unfinished`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import anyio
import pytest

from resilient_pip.events import Event, Noted
from resilient_pip.install.journal import journal_path, open_journal, read_journal
from resilient_pip.install.scheme import Scheme
from resilient_pip.install.survey import Survey
from resilient_pip.install.unfinished import Unfinished, note_earlier, repair_earlier
from tests.support.wheels import make_wheel
from tests.unit.installations import left, put, scheme_in, surveyed

APP = make_wheel("App", "2.0", files={"app/cli.py": ""})


@pytest.fixture
def scheme(tmp_path: Path) -> Scheme:
    """An environment that holds nothing."""
    return scheme_in(tmp_path / "env")


@pytest.fixture
def look(scheme: Scheme, tmp_path: Path) -> Callable[[], Survey]:
    """A look at it before App is installed."""
    return partial(surveyed, scheme, tmp_path / "wheels", APP)


def notes(events: list[Event]) -> list[str]:
    """Give what was noted."""
    return [event.message for event in events if isinstance(event, Noted)]


def test_an_installation_that_ends_leaves_no_trace(scheme: Scheme, look: Callable[[], Survey]) -> None:
    """While it lasts its journal is there, and the child inherits the lock on it."""
    events: list[Event] = []
    before = left(scheme.base)

    async def install() -> None:
        async with Unfinished(scheme, events.append).begun(look) as begun:
            assert (len(begun.inherited), begun.survey) == (1, look())
            assert read_journal(scheme) == (look(),)

    anyio.run(install)
    assert (left(scheme.base), events) == (before, [])


@pytest.mark.parametrize("end", [pytest.param(KeyError, id="failed"), pytest.param(None, id="cancelled")])
def test_one_that_does_not_end_is_repaired_at_once(
    scheme: Scheme, look: Callable[[], Survey], end: type[Exception] | None
) -> None:
    """Whether it failed, or a signal cancelled it."""
    events: list[Event] = []
    before = left(scheme.base)

    async def install() -> None:
        with anyio.CancelScope() as scope:
            async with Unfinished(scheme, events.append).begun(look):
                put(scheme, "app-2.0", ["app/cli.py"], finished=False)
                if end:
                    raise end
                scope.cancel()
                await anyio.sleep_forever()

    with pytest.raises(end) if end else nullcontext():
        anyio.run(install)
    assert (left(scheme.base), notes(events)) == (before, ["App 2.0 was half installed: removed"])


def test_a_killed_run_is_repaired_by_the_next(scheme: Scheme, look: Callable[[], Survey]) -> None:
    """It says what it removes; a plan alone says what may be half installed, and changes nothing."""
    before = left(scheme.base)
    journal = open_journal(scheme)
    assert journal
    journal.begin(1, look())
    journal.leave()
    put(scheme, "app-2.0", ["app/cli.py"], finished=False)
    killed = left(scheme.base)
    events: list[Event] = []
    note_earlier(scheme, events.append)
    assert left(scheme.base) == killed
    repaired = anyio.run(repair_earlier, scheme, events.append)
    assert [one.project for one in repaired] == ["app"]
    assert left(scheme.base) == before
    assert notes(events) == [
        "perhaps half installed, by an earlier run or one that is at work: App 2.0",
        "App 2.0 was half installed when an earlier run was ended: removed",
    ]


def test_where_nothing_is_left_nothing_is_made(scheme: Scheme) -> None:
    """Without a journal the environment is not even written to."""
    events: list[Event] = []
    before = left(scheme.base)
    assert anyio.run(repair_earlier, scheme, events.append) == ()
    note_earlier(scheme, events.append)
    assert (left(scheme.base), events) == (before, [])


def test_two_installations_wait_for_each_other(scheme: Scheme, look: Callable[[], Survey]) -> None:
    """The second says that it waits, and finds nothing to repair when the first has come to its end."""
    events: list[Event] = []
    order: list[str] = []

    async def second(waiting: anyio.Event) -> None:
        def hear(event: Event) -> None:
            events.append(event)
            waiting.set()

        async with Unfinished(scheme, hear).begun(look):
            order.append("second")

    async def both() -> None:
        waiting = anyio.Event()
        first = Unfinished(scheme, events.append).begun(look)
        async with anyio.create_task_group() as tasks, first:
            tasks.start_soon(second, waiting)
            with anyio.fail_after(10):
                await waiting.wait()
            order.append("first")

    anyio.run(both)
    assert order == ["first", "second"]
    waiting = f"another run is installing into {scheme.home}: waiting for it"
    assert notes(events) == [f"{waiting}; what it brings, this one did not plan with"]
    assert not journal_path(scheme).exists()
