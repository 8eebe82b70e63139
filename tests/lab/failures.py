"""How an installation that cannot succeed has to end: the failures that several scenarios demand."""

from __future__ import annotations

from tests.lab.scenario import Failure


def fails(exit_code: int, *words: str) -> Failure:
    """Demand one exit code, and one of the words as the cause."""
    return Failure(exit_codes=frozenset({exit_code}), words=words)


def answers(exit_code: int, status: int) -> Failure:
    """Demand one exit code, and an HTTP status as the cause."""
    whose = "client" if status < 500 else "server"
    return fails(exit_code, f"http {status}", f"{status} {whose} error")  # a bare number may be a port


# The first word is what resilient-pip says, the others what pip and uv say of the same.
STALLED = fails(75, "stalled", "timed out", "timeout")
RESET = fails(75, "connection reset", "reset by peer", "connectionreset")
RESET_AT_ONCE = Failure(exit_codes=frozenset({69, 75}), words=(*RESET.words, "no connection"))
"""The connect meets it or the request does: which one is a race."""
CUT = fails(75, "ended early", "incompleteread", "end of file", "incomplete", "unexpected eof")
BUSY = answers(75, 503)
NO_PAGE = fails(65, "not an index page", "captive portal", "content-type", "not json", "invalid json")
REDIRECTED = fails(65, "redirects", "redirect")
NO_NAME = fails(69, "dns", "name or service not known", "name resolution", "lookup address")
CLOSED = fails(69, "connection refused")
DISTRUSTED = fails(69, "tls", "certificate")
