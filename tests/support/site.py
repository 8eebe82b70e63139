"""What the two halves of the fault server share: the place that answers come from."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Protocol

from tests.support.faults import ConnectionFault, Fault
from tests.support.recording import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """What a path holds."""

    content: memoryview = field(repr=False)
    content_type: str
    etag: str
    encoding: str = ""
    """How the content is packed already, whatever the client accepts (Content-Encoding)."""


class Site(Protocol):
    """What is served, how well, and who keeps count."""

    ranges: bool
    latency_s: float
    bytes_per_second: int | None
    connection_bytes_per_second: int | None
    link: threading.Lock
    """Held by the connection that is sending, where all share their bandwidth."""

    def meet_connection(self) -> ConnectionFault:
        """Say what the next connection meets."""

    def record(self, request: Request) -> Fault | None:
        """Note a request and tell the fault that it meets; None where it lacks the credentials."""

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

    def find(self, path: str, accept: str) -> Representation | None:
        """Find what `path` holds for a client that accepts these types."""
