"""A package index on loopback, over real sockets, that fails as it is told to.

    with FaultyIndex() as index:
        torch = index.add(make_wheel("torch", "1.0", size=200_000))
        index.script(torch.path, [Stall(after=70_000), Reset(after=90_000), Status(503, retry_after=1), Ok()])

The n-th request for a path meets the n-th fault of its script, later ones the last. Every request is
recorded with what was asked, answered and sent.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import os
import select
import socket
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, final
from urllib.parse import quote, unquote, urlsplit

from tests.support import faults
from tests.support.faults import Fault, Ok
from tests.support.pages import JSON_TYPE, Shape, html_page, json_page
from tests.support.wheels import Distribution

CHUNK = 16 * 1024
PATIENCE_S = 10.0
"""How long anything that a test waits for may take."""


@dataclass(slots=True, kw_only=True)
class Request:
    """One request as the server saw it; `status` and `sent` grow while it is answered."""

    method: str
    path: str
    range: str | None
    if_range: str | None
    authorization: str | None
    at_s: float
    """Monotonic time of its arrival."""
    status: int | None = None
    sent: int = 0
    """Bytes of the body that were handed to the client."""
    finished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a path holds."""

    content: bytes = field(repr=False)
    content_type: str
    etag: str


@final
class FaultyIndex:
    """An index and its files, served until `stop`; use it as a context manager.

    Args:
        shape: what its pages tell.
        ranges: whether the server knows byte ranges.
        credentials: user and password that every request must carry.
        bytes_per_second: bandwidth of the server, shared by all connections.
    """

    def __init__(
        self,
        shape: Shape | None = None,
        *,
        ranges: bool = True,
        credentials: tuple[str, str] | None = None,
        bytes_per_second: int | None = None,
    ) -> None:
        self.shape = shape or Shape()
        self.ranges = ranges
        self.credentials = credentials
        self.bytes_per_second = bytes_per_second
        self.requests: list[Request] = []
        self._distributions: list[Distribution] = []
        self._extra: dict[str, tuple[bytes, str]] = {}
        self._scripts: dict[str, list[Fault]] = {}
        self._generations: dict[str, int] = {}
        self._changed = threading.Condition()
        self.link = threading.Lock()
        """Held by the connection that is sending, where bandwidth is limited."""
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="faulty-index")

    def __enter__(self) -> FaultyIndex:
        self._thread.start()
        return self

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
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join(PATIENCE_S)
        assert not self._server.failures, self._server.failures

    # --- what it serves ---

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The index URL, without credentials."""
        return f"http://{self.host}/simple/"

    @property
    def url_with_credentials(self) -> str:
        """The index URL as a user with credentials writes it."""
        assert self.credentials, "this index asks for no credentials"
        user, password = self.credentials
        return f"http://{quote(user, safe='')}:{quote(password, safe='')}@{self.host}/simple/"

    def url_of(self, path: str) -> str:
        """The URL of a path."""
        return f"http://{self.host}{quote(path)}"

    def add(self, distribution: Distribution) -> Distribution:
        """Serve a file and list it on its project's page; return it."""
        self._distributions.append(distribution)
        return distribution

    def put(self, path: str, content: bytes, content_type: str = "application/octet-stream") -> str:
        """Serve anything else at `path` and return its URL."""
        self._extra[path] = (content, content_type)
        return self.url_of(path)

    def script(self, path: str, story: Sequence[Fault]) -> None:
        """Say what the next requests for `path` meet, one fault each, the last one for ever."""
        assert story, "a script needs a fault; [Ok()] ends one"
        with self._changed:
            self._scripts[path] = list(story)

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

    # --- for the handler ---

    def record(self, request: Request) -> Fault | None:
        """Note a request and tell the fault that it meets; None where it lacks the credentials."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            if self.credentials and request.authorization != _basic(self.credentials):
                return None
            story = self._scripts.get(request.path, [Ok()])
            fault = story.pop(0) if len(story) > 1 else story[0]
            if isinstance(fault, faults.NewEtag):
                self._generations[request.path] = self._generations.get(request.path, 0) + 1
            return fault

    def note(
        self, request: Request, *, status: int | None = None, sent: int = 0, finished: bool = False
    ) -> None:
        """Note how the answer to a request goes."""
        with self._changed:
            request.status = request.status if status is None else status
            request.sent += sent
            request.finished = request.finished or finished
            self._changed.notify_all()

    def find(self, path: str, accept: str) -> Resource | None:
        """What `path` holds for a client that accepts these types."""
        found = self._find(path, accept)
        if found is None:
            return None
        content, content_type = found
        digest = hashlib.sha256(content).hexdigest()[:16]
        return Resource(
            content=content,
            content_type=content_type,
            etag=f'"{digest}-{self._generations.get(path, 0)}"',
        )

    def _find(self, path: str, accept: str) -> tuple[bytes, str] | None:
        if path in self._extra:
            return self._extra[path]
        for file in self._distributions:
            if path == file.path:
                return file.content, "application/octet-stream"
            if path == f"{file.path}.metadata" and self.shape.metadata and file.metadata is not None:
                return file.metadata, "application/octet-stream"
        own = [file for file in self._distributions if path == self.page_path(file.project)]
        if not own:
            return None
        if self.shape.json and (JSON_TYPE in accept or not self.shape.html):
            return json_page(own[0].project, own, self.shape), JSON_TYPE
        return html_page(own[0].project, own, self.shape), "text/html; charset=utf-8"


class _Server(ThreadingHTTPServer):
    """Keeps its connections and threads, so that it can end them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, index: FaultyIndex) -> None:
        self.index = index
        self.failures: list[BaseException] = []
        self._live: dict[threading.Thread, socket.socket] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection in a thread that `hang_up` knows."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True, name="connection"
        )
        self._live = {known: link for known, link in self._live.items() if known.is_alive()}
        self._live[thread] = request
        thread.start()

    def hang_up(self) -> None:
        """End every connection and wait for its thread."""
        for connection in self._live.values():
            with contextlib.suppress(OSError):  # it ended by itself
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._live:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "a connection of the fault server does not end"

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's signature
        """Keep what is not the client's going away: it is a fault of this server."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, (ConnectionError, _Gone)):
            self.failures.append(error)


class _Gone(Exception):
    """The client is gone, or the server stops."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm: ClassVar[bool] = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
        """Stay quiet: `FaultyIndex.requests` tells."""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        index = self.server.index
        request = Request(
            method=self.command,
            path=unquote(urlsplit(self.path).path),
            range=self.headers.get("Range"),
            if_range=self.headers.get("If-Range"),
            authorization=self.headers.get("Authorization"),
            at_s=time.monotonic(),
        )
        fault = index.record(request)
        try:
            if fault is None:
                self._send_plain(request, 401, {"WWW-Authenticate": 'Basic realm="tests"'})
            else:
                self._meet(request, fault)
        finally:
            index.note(request, finished=True)

    def _meet(self, request: Request, fault: Fault) -> None:
        match fault:
            case faults.Status(code=code, retry_after=retry_after):
                headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
                self._send_plain(request, code, headers)
            case faults.RedirectTo(url=url):
                self._send_plain(request, 302, {"Location": url})
            case faults.CaptivePortal():
                page = b"<html><body>Please log in to use this network.</body></html>"
                self._send_plain(request, 200, {"Content-Type": "text/html"}, page)
            case faults.GarbagePage():
                self._send_plain(request, 200, {"Content-Type": JSON_TYPE}, b'{"files": [<<<')
            case faults.NeverAnswer():
                self._pause(None)
            case faults.SlowHeaders(seconds=seconds):
                self._pause(seconds)
                self._send_resource(request, Ok())
            case _:
                self._send_resource(request, fault)

    def _send_plain(self, request: Request, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.server.index.note(request, status=status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self._send(request, body)

    def _send_resource(self, request: Request, fault: Fault) -> None:
        resource = self.server.index.find(request.path, self.headers.get("Accept", ""))
        if resource is None:
            self._send_plain(request, 404, {})
            return
        content = resource.content
        if isinstance(fault, faults.WrongBytes):
            content = content[:-1] + bytes([content[-1] ^ 1])
        if isinstance(fault, faults.Truncate):
            content = content[: fault.after]
        span = self._requested_range(resource, len(content), fault)
        if span == (0, 0):
            self._send_plain(request, 416, {"Content-Range": f"bytes */{len(content)}"})
            return
        start, end = span or (0, len(content))
        self._send_head(request, resource, len(content), span)
        if self.command != "HEAD":
            self._send_body(request, content, start, end, fault)

    def _requested_range(self, resource: Resource, size: int, fault: Fault) -> tuple[int, int] | None:
        """Start and end of the answer; None for the whole file, (0, 0) for 416."""
        wanted = self.headers.get("Range")
        condition = self.headers.get("If-Range")
        if (
            not wanted
            or not self.server.index.ranges
            or isinstance(fault, faults.IgnoreRange)
            or (condition is not None and condition != resource.etag)
        ):
            return None
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, size - int(last))
        if isinstance(fault, faults.WrongOffset):
            start += fault.by
        end = min(size, int(last) + 1) if first and last else size
        return (start, end) if start < end else (0, 0)

    def _send_head(
        self, request: Request, resource: Resource, size: int, span: tuple[int, int] | None
    ) -> None:
        start, end = span or (0, size)
        status = 206 if span else 200
        self.server.index.note(request, status=status)
        self.send_response(status)
        self.send_header("Content-Type", resource.content_type)
        self.send_header("Content-Length", str(end - start))
        self.send_header("ETag", resource.etag)
        if self.server.index.ranges:
            self.send_header("Accept-Ranges", "bytes")
        if span:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.end_headers()

    def _send_body(self, request: Request, content: bytes, start: int, end: int, fault: Fault) -> None:
        match fault:
            case faults.Stall(after=after) if after < end:
                self._send(request, content[start:after])
                self._pause(None)
            case faults.Reset(after=after) if after < end:
                self._send(request, content[start:after])
                self._reset()
            case faults.CutEvery(size=size) if start + size < end:
                self._send(request, content[start : start + size])
                self._reset()
            case faults.EarlyClose(after=after) if after < end:
                self._send(request, content[start:after])
                self.close_connection = True
            case faults.HoldTail(seconds=seconds, size=size):
                held = max(start, end - size)
                self._send(request, content[start:held])
                self._pause(seconds)
                self._send(request, content[held:end])
            case faults.Drip(bytes_per_second=rate):
                step = max(1, rate // 20)
                for position in range(start, end, step):
                    self._send(request, content[position : min(end, position + step)])
                    self._pause(step / rate)
            case _:
                self._send(request, content[start:end])

    def _send(self, request: Request, body: bytes) -> None:
        index = self.server.index
        for position in range(0, len(body), CHUNK):
            chunk = body[position : position + CHUNK]
            if index.bytes_per_second:
                with index.link:
                    self._pause(len(chunk) / index.bytes_per_second)
            index.note(request, sent=len(chunk))  # before the client can know that it has them
            try:
                self.connection.sendall(chunk)
            except OSError:
                index.note(request, sent=-len(chunk))
                raise

    def _pause(self, seconds: float | None) -> None:
        """Wait, for ever where None; a client that leaves, or a server that stops, ends it.

        Raises:
            _Gone: there is nobody to answer any more.
        """
        readable, _, _ = select.select([self.connection], [], [], seconds)
        if readable:
            self.close_connection = True
            raise _Gone

    def _reset(self) -> None:
        """Wait until what was sent has arrived, then end the connection with RST."""
        deadline = time.monotonic() + PATIENCE_S
        while self._unacknowledged() and time.monotonic() < deadline:
            self._pause(0.002)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())  # the base class would send FIN first
        self.close_connection = True

    def _unacknowledged(self) -> int:
        return int.from_bytes(fcntl.ioctl(self.connection, termios.TIOCOUTQ, b"\0" * 4), sys.byteorder)


def _basic(credentials: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(credentials).encode()).decode()
