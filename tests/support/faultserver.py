"""A package index on loopback, over real sockets, that fails as it is told to.

    with FaultyIndex() as index:
        torch = index.add(make_wheel("torch", "1.0", size=200_000))
        index.script(torch.path, [Stall(after=70_000), Reset(after=90_000), Status(503, retry_after=1), Ok()])

The n-th request for a path meets the n-th fault of its script, later ones the last; likewise the n-th
connection. Every request is recorded with what was asked, answered and sent. Paths and offsets: `recording`;
connections: `connections`; answers: `answers`.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
import threading
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from types import TracebackType
from typing import TypeVar, final
from urllib.parse import quote

from tests.support import faults
from tests.support.answers import Handler
from tests.support.connections import PATIENCE_S, Listener
from tests.support.faults import ConnectionFault, Fault, Ok
from tests.support.pages import JSON_TYPE, Shape, html_page, json_page
from tests.support.recording import Request
from tests.support.site import Representation
from tests.support.wheels import Distribution

T = TypeVar("T")


@final
class FaultyIndex:
    """An index and its files, served until `stop`; use it as a context manager.

    Args:
        shape: what its pages tell.
        ranges: whether the server knows byte ranges.
        credentials: user and password that every request must carry.
        bytes_per_second: bandwidth of the server, shared by all connections.
        connection_bytes_per_second: bandwidth of each connection.
        latency_s: seconds that every answer takes to begin.
        tls: the server's side of TLS, for https.
        address: where to listen; all of 127.0.0.0/8 is loopback on Linux, so 127.0.0.2 is another host.
        files_url: what the URLs of files on its pages begin with, where files come from another host.
        closed_for_s: for how long it refuses connections at first.
    """

    def __init__(
        self,
        shape: Shape | None = None,
        *,
        ranges: bool = True,
        credentials: tuple[str, str] | None = None,
        bytes_per_second: int | None = None,
        connection_bytes_per_second: int | None = None,
        latency_s: float = 0.0,
        tls: ssl.SSLContext | None = None,
        address: str = "127.0.0.1",
        files_url: str | None = None,
        closed_for_s: float = 0.0,
    ) -> None:
        self.shape = shape or Shape()
        self.ranges = ranges
        self.credentials = credentials
        self.bytes_per_second = bytes_per_second
        self.connection_bytes_per_second = connection_bytes_per_second
        self.latency_s = latency_s
        self.files_url = files_url
        self.requests: list[Request] = []
        self._distributions: list[Distribution] = []
        self._extra: dict[str, tuple[bytes, str]] = {}
        self._encodings: dict[str, str] = {}
        self._scripts: dict[str, list[Fault]] = {}
        self._patterns: dict[str, list[Fault]] = {}
        self._connections: list[ConnectionFault] = [Ok()]
        self._generations: dict[str, int] = {}
        self._changed = threading.Condition()
        self.link = threading.Lock()
        """Held by the connection that is sending, where all share their bandwidth."""
        self._scheme = "https" if tls else "http"
        self._server = Listener(address, Handler, site=self, tls=tls)
        self._closed_for_s = closed_for_s
        self._stopping = threading.Event()
        if not closed_for_s:
            self._server.server_activate()
        self._thread = threading.Thread(target=self._serve, name="faulty-index")

    def __enter__(self) -> FaultyIndex:
        self._thread.start()
        return self

    def _serve(self) -> None:
        if self._closed_for_s:
            self._stopping.wait(min(self._closed_for_s, threading.TIMEOUT_MAX))
            self._server.server_activate()
        self._server.serve_forever(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End every answer, held ones too, and refuse connections from now on.

        Raises:
            AssertionError: the server itself failed on a request, or a thread does not end.
        """
        if not self._thread.is_alive():
            return
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join(PATIENCE_S)
        assert not self._server.failures, self._server.failures

    # --- what it serves ---

    @property
    def host(self) -> str:
        """Host and port."""
        address, port = self._server.server_address[:2]
        return f"{address!s}:{port}"

    @property
    def url(self) -> str:
        """The index URL, without credentials."""
        return f"{self._scheme}://{self.host}/simple/"

    @property
    def url_with_credentials(self) -> str:
        """The index URL as a user with credentials writes it."""
        assert self.credentials, "this index asks for no credentials"
        user, password = self.credentials
        return f"{self._scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{self.host}/simple/"

    def url_of(self, path: str) -> str:
        """The URL of a path."""
        return f"{self._scheme}://{self.host}{quote(path)}"

    def add(self, distribution: Distribution) -> Distribution:
        """Serve a file and list it on its project's page; return it."""
        self._distributions.append(distribution)
        return distribution

    @property
    def projects(self) -> set[str]:
        """The (normalised) projects that it has pages of."""
        return {file.project for file in self._distributions}

    def put(
        self,
        path: str,
        content: bytes,
        content_type: str = "application/octet-stream",
        *,
        encoding: str = "",
    ) -> str:
        """Serve anything else at `path`, packed as `encoding` says, and return its URL."""
        self._extra[path] = (content, content_type)
        self._encodings[path] = encoding
        return self.url_of(path)

    def script(self, path: str, story: Sequence[Fault]) -> None:
        """Say what the next requests for `path` meet, one fault each, the last one for ever.

        A `path` with a `*` stands for each that fits and has no script of its own, counted each apart.
        """
        assert story, "a script needs a fault; [Ok()] ends one"
        with self._changed:
            (self._patterns if "*" in path else self._scripts)[path] = list(story)

    def script_connections(self, story: Sequence[ConnectionFault]) -> None:
        """Say what the next connections meet, one fault each, the last one for ever."""
        assert story, "a script needs a fault; [Ok()] ends one"
        with self._changed:
            self._connections = list(story)

    def page_path(self, project: str) -> str:
        """Where the simple page of a (normalised) project is."""
        return f"/simple/{project}/"

    # --- what it saw ---

    def requests_for(self, path: str) -> list[Request]:
        """The requests for one path, in order."""
        with self._changed:
            return [request for request in self.requests if request.path == path]

    def sent(self, path: str | None = None) -> int:
        """Bytes of bodies sent, for one path or in all."""
        with self._changed:
            return sum(request.sent for request in self.requests if path in (None, request.path))

    def wait_until(self, condition: Callable[[FaultyIndex], bool], timeout_s: float = PATIENCE_S) -> None:
        """Wait until what was recorded fulfils `condition`.

        Raises:
            AssertionError: it does not come true in time.
        """
        with self._changed:
            met = self._changed.wait_for(lambda: condition(self), timeout_s)
            assert met, f"not met within {timeout_s} s; requests: {self.requests}"

    # --- for those who answer (`site.Site`) ---

    def meet_connection(self) -> ConnectionFault:
        """Say what the next connection meets."""
        with self._changed:
            return _next(self._connections)

    def record(self, request: Request) -> Fault | None:
        """Note a request and tell the fault that it meets; None where it lacks the credentials."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            if self.credentials and request.authorization != _basic(self.credentials):
                return None
            fault = _next(self._story(request.path))
            if isinstance(fault, faults.NewEtag):
                self._generations[request.path] = self._generations.get(request.path, 0) + 1
            return fault

    def _story(self, path: str) -> list[Fault]:
        for pattern, story in self._patterns.items():
            if path not in self._scripts and fnmatchcase(path, pattern):
                self._scripts[path] = list(story)
        return self._scripts.get(path, [Ok()])

    def note(
        self,
        request: Request,
        *,
        status: int | None = None,
        start: int | None = None,
        sent: int = 0,
        finished: bool = False,
    ) -> None:
        """Note how the answer to a request goes."""
        with self._changed:
            request.status = request.status if status is None else status
            request.start = request.start if start is None else start
            request.sent += sent
            request.finished = request.finished or finished
            self._changed.notify_all()

    def find(self, path: str, accept: str) -> Representation | None:
        """What `path` holds for a client that accepts these types."""
        found = self._find(path, accept)
        if found is None:
            return None
        content, content_type, digest = found
        return Representation(
            content=memoryview(content),
            content_type=content_type,
            etag=f'"{digest[:16]}-{self._generations.get(path, 0)}"',
            encoding=self._encodings.get(path, ""),
        )

    def _find(self, path: str, accept: str) -> tuple[bytes, str, str] | None:
        """Find content, type and digest: of a file the digest is known, and a gigabyte takes its time."""
        if path in self._extra:
            return _digested(*self._extra[path])
        for file in self._distributions:
            if path == file.path:
                return file.content, "application/octet-stream", file.sha256
            if path == f"{file.path}.metadata" and self.shape.metadata and file.metadata is not None:
                return _digested(file.metadata, "application/octet-stream")
        own = [file for file in self._distributions if path == self.page_path(file.project)]
        if not own:
            return None
        project, file_url = own[0].project, self._file_url if self.files_url else None
        if self.shape.json and (JSON_TYPE in accept or not self.shape.html):
            return _digested(json_page(project, own, self.shape, file_url), JSON_TYPE)
        return _digested(html_page(project, own, self.shape, file_url), "text/html; charset=utf-8")

    def _file_url(self, file: Distribution) -> str:
        return f"{self.files_url}{quote(file.path)}"


def _next(story: list[T]) -> T:
    return story.pop(0) if len(story) > 1 else story[0]


def _digested(content: bytes, content_type: str) -> tuple[bytes, str, str]:
    return content, content_type, hashlib.sha256(content).hexdigest()


def _basic(credentials: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(credentials).encode()).decode()
