"""A client that asks the fault server once and tells all that it got."""

from __future__ import annotations

import http.client
from dataclasses import dataclass

from tests.support.faultserver import FaultyIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a client got: `broken` is how the body ended where it did not end well."""

    status: int
    headers: dict[str, str]
    body: bytes
    broken: str | None = None


def get(
    index: FaultyIndex,
    path: str,
    headers: dict[str, str] | None = None,
    *,
    method: str = "GET",
    timeout_s: float = 5,
) -> Reply:
    """Ask once on a connection of its own."""
    link = http.client.HTTPConnection(index.host, timeout=timeout_s)
    try:
        link.request(method, path, headers=headers or {})
        answer = link.getresponse()
        body, broken = b"", None
        try:
            while chunk := answer.read1(65536):
                body += chunk
            if answer.length:
                broken = "ended early"
        except (OSError, http.client.IncompleteRead) as error:
            broken = type(error).__name__
        return Reply(status=answer.status, headers=dict(answer.getheaders()), body=body, broken=broken)
    finally:
        link.close()
