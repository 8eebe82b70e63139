"""Groups that overlap: `resilient_pip.delivery`, with installations made up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import anyio
import pytest

from resilient_pip.cache.store import Store
from resilient_pip.delivery import Delivery
from resilient_pip.errors import ChildFailed
from resilient_pip.events import Event, GroupFinished
from resilient_pip.failing import RunFailed
from resilient_pip.fetch import Downloads, StoredFile
from resilient_pip.model import (
    Group,
    Network,
    Outcome,
    Plan,
    PlannedFile,
    ProjectName,
    RemoteFile,
    RequirementForm,
    Stage,
    project_name,
)
from resilient_pip.settings import Settings
from resilient_pip.transport.client import Client
from resilient_pip.transport.credentials import Credentials

Installing = Callable[[Callable[[], None]], Awaitable[None]]


def group(name: str) -> Group:
    """Make a group of one folder: there is nothing to fetch."""
    file = RemoteFile(project=project_name(name), filename=name, url=f"file:///{name}")
    planned = PlannedFile(project=file.project, name=name, version="1", file=file, form=RequirementForm.LOCAL)
    return Group(name=name, files=(planned,))


async def delivered(folder: Path, events: list[Event], groups: Mapping[str, Installing]) -> None:
    """Deliver groups that are installed so."""
    plan = Plan(stages=(Stage(groups=tuple(map(group, groups))),))

    async def build(_planned: PlannedFile, _stored: StoredFile | None) -> None:
        return None

    async def install(
        group: Group, _wheels: Mapping[ProjectName, Path], begin_next: Callable[[], None]
    ) -> None:
        await groups[group.name](begin_next)

    settings = Settings()
    client = Client(network=Network(), settings=settings, credentials=Credentials([], {}), environ={})
    async with client:
        await Delivery(
            plan=plan,
            downloads=Downloads(
                client=client, store=Store.temporary(folder), settings=settings, emit=events.append
            ),
            build=build,
            install=install,
            wheel_stored=lambda _wheel: None,
            beside=anyio.sleep_forever,
            emit=events.append,
            everything_first=False,
            own=folder,
        ).run()


def outcomes(events: list[Event]) -> list[tuple[str, Outcome]]:
    """Give how the groups ended, in that order."""
    return [(event.group.name, event.outcome) for event in events if isinstance(event, GroupFinished)]


def test_a_group_begins_when_the_one_before_it_lets_it(tmp_path: Path) -> None:
    """And not before; the time in which two are under way counts once."""
    events: list[Event] = []
    second_began, may_begin = anyio.Event(), anyio.Event()

    async def first(begin_next: Callable[[], None]) -> None:
        await anyio.wait_all_tasks_blocked()
        assert not second_began.is_set()
        may_begin.set()
        begin_next()
        await second_began.wait()

    async def second(_begin_next: Callable[[], None]) -> None:
        assert may_begin.is_set()
        second_began.set()

    anyio.run(delivered, tmp_path, events, {"first": first, "second": second})
    ended = [event for event in events if isinstance(event, GroupFinished)]
    assert sorted(event.group.name for event in ended) == ["first", "second"]
    both_s = next(event.elapsed_s for event in ended if event.group.name == "first")
    assert sum(event.added_s for event in ended) == pytest.approx(both_s, abs=1.0)


def test_a_failure_lets_those_before_it_come_to_their_end(tmp_path: Path) -> None:
    """What comes after it never begins."""
    events: list[Event] = []
    failed = anyio.Event()

    async def first(begin_next: Callable[[], None]) -> None:
        begin_next()
        await failed.wait()

    async def second(_begin_next: Callable[[], None]) -> None:
        failed.set()
        raise ChildFailed(what="install second", returncode=1, message="no")

    async def third(_begin_next: Callable[[], None]) -> None:
        raise AssertionError

    with pytest.raises(RunFailed) as caught:
        anyio.run(delivered, tmp_path, events, {"first": first, "second": second, "third": third})
    assert caught.value.failure.group == "second"
    assert sorted(outcomes(events)) == [("first", Outcome.DONE), ("second", Outcome.FAILED)]


def test_a_failure_ends_those_after_it(tmp_path: Path) -> None:
    """They may need what is not there."""
    events: list[Event] = []
    second_began = anyio.Event()

    async def first(begin_next: Callable[[], None]) -> None:
        begin_next()
        await second_began.wait()
        raise ChildFailed(what="compile first", returncode=1, message="no")

    async def second(_begin_next: Callable[[], None]) -> None:
        second_began.set()
        await anyio.sleep_forever()

    with pytest.raises(RunFailed) as caught:
        anyio.run(delivered, tmp_path, events, {"first": first, "second": second})
    assert caught.value.failure.group == "first"
    assert outcomes(events) == [("first", Outcome.FAILED), ("second", Outcome.CANCELLED)]
