"""Why no connection came about: the root of the chain of exceptions that a failed one leaves."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace

from resilient_pip.errors import Refused, SourceError, Unreachable
from resilient_pip.model import SafeUrl

_FAULTS = {
    **dict.fromkeys((2, 18, 19, 20, 21), "authority"),
    9: "early",
    10: "expired",
    **dict.fromkeys((62, 64), "name"),
}
"""OpenSSL's X509_V_ERR codes to what is wrong with a certificate."""
_CLIENT_ALERT = re.compile(r"ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_)")
"""What a server says of the client's certificate, or where there is none; in TLS 1.3 after the handshake."""
_AUTHENTICATION_REQUIRED = 407
_FINAL = re.compile(r"4(?!08|25|29)\d\d")
"""Statuses that no further try changes."""
_ON_THE_WAY = frozenset({"dns", "refused", "connect-timeout"})
"""What goes wrong at the first connection, which is the one to the proxy."""


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
            case ssl.SSLCertVerificationError():
                fault = _FAULTS.get(cause.verify_code, "")
                return Unreachable(url=url, kind="tls", reason=cause.verify_message, fault=fault)
            case ssl.SSLError():
                return certificate_refused(cause, url) or Unreachable(
                    url=url, kind="tls", reason=cause.reason or str(cause)
                )
            case ConnectionRefusedError():
                return Unreachable(url=url, kind="refused", reason="connection refused")
            case ConnectionResetError():
                return Unreachable(url=url, kind="network", reason="connection reset while connecting")
            case _:
                continue
    return Unreachable(url=url, kind="network", reason=str(error) or "connection broken off")


def certificate_refused(error: BaseException, url: SafeUrl) -> Unreachable | None:
    """Tell whether a server broke off because of the client's certificate."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError) and (
            alert := _CLIENT_ALERT.search(getattr(cause, "reason", None) or "")
        ):
            words = alert.string[alert.start() :].replace("_", " ").lower()
            reason = f"the server does not take the client's certificate ({words})"
            return Unreachable(url=url, kind="tls", reason=reason, fault="client")
    return None


def of_proxy(failure: Unreachable, proxy: SafeUrl | None) -> Unreachable:
    """Say of a failed connect that it is the proxy's, where one is on the way."""
    if proxy is None or failure.kind not in _ON_THE_WAY:
        return failure
    return replace(failure, kind="proxy", reason=f"{proxy}: {failure.reason}")


def proxy_refusal(answer: str, url: SafeUrl, proxy: SafeUrl | None) -> SourceError:
    """Make the error for what a proxy answers in place of a tunnel: a status of HTTP, or a SOCKS error."""
    if answer.startswith(str(_AUTHENTICATION_REQUIRED)):
        return Refused(url=url, status=_AUTHENTICATION_REQUIRED, detail=f"from {proxy}")
    fault = "refused" if _FINAL.match(answer) else ""
    return Unreachable(url=url, kind="proxy", reason=f"{proxy}: {answer}", fault=fault)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk down to what really happened, into groups too (one address after the other was tried)."""
    while error is not None:
        yield error
        for member in getattr(error, "exceptions", ()):
            yield from _causes(member)
        error = error.__cause__ or error.__context__
