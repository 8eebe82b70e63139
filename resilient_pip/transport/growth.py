"""What is known of a file while it is fetched, for those who read along."""

from __future__ import annotations

from pathlib import Path

import anyio

from resilient_pip.errors import ResilientPipError


class Growth:
    """One writer tells, any number of readers wait."""

    def __init__(self, size: int | None) -> None:
        self.size = size
        self.path: Path | None = None
        """Where the bytes are; it moves when the file is finished."""
        self.available = 0
        """Bytes on disk, unchecked unless `complete`."""
        self.certain: int | None = None
        """Bytes up to which none came from a mirror, since one gave any; None: none did."""
        self.generation = 0
        """Counts how often what was there turned out to be other bytes than what comes now."""
        self.complete = False
        """All bytes are there and their hash is right."""
        self.error: ResilientPipError | None = None
        self._told = anyio.Event()

    def tell(self) -> None:
        """Wake all that wait."""
        self._told.set()
        self._told = anyio.Event()

    async def changed(self) -> None:
        """Wait until something is told."""
        await self._told.wait()
