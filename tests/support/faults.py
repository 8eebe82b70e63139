"""What can go wrong with one answer of a server, as values: a script is a list of these.

`after` is always an offset into the whole file, so that `[Stall(after=70_000), Reset(after=90_000), Ok()]`
tells how far each try comes, wherever it starts.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Ok:
    """The answer as it should be."""


@dataclass(frozen=True, slots=True)
class Stall:
    """Bytes up to `after`, then silence on an open connection for as long as the client stays."""

    after: int


@dataclass(frozen=True, slots=True)
class Reset:
    """Bytes up to `after`, then TCP RST."""

    after: int


@dataclass(frozen=True, slots=True)
class EarlyClose:
    """Bytes up to `after`, then FIN, although Content-Length promised more."""

    after: int


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file that ends at `after`, with a Content-Length that says so: complete in HTTP's eyes."""

    after: int


@dataclass(frozen=True, slots=True)
class Status:
    """No content but this status; `retry_after` in seconds, or as an HTTP date."""

    code: int
    retry_after: int | str | None = None


@dataclass(frozen=True, slots=True)
class WrongBytes:
    """As many bytes as promised, but others (the last one differs)."""


@dataclass(frozen=True, slots=True)
class IgnoreRange:
    """200 with the whole file, whatever Range says."""


@dataclass(frozen=True, slots=True)
class WrongOffset:
    """206 that starts `by` bytes after what was asked for, and says so."""

    by: int


@dataclass(frozen=True, slots=True)
class NewEtag:
    """From this request on the file has another ETag (a farm of servers that do not agree on them)."""


@dataclass(frozen=True, slots=True)
class SlowHeaders:
    """Silence for `seconds` before the status line, then `then`."""

    seconds: float
    then: Fault = Ok()


@dataclass(frozen=True, slots=True)
class HoldTail:
    """The last `size` bytes come only after `seconds` (a proxy that scans a file before it lets go)."""

    seconds: float
    size: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Bytes up to `after`, the others once the event `until` is set."""

    after: int
    until: threading.Event


@dataclass(frozen=True, slots=True)
class Drip:
    """At most this many bytes a second."""

    bytes_per_second: int


@dataclass(frozen=True, slots=True)
class CutEvery:
    """`size` bytes of each request, then TCP RST."""

    size: int


@dataclass(frozen=True, slots=True)
class CaptivePortal:
    """200 with an HTML page that asks to log in, for whatever was asked."""


@dataclass(frozen=True, slots=True)
class RedirectTo:
    """302 to `url`."""

    url: str


@dataclass(frozen=True, slots=True)
class GarbagePage:
    """200, declared as JSON, and no JSON."""


@dataclass(frozen=True, slots=True)
class NeverAnswer:
    """The request is read and never answered."""


@dataclass(frozen=True, slots=True)
class RedirectLoop:
    """302 to what was asked for."""


@dataclass(frozen=True, slots=True)
class Chunked:
    """Chunked transfer coding instead of a length; cut short at `after` by FIN, without the last chunk."""

    after: int | None = None


@dataclass(frozen=True, slots=True)
class UntilClose:
    """Neither length nor chunks: the body ends with the connection (HTTP/1.0), here at `after`."""

    after: int | None = None


Fault: TypeAlias = (
    Ok
    | Stall
    | Reset
    | EarlyClose
    | Truncate
    | Status
    | WrongBytes
    | IgnoreRange
    | WrongOffset
    | NewEtag
    | SlowHeaders
    | HoldTail
    | Hold
    | Drip
    | CutEvery
    | CaptivePortal
    | RedirectTo
    | GarbagePage
    | NeverAnswer
    | RedirectLoop
    | Chunked
    | UntilClose
)


@dataclass(frozen=True, slots=True)
class HangUp:
    """The connection is accepted and ends with TCP RST, before a byte (of a TLS handshake, too)."""


@dataclass(frozen=True, slots=True)
class Deaf:
    """The connection is accepted and never read from."""


ConnectionFault: TypeAlias = Ok | HangUp | Deaf
"""What a connection meets, before anything is asked on it."""
