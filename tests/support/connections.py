"""The listening half of the fault server: connections that it can refuse, ignore, break and end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import ssl
import struct
import sys
import termios
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.faults import Deaf, HangUp
from tests.support.site import Site

PATIENCE_S = 10.0
"""How long anything that a test waits for may take."""


class Gone(Exception):
    """The client is gone, or the server stops."""


class Listener(ThreadingHTTPServer):
    """Keeps its connections and threads, so that it can end them.

    Args:
        address: where to listen; the port is chosen, and taken, at once.
        handler: answers the requests of one connection.
        site: whose connections these are.
        tls: the server's side of TLS; None for plain HTTP.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        address: str,
        handler: type[BaseHTTPRequestHandler],
        *,
        site: Site,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.failures: list[BaseException] = []
        self.site = site
        self._tls = tls
        self._live: dict[threading.Thread, socket.socket] = {}
        super().__init__((address, 0), handler, bind_and_activate=False)
        self.server_bind()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; its handshake is left to its thread."""
        connection, client = super().get_request()
        if self._tls is None:
            return connection, client
        return self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), client

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection in a thread that `hang_up` knows."""
        thread = threading.Thread(
            target=self._serve, args=(request, client_address), daemon=True, name="connection"
        )
        self._live = {known: link for known, link in self._live.items() if known.is_alive()}
        self._live[thread] = request
        thread.start()

    def _serve(self, connection: Any, client_address: Any) -> None:
        match self.site.meet_connection():
            case HangUp():
                reset(connection)
            case Deaf():
                _outlast(connection)
                self.shutdown_request(connection)
            case _:
                self.process_request_thread(connection, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, where that is to be done, and answer."""
        if isinstance(request, ssl.SSLSocket):
            request.do_handshake()
        super().finish_request(request, client_address)

    def hang_up(self) -> None:
        """End every connection and wait for its thread."""
        for connection in self._live.values():
            with contextlib.suppress(OSError):  # it ended by itself
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # TLS's own would wait for the client
        for thread in self._live:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "a connection of the fault server does not end"

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's signature
        """Keep what is not the client's going away, or its distrust: it is a fault of this server."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, (ConnectionError, ssl.SSLError, Gone)):
            self.failures.append(error)


def pause(connection: socket.socket, seconds: float | None) -> None:
    """Wait, for ever where None; a client that leaves, or a server that stops, ends it.

    Raises:
        Gone: there is nobody to answer any more.
    """
    readable, _, _ = select.select([connection], [], [], seconds)
    if readable:
        raise Gone


def reset(connection: socket.socket) -> None:
    """Wait until what was sent has arrived, then end the connection with RST."""
    deadline_s = time.monotonic() + PATIENCE_S
    while _unacknowledged(connection) and time.monotonic() < deadline_s:
        pause(connection, 0.002)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())  # the server's own way of closing would send FIN first


def _outlast(connection: socket.socket) -> None:
    """Wait until the other side closes, without reading what it sent."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    poll.poll()


def _unacknowledged(connection: socket.socket) -> int:
    return int.from_bytes(fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4), sys.byteorder)
