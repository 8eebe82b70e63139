"""The answering half of the fault server: one request, and the fault that its answer meets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from tests.support import connections, faults
from tests.support.connections import Listener
from tests.support.faults import Fault
from tests.support.pages import JSON_TYPE
from tests.support.recording import Request
from tests.support.site import Representation, Site

SHAPED_CHUNK = 16 * 1024
CHUNK = 256 * 1024
_PORTAL = b"<html><body>Please log in to use this network.</body></html>"


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm: ClassVar[bool] = True
    server: Listener

    @property
    def site(self) -> Site:
        """What is answered from."""
        return self.server.site

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
        """Stay quiet: `FaultyIndex.requests` tells."""

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self._answer()

    def _answer(self) -> None:
        request = Request(
            method=self.command,
            path=unquote(urlsplit(self.path).path),
            range=self.headers.get("Range"),
            if_range=self.headers.get("If-Range"),
            authorization=self.headers.get("Authorization"),
            at_s=time.monotonic(),
        )
        fault = self.site.record(request)
        try:
            if self.site.latency_s:
                self._pause(self.site.latency_s)
            if fault is None:
                self._send_plain(request, 401, {"WWW-Authenticate": 'Basic realm="tests"'})
            else:
                self._meet(request, fault)
        finally:
            self.site.note(request, finished=True)

    def _meet(self, request: Request, fault: Fault) -> None:
        match fault:
            case faults.Status(code=code, retry_after=retry_after):
                headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
                self._send_plain(request, code, headers)
            case faults.RedirectTo(url=url):
                self._send_plain(request, 302, {"Location": url})
            case faults.RedirectLoop():
                self._send_plain(request, 302, {"Location": self.path})
            case faults.CaptivePortal():
                self._send_plain(request, 200, {"Content-Type": "text/html"}, _PORTAL)
            case faults.GarbagePage():
                self._send_plain(request, 200, {"Content-Type": JSON_TYPE}, b'{"files": [<<<')
            case faults.NeverAnswer():
                self._pause(None)
            case faults.SlowHeaders(seconds=seconds, then=then):
                self._pause(seconds)
                self._meet(request, then)
            case _:
                self._send_representation(request, fault)

    def _send_plain(self, request: Request, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.site.note(request, status=status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self._send(request, memoryview(body))

    def _send_representation(self, request: Request, fault: Fault) -> None:
        found = self.site.find(request.path, self.headers.get("Accept", ""))
        if found is None:
            self._send_plain(request, 404, {})
            return
        content = found.content
        if isinstance(fault, faults.WrongBytes):
            content = memoryview(bytes(content[:-1]) + bytes([content[-1] ^ 1]))
        if isinstance(fault, faults.Truncate):
            content = content[: fault.after]
        span = self._requested_range(found, len(content), fault)
        if not span and found.etag in self.headers.get("If-None-Match", ""):
            self._send_plain(request, 304, {"ETag": found.etag})
            return
        if span == (0, 0):
            self._send_plain(request, 416, {"Content-Range": f"bytes */{len(content)}"})
            return
        start, end = span or (0, len(content))
        self.site.note(request, start=start)
        self._send_head(request, found, len(content), span, fault)
        if self.command != "HEAD":
            self._send_body(request, content, start, end, fault)

    def _requested_range(self, found: Representation, size: int, fault: Fault) -> tuple[int, int] | None:
        """Start and end of the answer; None for the whole file, (0, 0) for 416."""
        wanted = self.headers.get("Range")
        condition = self.headers.get("If-Range")
        if (
            not wanted
            or not self.site.ranges
            or isinstance(fault, faults.IgnoreRange)
            or (condition is not None and condition != found.etag)
        ):
            return None
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, size - int(last))
        if isinstance(fault, faults.WrongOffset):
            start += fault.by
        end = min(size, int(last) + 1) if first and last else size
        return (start, end) if start < end else (0, 0)

    def _send_head(
        self, request: Request, found: Representation, size: int, span: tuple[int, int] | None, fault: Fault
    ) -> None:
        start, end = span or (0, size)
        status = 206 if span else 200
        self.site.note(request, status=status)
        self.send_response(status)
        self.send_header("Content-Type", found.content_type)
        if found.encoding:
            self.send_header("Content-Encoding", found.encoding)
        match fault:
            case faults.Chunked():
                self.send_header("Transfer-Encoding", "chunked")
            case faults.UntilClose():
                self.send_header("Connection", "close")  # and the base class closes after this answer
            case _:
                self.send_header("Content-Length", str(end - start))
        self.send_header("ETag", found.etag)
        if self.site.ranges:
            self.send_header("Accept-Ranges", "bytes")
        if span:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.end_headers()

    def _send_body(self, request: Request, content: memoryview, start: int, end: int, fault: Fault) -> None:
        match fault:
            case faults.Stall(after=stop) | faults.Reset(after=stop) | faults.EarlyClose(after=stop) if (
                stop < end
            ):
                self._send(request, content[start:stop])
                self._end_early(fault)
            case faults.CutEvery(size=size) if start + size < end:
                self._send(request, content[start : start + size])
                self._end_early(fault)
            case faults.Chunked(after=after):
                self._send_chunked(request, content[start : min(end, end if after is None else after)])
                if after is None:
                    self.wfile.write(b"0\r\n\r\n")
                self.close_connection = True
            case faults.UntilClose(after=after):
                self._send(request, content[start : min(end, end if after is None else after)])
            case faults.HoldTail() | faults.Hold():
                self._send_with_a_break(request, content, start, end, fault)
            case faults.Drip(bytes_per_second=rate):
                for piece in _pieces(content[start:end], max(1, rate // 20)):
                    self._send(request, piece)
                    self._pause(len(piece) / rate)
            case _:
                self._send(request, content[start:end])

    def _send_with_a_break(
        self,
        request: Request,
        content: memoryview,
        start: int,
        end: int,
        fault: faults.HoldTail | faults.Hold,
    ) -> None:
        held = end - fault.size if isinstance(fault, faults.HoldTail) else min(fault.after, end)
        held = max(start, held)
        self._send(request, content[start:held])
        match fault:
            case faults.HoldTail(seconds=seconds):
                self._pause(seconds)
            case faults.Hold(until=event):
                while not event.is_set():
                    self._pause(0.05)
        self._send(request, content[held:end])

    def _end_early(self, fault: Fault) -> None:
        match fault:
            case faults.Stall():
                self._pause(None)
            case faults.EarlyClose():
                self.close_connection = True
            case _:
                self.close_connection = True
                connections.reset(self.connection)

    def _send_chunked(self, request: Request, body: memoryview) -> None:
        for piece in _pieces(body, SHAPED_CHUNK):
            self.wfile.write(f"{len(piece):x}\r\n".encode())
            self._send(request, piece)
            self.wfile.write(b"\r\n")

    def _send(self, request: Request, body: memoryview) -> None:
        is_shaped = self.site.bytes_per_second or self.site.connection_bytes_per_second
        for piece in _pieces(body, SHAPED_CHUNK if is_shaped else CHUNK):
            self._take_turn(len(piece))
            self._send_at_once(request, piece)

    def _take_turn(self, size: int) -> None:
        """Let the time pass that `size` bytes take."""
        if self.site.connection_bytes_per_second:
            self._pause(size / self.site.connection_bytes_per_second)
        if self.site.bytes_per_second:
            with self.site.link:
                self._pause(size / self.site.bytes_per_second)

    def _send_at_once(self, request: Request, piece: memoryview) -> None:
        while piece:
            self.site.note(request, sent=len(piece))  # before the client can know that it has them
            taken = 0
            try:
                taken = self.connection.send(piece)
            finally:
                self.site.note(request, sent=taken - len(piece))
            piece = piece[taken:]

    def _pause(self, seconds: float | None) -> None:
        """Wait; whoever leaves meanwhile ends this connection."""
        try:
            connections.pause(self.connection, seconds)
        except connections.Gone:
            self.close_connection = True
            raise


def _pieces(body: memoryview, size: int) -> Iterator[memoryview]:
    return (body[position : position + size] for position in range(0, len(body), size))
