"""What the gateway needs from the parts below it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from resilient_pip.events import Subject
from resilient_pip.model import RemoteFile
from resilient_pip.transport.places import Find


class Answer(Protocol):
    """A small answer, read to its end."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def url(self) -> str:
        """Where it came from in the end, after redirects."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by names of any case."""

    @property
    def body(self) -> bytes:
        """The body, decoded from its content encoding."""


class Reader(Protocol):
    """Reads pages, metadata and parts of files, with retries (`transport.small.SmallReader`)."""

    async def read(
        self,
        url: str,
        *,
        subject: Subject,
        accept: str | None = None,
        byte_range: tuple[int, int | None] | int | None = None,
        limit: int = ...,
        absent: frozenset[int] = ...,
        mirrors: Sequence[Find] = ...,
        hashes: Mapping[str, str] | None = ...,
        check: Callable[[Any], Awaitable[None]] | None = ...,
    ) -> Answer:
        """Read one answer; raise AttemptsExhausted where its status is neither good nor in `absent`."""


class Stored(Protocol):
    """A complete, checked file on this machine."""

    @property
    def path(self) -> Path:
        """Where it is."""


class Following(Protocol):
    """A file that is being downloaded, followed as it grows."""

    async def size(self) -> int:
        """Give its length in bytes, as soon as that is known."""

    def read(self, start: int, end: int | None) -> AsyncIterator[bytes]:
        """Give the bytes from `start` to before `end` as they come; the last ones once they are checked."""


class Files(Protocol):
    """Downloads whole files, each once (`fetch.Downloads`)."""

    async def fetch(self, file: RemoteFile) -> Stored:
        """Download a file."""

    def received(self, file: RemoteFile) -> int:
        """Say how many bytes of a file a download that is under way or done has brought; 0 from the cache."""

    def follow(self, file: RemoteFile) -> AbstractAsyncContextManager[Following]:
        """Follow a file's download, started where it is not under way."""
