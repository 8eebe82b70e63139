"""What the gateway's tests share: an upstream made of values, wheels made in memory, a gateway over both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import anyio
import httpx

from resilient_pip.errors import (
    Attempt,
    AttemptsExhausted,
    BadContent,
    Dropped,
    Refused,
    ServerBusy,
    SourceError,
)
from resilient_pip.events import Event, Noted, Subject
from resilient_pip.gateway.server import Gateway
from resilient_pip.gateway.sources import Routes, Source
from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.index.pages import ListedFile
from resilient_pip.index.rewrite import JSON_TYPE
from resilient_pip.model import ProjectName, RemoteFile, SafeUrl, redact
from resilient_pip.transport.places import Find
from tests.support.wheels import Distribution

T = TypeVar("T")
INDEX = "http://one.test/simple"
FILES = "http://files.test"
PATIENCE_S = 20.0
TOO_LONG = 0
"""In place of a status: the body is longer than the reader takes."""
ENVIRONMENT = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "6.1",
    "platform_system": "Linux",
    "platform_version": "1",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}
TARGET = TargetMarkers(
    environment=ENVIRONMENT,
    tags=("cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-linux_x86_64", "cp311-none-any", "py3-none-any"),
)


def run(main: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine function; a test that hangs fails."""

    async def bounded() -> T:
        with anyio.fail_after(PATIENCE_S):
            return await main()

    return anyio.run(bounded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What the upstream holds at one URL."""

    body: bytes = b""
    content_type: str = "application/octet-stream"
    status: int = 200
    url: str | None = None
    """Where a redirect ends."""
    ranges: bool = True
    tells_length: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a read gives."""

    status: int = 200
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(kw_only=True)
class Upstream:
    """A network of values: URLs to what they hold, 404 elsewhere; it reads and downloads for the gateway."""

    folder: Path = Path("/nowhere")
    served: dict[str, Served] = field(default_factory=dict)
    held: dict[str, anyio.Event] = field(default_factory=dict)
    """URLs whose answers wait for an event."""
    reads: list[tuple[str, object]] = field(default_factory=list)
    """URL and range of each read, in order."""
    downloads: list[str] = field(default_factory=list)
    changed: anyio.Event = field(default_factory=anyio.Event)
    broken_at: dict[str, int] = field(default_factory=dict)
    """URLs of files whose downloads fail, and after how many bytes."""

    def page(
        self,
        project: str,
        *entries: Mapping[str, Any],
        index: str = INDEX,
        keys: Mapping[str, Any] | None = None,
    ) -> str:
        """Put a JSON page and return its URL."""
        url = f"{index}/{project}/"
        document = {"meta": {"api-version": "1.1"}, "name": project, "files": list(entries), **(keys or {})}
        self.served[url] = Served(body=json.dumps(document).encode(), content_type=JSON_TYPE)
        return url

    def project(self, *files: Distribution, index: str = INDEX, metadata: bool = True) -> str:
        """Put the page of a project with its files, and metadata beside the wheels."""
        entries = []
        for file in files:
            url = f"{FILES}/{file.filename}"
            self.served[url] = Served(body=file.content)
            entry = {
                "filename": file.filename,
                "url": url,
                "hashes": {"sha256": file.sha256},
                "size": file.size,
            }
            if metadata and file.metadata is not None:
                entry["core-metadata"] = {"sha256": hashlib.sha256(file.metadata).hexdigest()}
                self.served[url + ".metadata"] = Served(body=file.metadata)
            entries.append(entry)
        return self.page(files[0].project, *entries, index=index)

    def reads_of(self, url: str) -> int:
        """How often a URL was read."""
        return sum(read == url for read, _ in self.reads)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the reads fulfil a condition."""
        while not condition():
            await self.changed.wait()

    async def read(
        self,
        url: str,
        *,
        subject: Subject,  # noqa: ARG002 - the seam's signature
        accept: str | None = None,  # noqa: ARG002 - the seam's signature
        byte_range: tuple[int, int | None] | int | None = None,
        limit: int = 2**26,
        absent: frozenset[int] = frozenset({404, 410}),
        mirrors: Sequence[Find] = (),  # noqa: ARG002 - the seam's signature
        hashes: Mapping[str, str] | None = None,  # noqa: ARG002 - the seam's signature
        check: Callable[[Answer], Awaitable[None]] | None = None,
    ) -> Answer:
        """Answer as `SmallReader` does."""
        self.reads.append((url, byte_range))
        self.changed.set()
        self.changed = anyio.Event()
        if url in self.held:
            await self.held[url].wait()
        found = self.served.get(url, Served(status=404))
        final = found.url or url
        if found.status in absent:
            return Answer(status=found.status, url=final)
        if found.status != 200:
            raise exhausted(url, found.status)
        assert len(found.body) <= limit
        headers = {"content-type": found.content_type}
        if found.tells_length:
            headers["content-length"] = str(len(found.body))
        if byte_range is None or not found.ranges:
            # Like the real one: a server that ignores the range is not listened to.
            body = found.body if byte_range is None else b""
            answer = Answer(url=final, headers=headers, body=body)
            if check is not None:
                await _checked(check, answer)
            return answer
        part = slice(byte_range, None) if isinstance(byte_range, int) else slice(*byte_range)
        start, end, _ = part.indices(len(found.body))
        headers = {"Content-Range": f"bytes {start}-{end - 1}/{len(found.body)}"}
        return Answer(status=206, url=final, headers=headers, body=found.body[start:end])

    async def fetch(self, file: RemoteFile) -> Stored:
        """Download as `Downloads` does."""
        self.downloads.append(file.url)
        found = self.served[file.url]
        if found.status != 200 or file.url in self.broken_at:
            raise exhausted(file.url, found.status)
        path = self.folder / file.filename
        await anyio.Path(path).write_bytes(found.body)
        return Stored(path=path)

    def received(self, file: RemoteFile) -> int:
        """Say that a file that was downloaded came over the network."""
        return len(self.served[file.url].body) if file.url in self.downloads else 0

    @asynccontextmanager
    async def follow(self, file: RemoteFile) -> AsyncIterator[Followed]:
        """Follow a download as `Downloads` does."""
        self.downloads.append(file.url)
        yield Followed(file=file, upstream=self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file on disk."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A file that comes in pieces of 1000 bytes."""

    file: RemoteFile
    upstream: Upstream

    async def size(self) -> int:
        """Its length, unless its server refuses it."""
        found = self.upstream.served.get(self.file.url, Served(status=404))
        if found.status != 200:
            raise exhausted(self.file.url, found.status)
        return len(found.body)

    async def read(self, start: int, end: int | None) -> AsyncIterator[bytes]:
        """Its bytes, held or broken off where the test says so."""
        body = self.upstream.served[self.file.url].body
        limit = self.upstream.broken_at.get(self.file.url, len(body))
        for place in range(start, end or len(body), 1000):
            if place >= limit:
                if self.file.url in self.upstream.held:
                    await self.upstream.held[self.file.url].wait()
                raise exhausted(self.file.url, 200)
            yield body[place : min(place + 1000, end or len(body))]


async def _checked(check: Callable[[Answer], Awaitable[None]], answer: Answer) -> None:
    try:
        await check(answer)
    except BadContent as error:
        raise _after_one_try(error) from error


def exhausted(url: str, status: int) -> AttemptsExhausted:
    """Say what the transport says after its last try: refused, busy, or dropped (200)."""
    safe = redact(url)
    last: SourceError = Refused(url=safe, status=status)
    if status >= 500:
        last = ServerBusy(url=safe, status=status)
    elif status == TOO_LONG:
        last = BadContent(url=safe, reason="longer than allowed")
    elif status == 200:
        last = Dropped(url=safe, reason="connection reset", received=0, expected=None)
    return _after_one_try(last)


def _after_one_try(last: SourceError) -> AttemptsExhausted:
    return AttemptsExhausted(
        url=last.url, last=last, attempts=(Attempt(error=last, at_s=0.0, received=0),), elapsed_s=1.0
    )


def listed(
    file: Distribution, *, metadata: Mapping[str, str] | None = None, url: str = "", **changes: Any
) -> ListedFile:
    """List a file as an index does."""
    return ListedFile(
        file=RemoteFile(
            project=ProjectName(file.project),
            filename=file.filename,
            url=url or f"{FILES}/{file.filename}",
            hashes={"sha256": file.sha256},
            size=changes.pop("size", file.size),
            index=SafeUrl(INDEX),
        ),
        metadata=metadata,
        raw={},
        **changes,
    )


@dataclass(kw_only=True)
class Running:
    """A gateway, what it told and a client that talks to it like pip."""

    gateway: Gateway
    client: httpx.AsyncClient
    events: list[Event]

    @property
    def notes(self) -> list[str]:
        """What the user is told."""
        return [event.message for event in self.events if isinstance(event, Noted)]

    async def get_page(self, project: str, *, number: int = 0, accept: str = JSON_TYPE) -> httpx.Response:
        """Ask for a page."""
        return await self.client.get(
            f"{self.gateway.index_urls[number]}{project}/", headers={"Accept": accept}
        )

    async def file_urls(self, project: str, *, number: int = 0) -> list[str]:
        """The URLs of a page."""
        return [entry["url"] for entry in (await self.get_page(project, number=number)).json()["files"]]


@asynccontextmanager
async def running(
    upstream: Upstream,
    sources: Sequence[Source] = (Source(url=INDEX),),
    *,
    routes: Routes = Routes(),  # noqa: B008 - a frozen value
    target: TargetMarkers | None = None,
) -> AsyncIterator[Running]:
    """Run a gateway over the upstream."""
    events: list[Event] = []
    gateway = Gateway(
        sources=sources, routes=routes, reader=upstream, downloads=upstream, emit=events.append, target=target
    )
    async with httpx.AsyncClient(trust_env=False) as client, gateway:
        yield Running(gateway=gateway, client=client, events=events)
