"""Reading a file while it is fetched."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

from anyio import to_thread

from resilient_pip.disk.storing import storing
from resilient_pip.errors import Dropped, StorageError
from resilient_pip.model import SafeUrl
from resilient_pip.settings import MIB
from resilient_pip.transport.growth import Growth

HELD_BACK = 64 * 1024
"""Bytes at the end of a file that readers get only after its hash is checked, so that none ever
holds a complete wrong file."""


class Following:
    """One reader's view of a file that is being fetched. Made by `Downloads.follow` only."""

    def __init__(self, growth: Growth, url: SafeUrl) -> None:
        self._growth = growth
        self._url = url

    async def size(self) -> int:
        """Wait until the length in bytes is known.

        Raises:
            ResilientPipError: what `Downloads.fetch` raises.
        """
        growth = self._growth
        while growth.size is None:
            if growth.error is not None:
                raise growth.error
            await growth.changed()
        return growth.size

    async def read(self, start: int, end: int | None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` to before `end` (None: the end of the file) as they come.

        Raises:
            Dropped: what was yielded before turned out to be of another version of the file.
            ResilientPipError: what `Downloads.fetch` raises.
        """
        growth = self._growth
        generation = growth.generation
        position = start
        given = hashlib.sha256()
        while end is None or position < end:
            if growth.generation != generation:
                if position > start:
                    await self._see_that_it_stands(start, position, given.digest())
                generation = growth.generation
            stop = min(self._readable, position + MIB, position + MIB if end is None else end)
            path = growth.path
            if position < stop and path is not None:
                with storing(path):
                    chunk = await to_thread.run_sync(_read_piece, path, position, stop - position)
                if chunk and growth.generation == generation:
                    position += len(chunk)
                    given.update(chunk)
                    yield chunk
                elif not chunk and growth.complete and growth.path == path:
                    raise StorageError(path=str(path), reason="it was removed while it was read")
                # else: moved or started over at this very moment
            elif growth.error is not None:
                raise growth.error
            elif growth.complete:
                return
            else:
                await growth.changed()

    @property
    def _readable(self) -> int:
        """Up to where bytes may be handed out; those of a mirror only once the hash is right."""
        growth = self._growth
        if growth.complete:
            return growth.available
        size = growth.available if growth.size is None else growth.size
        certain = size if growth.certain is None else growth.certain
        return min(growth.available, certain, size - HELD_BACK)

    async def _see_that_it_stands(self, start: int, position: int, digest: bytes) -> None:
        """Wait for the complete file; what was handed out before it was begun again must be a part of it."""
        growth = self._growth
        while growth.error is None and not growth.complete:
            await growth.changed()
        if growth.error is not None:
            raise growth.error
        path = growth.path
        assert path is not None  # noqa: S101 - it is complete
        with storing(path):
            same = await to_thread.run_sync(_digest_of, path, start, position) == digest
        if not same:
            raise Dropped(
                url=self._url,
                reason="the file changed while it was read",
                received=position,
                expected=growth.size,
            )


def _read_piece(path: Path, position: int, length: int) -> bytes:
    """Read up to `length` bytes; nothing where the file has just been moved."""
    try:
        with path.open("rb") as file:
            file.seek(position)
            return file.read(length)
    except FileNotFoundError:
        return b""


def _digest_of(path: Path, start: int, end: int) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(start)
        while start < end and (chunk := file.read(min(MIB, end - start))):
            digest.update(chunk)
            start += len(chunk)
    return digest.digest()
