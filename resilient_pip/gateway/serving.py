"""uvicorn as the gateway runs it: on a port of loopback, in the run's own loop."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from resilient_pip.gateway.connection import Connection

LOOPBACK = "127.0.0.1"
_BACKLOG = 128


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals are the session's business."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(_config(app))

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take no signal."""
        yield


def listen(port: int) -> socket.socket:
    """Open a port on loopback: this one, or where it is taken any.

    The protocol is named because asyncio turns Nagle's algorithm off only then; it would cost 40 ms for each
    answer (header and body are two writes, and the peer delays its acknowledgement of the first).
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Connections of a run that has just ended keep no other from having its port.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with suppress(OSError):
        listening.bind((LOOPBACK, port))
    if not listening.getsockname()[1]:
        listening.bind((LOOPBACK, 0))
    listening.listen(_BACKLOG)
    return listening


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http=Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        # Its errors are broken streams, recorded here already, and bugs, which the guard records.
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # else a header would say who the client is
        timeout_keep_alive=300,
        timeout_graceful_shutdown=0,
    )
