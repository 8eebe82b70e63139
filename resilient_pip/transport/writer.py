"""Writes what arrives while more arrives: whatever came during one write makes the next."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from resilient_pip.cache.partial import Partial
from resilient_pip.errors import ResilientPipError, StorageError
from resilient_pip.settings import MIB

_MOST_WAITING = 4 * MIB


class Writer:
    """Appends to a partial from a task of its own. Made by `writing` only."""

    def __init__(self, partial: Partial, written: Callable[[], None]) -> None:
        self._partial = partial
        self._written = written
        self._chunks: list[bytes] = []
        self._waiting_bytes = 0
        self._arrived = anyio.Event()
        self._drained = anyio.Event()
        self._closed = False
        self.error: StorageError | None = None

    async def put(self, chunk: bytes) -> None:
        """Hand over a chunk; waits while too much is unwritten. Raises StorageError."""
        if self.error is not None:
            raise self.error
        self._chunks.append(chunk)
        self._waiting_bytes += len(chunk)
        self._arrived.set()
        if self._waiting_bytes > _MOST_WAITING:
            self._drained = anyio.Event()
            await self._drained.wait()

    def close(self) -> None:
        """Let `run` end once everything is written."""
        self._closed = True
        self._arrived.set()

    async def run(self) -> None:
        """Write until closed, also when cancelled meanwhile: what arrived must reach the disk."""
        with anyio.CancelScope(shield=True):
            while self.error is None and (self._chunks or not self._closed):
                if not self._chunks:
                    self._arrived = anyio.Event()
                    await self._arrived.wait()
                if self._chunks:
                    await self._write_all()

    async def _write_all(self) -> None:
        chunks, self._chunks, self._waiting_bytes = self._chunks, [], 0
        try:
            await self._partial.write(chunks)
        except StorageError as error:
            self.error = error
        self._drained.set()
        self._written()


@asynccontextmanager
async def writing(partial: Partial, written: Callable[[], None]) -> AsyncIterator[Writer]:
    """Give a writer; at the end of the block, however it ends, everything is on disk.

    Args:
        partial: what to append to.
        written: called after each write.

    Raises:
        StorageError: the disk refused.
    """
    writer = Writer(partial, written)
    failure: ResilientPipError | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(writer.run)
        try:
            yield writer
        except ResilientPipError as error:
            failure = error  # carried past the task group, which would wrap it
        finally:
            writer.close()
    if writer.error is not None:
        raise writer.error
    if failure is not None:
        raise failure
