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
        self.waiting = 0
        """How many wait for it."""
        self.scope = anyio.CancelScope()


class Flights(Generic[K, V]):
    """Runs one task per key and remembers how it ended, results and errors alike.

    The tasks belong to the gateway: an asker that goes away does not take the work from the others.
    """

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        self._flights: dict[K, _Flight[V]] = {}
        self._goes_on = True

    def abandon(self) -> None:
        """From now on, end the work that nobody waits for; it is begun anew for the next who asks."""
        self._goes_on = False
        for key in list(self._flights):
            self._end_unwaited(key)

    async def get(self, key: K, work: Callable[[], Awaitable[V]]) -> V:
        """Give the result for `key`; `work` runs for the first asker only. Raises what it raised."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight()
            self._tasks.start_soon(self._fly, flight, work)
        flight.waiting += 1
        try:
            await flight.landed.wait()
        finally:
            flight.waiting -= 1
            if not self._goes_on:
                self._end_unwaited(key)
        if flight.error:
            raise flight.error
        return flight.result

    def _end_unwaited(self, key: K) -> None:
        flight = self._flights.get(key)
        if flight and not flight.waiting and not flight.landed.is_set():
            del self._flights[key]
            flight.scope.cancel()

    async def _fly(self, flight: _Flight[V], work: Callable[[], Awaitable[V]]) -> None:
        with flight.scope:
            try:
                flight.result = await work()
            except Exception as error:  # noqa: BLE001 - a boundary: everyone who waits gets it
                flight.error = error
            flight.landed.set()
