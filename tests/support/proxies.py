"""A proxy on loopback: CONNECT, plain requests in full form (RFC 9112, 3.2.2), and SOCKS 5 (RFC 1928, 1929).

It knows names that no DNS does, so what arrives behind them went through it.
"""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import socketserver
import struct
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, final
from urllib.parse import quote, urlsplit

PATIENCE_S = 10.0
_SOCKS_5 = 5
_LOGIN, _NO_LOGIN = 2, 0


@final
class Proxy:
    """Serves until the end of its context.

    Args:
        hosts: what each "name:port" that may be asked for really is, as "address:port".
        credentials: user and password that every request must carry.
        answer: what it answers to everything instead, as "502 Bad Gateway"; empty: nothing, ever.
    """

    def __init__(
        self,
        hosts: Mapping[str, str],
        *,
        credentials: tuple[str, str] | None = None,
        answer: str | None = None,
    ) -> None:
        self.hosts = hosts
        self.credentials = credentials
        self.answer = answer
        self.asked: list[str] = []
        """The "name:port" of every request."""
        self.heads: list[str] = []
        """What it could read: the heads of requests and CONNECTs."""
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="proxy")

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_S)

    @property
    def host(self) -> str:
        """Host and port."""
        address, port = self._server.server_address[:2]
        return f"{address!s}:{port}"

    def url(self, scheme: str = "http") -> str:
        """Its URL, with the login where it wants one."""
        login = ":".join(quote(part, safe="") for part in self.credentials) + "@" if self.credentials else ""
        return f"{scheme}://{login}{self.host}"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    proxy: Proxy


class _Connection(socketserver.BaseRequestHandler):
    """One connection of a client, for one request."""

    server: _Server
    request: socket.socket

    def handle(self) -> None:
        """Find out what is spoken; a client that goes away is none of our business."""
        with contextlib.suppress(ConnectionError):
            first = self.request.recv(1, socket.MSG_PEEK)
            if first == bytes([_SOCKS_5]):
                self._socks()
            elif first:
                self._http()

    def _http(self) -> None:
        proxy = self.server.proxy
        head = b""
        while b"\r\n\r\n" not in head:
            if not (more := self.request.recv(65536)):
                return
            head += more
        text = head.decode("latin-1")
        proxy.heads.append(text)
        first, *headers = text.split("\r\n")
        method, target, _ = first.split(" ")
        parts = urlsplit(target)
        name = target if method == "CONNECT" else f"{parts.hostname}:{parts.port or 80}"
        proxy.asked.append(name)
        if proxy.answer == "":
            proxy.stopping.wait()
        elif proxy.answer is not None:
            self._refuse(proxy.answer)
        elif proxy.credentials and not any(_basic(proxy.credentials) in header for header in headers):
            self._refuse("407 Proxy Authentication Required")
        elif name not in proxy.hosts:
            self._refuse("404 No Such Host")
        elif method == "CONNECT":
            with self._upstream(name) as upstream:
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                self._pass_on(upstream)
        else:
            own = [header for header in headers if not header.lower().startswith("proxy-")]
            path = parts._replace(scheme="", netloc="").geturl()
            with self._upstream(name) as upstream:
                upstream.sendall("\r\n".join([f"{method} {path} HTTP/1.1", *own]).encode("latin-1"))
                self._pass_on(upstream)

    def _refuse(self, status: str) -> None:
        wants = 'Proxy-Authenticate: Basic realm="proxy"\r\n' if status.startswith("407") else ""
        self.request.sendall(
            f"HTTP/1.1 {status}\r\n{wants}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )

    def _socks(self) -> None:
        proxy = self.server.proxy
        _, count = self._read("BB")
        self._read(f"{count}s")
        self.request.sendall(bytes([_SOCKS_5, _LOGIN if proxy.credentials else _NO_LOGIN]))
        if proxy.credentials:
            _, length = self._read("BB")
            (user,) = self._read(f"{length}s")
            (length,) = self._read("B")
            (password,) = self._read(f"{length}s")
            is_right = (user.decode(), password.decode()) == proxy.credentials
            self.request.sendall(bytes([1, 0 if is_right else 1]))
            if not is_right:
                return
        _, _, _, kind, length = self._read("BBBBB")
        assert kind == 3, "only names are known here"
        host, port = self._read(f"!{length}sH")
        name = f"{host.decode()}:{port}"
        proxy.asked.append(name)
        reply = 0 if name in proxy.hosts else 4
        self.request.sendall(bytes([_SOCKS_5, reply, 0, 1, 0, 0, 0, 0, 0, 0]))
        if reply == 0:
            with self._upstream(name) as upstream:
                self._pass_on(upstream)

    def _read(self, form: str) -> tuple[Any, ...]:
        size = struct.calcsize(form)
        data = self.request.recv(size, socket.MSG_WAITALL)
        if len(data) < size:
            raise ConnectionResetError
        return struct.unpack(form, data)

    def _upstream(self, name: str) -> socket.socket:
        address, _, port = self.server.proxy.hosts[name].rpartition(":")
        return socket.create_connection((address, int(port)), PATIENCE_S)

    def _pass_on(self, upstream: socket.socket) -> None:
        """Carry bytes both ways until one side ends."""
        other = {self.request: upstream, upstream: self.request}
        while not self.server.proxy.stopping.is_set():
            for side in select.select(list(other), [], [], 0.2)[0]:
                if not (data := side.recv(65536)):
                    return
                other[side].sendall(data)


def _basic(credentials: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(credentials).encode()).decode()
