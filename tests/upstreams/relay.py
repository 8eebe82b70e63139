"""A wire between the tool and a server that has no faults of its own: it can break."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType

_PIECE = 64 * 1024
PATIENCE_S = 30.0


class Relay:
    """Passes bytes between a port of its own and another one; use it as a context manager.

    Args:
        port: where the server listens, on 127.0.0.1.
        cut_after: of the first connection on which the server has sent this many bytes, both ends are closed.
        at_cut: is called right before.
    """

    def __init__(self, port: int, *, cut_after: int, at_cut: Callable[[], None]) -> None:
        self._port = port
        self._cut_after = cut_after
        self._at_cut = at_cut
        self._is_cut = False
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._links: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, name="relay")]
        self.sent = 0
        """Bytes that went from the server to its clients."""

    @property
    def host(self) -> str:
        """Where clients find it."""
        return f"127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Relay:  # noqa: PYI034 - typing.Self is new in Python 3.11
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _close(self._listening)
        for link in self._links:
            _close(link)
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "a thread of the relay does not end"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed by `__exit__`
            while True:
                client, _ = self._listening.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._port), PATIENCE_S)
                except OSError:
                    client.close()
                    continue
                self._links += [client, server]
                for way in ((client, server, False), (server, client, True)):
                    thread = threading.Thread(target=self._pass_on, args=way, name="relay", daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:  # noqa: FBT001 - a thread's arguments are positional
        sent = 0
        with contextlib.suppress(OSError):  # one of the two has left
            while piece := source.recv(_PIECE):
                target.sendall(piece)
                if is_answer:
                    sent += len(piece)
                    with self._lock:
                        self.sent += len(piece)
                        if self._is_cut or sent < self._cut_after:
                            continue
                        self._is_cut = True
                    self._at_cut()
                    break
        _close(source)
        _close(target)


def _close(link: socket.socket) -> None:
    """End a connection, or the waiting for one, whoever waits."""
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
    link.close()
