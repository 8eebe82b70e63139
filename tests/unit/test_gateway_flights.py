"""Work that is done once."""

from __future__ import annotations

from functools import partial

import anyio
import pytest

from resilient_pip.errors import StorageError
from resilient_pip.gateway.flights import Flights
from tests.unit.gateways import run


def test_many_askers_share_one_piece_of_work() -> None:
    """It runs once, also for those who ask later and where the first asker goes away."""
    calls = []

    async def main() -> list[str]:
        going_on = anyio.Event()
        answers = []

        async def work() -> str:
            calls.append(1)
            await going_on.wait()
            return "done"

        async def ask(flights: Flights[str, str]) -> None:
            answers.append(await flights.get("key", work))

        async with anyio.create_task_group() as tasks:
            flights: Flights[str, str] = Flights(tasks)
            async with anyio.create_task_group() as impatient:
                impatient.start_soon(ask, flights)
                await anyio.wait_all_tasks_blocked()
                impatient.cancel_scope.cancel()
            async with anyio.create_task_group() as askers:
                askers.start_soon(ask, flights)
                askers.start_soon(ask, flights)
                await anyio.wait_all_tasks_blocked()
                going_on.set()
            await ask(flights)
        return answers

    assert run(main) == ["done"] * 3
    assert calls == [1]


def test_errors_are_remembered() -> None:
    """Everyone who asks gets the error, and the work is not tried again."""
    error = StorageError(path="/x", reason="full")
    calls = []

    async def work() -> str:
        calls.append(1)
        raise error

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            flights: Flights[int, str] = Flights(tasks)
            for _ in range(2):
                with pytest.raises(StorageError) as raised:
                    await flights.get(1, work)
                assert raised.value is error

    run(main)
    assert calls == [1]


def test_abandoned_work_ends() -> None:
    """What nobody waits for, at once or once they leave; who asks again gets it anew."""
    calls: list[str] = []
    ended: list[str] = []

    async def main() -> None:
        going_on = anyio.Event()

        async def work(name: str) -> str:
            calls.append(name)
            try:
                await going_on.wait()
            except anyio.get_cancelled_exc_class():
                ended.append(name)
                raise
            return name

        async def ask_for(name: str, flights: Flights[str, str]) -> None:
            with anyio.CancelScope() as scope:
                leaving[name] = scope
                await flights.get(name, partial(work, name))

        leaving: dict[str, anyio.CancelScope] = {}
        async with anyio.create_task_group() as tasks:
            flights: Flights[str, str] = Flights(tasks)
            for name in ("left", "left later", "waited for"):
                tasks.start_soon(ask_for, name, flights)
            await anyio.wait_all_tasks_blocked()
            leaving["left"].cancel()
            await anyio.wait_all_tasks_blocked()
            assert ended == []
            flights.abandon()
            await anyio.wait_all_tasks_blocked()
            assert ended == ["left"]
            leaving["left later"].cancel()
            await anyio.wait_all_tasks_blocked()
            assert ended == ["left", "left later"]
            going_on.set()
            assert await flights.get("left", partial(work, "left")) == "left"

    run(main)
    assert sorted(calls) == ["left", "left", "left later", "waited for"]
