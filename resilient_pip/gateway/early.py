"""Files that will be in the plan by all that is known, fetched into the cache while pip still plans."""

from __future__ import annotations

from collections.abc import Container

import anyio
from anyio.abc import TaskGroup

from resilient_pip.errors import ResilientPipError
from resilient_pip.events import EarlyDownloadsEnded, Emit
from resilient_pip.gateway.seams import Files
from resilient_pip.model import ProjectName, RemoteFile
from resilient_pip.settings import MIB

MOST = 256 * MIB
"""Bytes that may be fetched before the plan is made: all of them could be in vain."""
_AT_ONCE = 4
"""Transfers: pages and metadata come over the same link."""
_LOOK_S = 0.27


class EarlyDownloads:
    """The downloads that are begun before the plan is made, of one gateway."""

    def __init__(self, *, files: Files, tasks: TaskGroup, emit: Emit) -> None:
        self._files = files
        self._tasks = tasks
        self._emit = emit
        self._begun: dict[str, RemoteFile] = {}
        self._received: dict[str, int] = {}
        self._scopes: dict[str, anyio.CancelScope] = {}
        """Those of the transfers under way, by URL."""
        self._turns = anyio.Semaphore(_AT_ONCE)
        self._is_over = False
        self._has_failed = False
        """Whether a transfer failed: then it is not the time for what may be in vain."""

    def begin(self, file: RemoteFile) -> None:
        """Fetch a file, unless that is begun already or enough was fetched."""
        if self._is_over or self._has_failed or file.url in self._begun:
            return
        if not self._begun:
            self._tasks.start_soon(self._watch)
        self._begun[file.url] = file
        self._tasks.start_soon(self._fetch, file)

    def leave(self, project: ProjectName, *, but: str) -> None:
        """End the transfers of a project's files, but for the one with this URL: pip has chosen that."""
        for url, file in self._begun.items():
            if file.project == project and url != but:
                self._cancel(url)

    def end(self, planned: Container[str]) -> None:
        """Begin nothing more; what is under way goes on where its URL is among those planned."""
        self._is_over = True
        if not self._begun:
            return
        self._count()
        for url in self._begun:
            if url not in planned:
                self._cancel(url)
        in_vain = sum(count for url, count in self._received.items() if url not in planned)
        self._emit(EarlyDownloadsEnded(received=sum(self._received.values()), in_vain=in_vain))

    async def _fetch(self, file: RemoteFile) -> None:
        async with self._turns:
            if self._is_over or self._has_failed:
                return
            with anyio.CancelScope() as scope:
                self._scopes[file.url] = scope
                try:
                    await self._files.fetch(file)
                except ResilientPipError:
                    self._has_failed = True  # what it means is judged where the plan needs the file
                finally:
                    del self._scopes[file.url]

    async def _watch(self) -> None:
        while not self._is_over:
            await anyio.sleep(_LOOK_S)
            self._count()
            if sum(self._received.values()) >= MOST:
                self._is_over = True
                for url in list(self._scopes):
                    self._cancel(url)

    def _count(self) -> None:
        for url in self._begun:
            self._received[url] = max(self._received.get(url, 0), self._files.received(self._begun[url]))

    def _cancel(self, url: str) -> None:
        self._count()
        if url in self._scopes:
            self._scopes[url].cancel()
