"""Why no connection came about: the root of the chain of exceptions that a failed connect leaves."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from resilient_pip.errors import Unreachable
from resilient_pip.model import SafeUrl


def unreachable(error: Exception, url: SafeUrl) -> Unreachable:
    """Turn a failed connect into an error of ours that names what really happened."""
    for cause in _causes(error):
        match cause:
            case socket.gaierror():
                return Unreachable(url=url, kind="dns", reason=cause.strerror or str(cause))
            case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
                return Unreachable(
                    url=url, kind="network", reason="connection closed during the TLS handshake"
                )
            case ssl.SSLWantReadError() | ssl.SSLWantWriteError():
                continue  # how a handshake waits: what broke it stands further down
            case ssl.SSLError():
                reason = getattr(cause, "verify_message", "") or cause.reason or str(cause)
                return Unreachable(url=url, kind="tls", reason=str(reason))
            case ConnectionRefusedError():
                return Unreachable(url=url, kind="refused", reason="connection refused")
            case ConnectionResetError():
                return Unreachable(url=url, kind="network", reason="connection reset while connecting")
            case _:
                continue
    return Unreachable(url=url, kind="network", reason=str(error) or "connection broken off")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk down to what really happened, into groups too (one address after the other was tried)."""
    while error is not None:
        yield error
        for member in getattr(error, "exceptions", ()):
            yield from _causes(member)
        error = error.__cause__ or error.__context__
