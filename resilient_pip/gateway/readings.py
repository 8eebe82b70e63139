"""Which sources have let a page be read: one that refuses all of them is told from one that lacks a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio


class Readings:
    """The readings of pages, by the number of their source."""

    def __init__(self) -> None:
        self._under_way: Counter[int] = Counter()
        self._succeeded: set[int] = set()
        self._landed = anyio.Condition()

    @asynccontextmanager
    async def under_way(self, number: int) -> AsyncIterator[None]:
        """Count a reading for as long as the block lasts."""
        self._under_way[number] += 1
        try:
            yield
        finally:
            self._under_way[number] -= 1
            with anyio.CancelScope(shield=True):
                async with self._landed:
                    self._landed.notify_all()

    def succeeded(self, number: int) -> None:
        """Note that a page was read."""
        self._succeeded.add(number)

    def have_succeeded(self, number: int) -> bool:
        """Whether any page was read by now."""
        return number in self._succeeded

    async def will_succeed(self, number: int) -> bool:
        """Wait until a page is read, or none is being read any more; say which."""
        async with self._landed:
            while self._under_way[number] and number not in self._succeeded:
                await self._landed.wait()
        return number in self._succeeded
