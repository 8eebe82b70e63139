"""What the transport's tests share: a client with short limits, files on a faulty server, event checks."""

from __future__ import annotations

import hashlib
import random
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import anyio

from resilient_pip.cache.answers import Answers
from resilient_pip.cache.store import Store
from resilient_pip.events import Event, RetryScheduled, TransferFinished, TransferStarted, TransferWaiting
from resilient_pip.fetch import Downloads
from resilient_pip.model import Network, RemoteFile, project_name
from resilient_pip.settings import Settings
from resilient_pip.transport.client import Client
from resilient_pip.transport.credentials import Credentials
from resilient_pip.transport.small import SmallReader
from tests.support.faultserver import FaultyIndex

T = TypeVar("T")
PATIENCE_S = 30.0
QUICK: dict[str, Any] = {
    "backoff_base_s": 0.001,
    "backoff_cap_s": 0.01,
    "connect_timeout_s": 5.0,
    "first_byte_timeout_s": 0.5,
    "page_timeout_s": 0.5,
    "stall_timeout_s": 0.3,
    "tail_timeout_s": 0.3,
    "page_deadline_s": 5.0,
}
CONTENT = random.Random(7).randbytes(3_000_000)  # noqa: S311 - the same bytes in every process
PATH = "/files/demo-1.0.tar.gz"


def run(main: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine function; a test that hangs fails."""

    async def bounded() -> T:
        with anyio.fail_after(PATIENCE_S):
            return await main()

    return anyio.run(bounded)


def remote(
    url: str,
    content: bytes | None = CONTENT,
    *,
    hashes: Mapping[str, str] | None = None,
    size: int | None = None,
) -> RemoteFile:
    """Describe a file as an index does: with its SHA-256 and size, unless told otherwise."""
    known = {} if content is None else {"sha256": hashlib.sha256(content).hexdigest()}
    return RemoteFile(
        project=project_name("demo"),
        filename=unquote(urlsplit(url).path.rpartition("/")[2]),
        url=url,
        hashes=known if hashes is None else hashes,
        size=size if content is None or size is not None else len(content),
    )


def quick(**changes: Any) -> Settings:
    """Make settings with short limits."""
    return Settings(**{**QUICK, **changes})


@dataclass
class Rig:
    """One run's transport over one cache folder."""

    cache: Path
    settings: Settings = field(default_factory=quick)
    index_urls: tuple[str, ...] = ()
    events: list[Event] = field(default_factory=list)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """Open a client."""
        credentials = Credentials(self.index_urls, {})
        async with Client(
            network=Network(), settings=self.settings, credentials=credentials, environ={}
        ) as client:
            yield client

    @asynccontextmanager
    async def downloads(self) -> AsyncIterator[Downloads]:
        """Open a client and downloads into the cache folder."""
        async with self.client() as client:
            yield Downloads(
                client=client, store=Store(self.cache), settings=self.settings, emit=self.events.append
            )

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[SmallReader]:
        """Open a client and a reader of small things that keeps them in the cache folder."""
        async with self.client() as client:
            yield SmallReader(client, self.settings, self.events.append, answers=Answers(self.cache))

    @property
    def finished(self) -> list[TransferFinished]:
        """How the transfers ended, in order; asserts that each that started ended once."""
        started = Counter(event.subject for event in self.events if isinstance(event, TransferStarted))
        finished = [event for event in self.events if isinstance(event, TransferFinished)]
        assert started == Counter(event.subject for event in finished)
        return finished

    @property
    def causes(self) -> list[str]:
        """Why tries failed, in order."""
        return [event.cause for event in self.events if isinstance(event, RetryScheduled)]

    @property
    def reasons(self) -> list[str]:
        """What was waited for, in order."""
        return [event.reason for event in self.events if isinstance(event, TransferWaiting)]


def ranges(index: FaultyIndex, path: str = PATH) -> list[str | None]:
    """The Range headers of the requests for a path."""
    return [request.range for request in index.requests_for(path)]


@contextmanager
def answering(answer: bytes, wrap: Callable[[socket.socket], socket.socket] | None = None) -> Iterator[int]:
    """Serve these bytes to every connection, then close it; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return  # the test is over
                try:
                    connection = wrap(connection) if wrap else connection
                    connection.recv(65536)
                    connection.sendall(answer)
                except OSError:
                    pass  # the client does not want it
                finally:
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
