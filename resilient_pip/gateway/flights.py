"""Work that is done once however many ask for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import anyio
from anyio.abc import TaskGroup

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Flight(Generic[V]):
    """One piece of work: its result or its error, once `landed` is set."""

    def __init__(self) -> None:
        self.landed = anyio.Event()
        self.result: V
        self.error: Exception | None = None


class Flights(Generic[K, V]):
    """Runs one task per key and remembers how it ended, results and errors alike.

    The tasks belong to the gateway: an asker that goes away does not take the work from the others.
    """

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        self._flights: dict[K, _Flight[V]] = {}

    async def get(self, key: K, work: Callable[[], Awaitable[V]]) -> V:
        """Give the result for `key`; `work` runs for the first asker only. Raises what it raised."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight()
            self._tasks.start_soon(self._fly, flight, work)
        await flight.landed.wait()
        if flight.error:
            raise flight.error
        return flight.result

    async def _fly(self, flight: _Flight[V], work: Callable[[], Awaitable[V]]) -> None:
        try:
            flight.result = await work()
        except Exception as error:  # noqa: BLE001  # a boundary: everyone who waits gets it
            flight.error = error
        flight.landed.set()
