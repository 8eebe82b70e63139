"""Which failures are worth another try."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from resilient_pip.errors import (
    Attempt,
    BadContent,
    Dropped,
    HashMismatch,
    Refused,
    ServerBusy,
    SourceError,
    Stalled,
    TooSlow,
    Unreachable,
)
from resilient_pip.events import Kind
from resilient_pip.settings import Settings

TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 527})
"""What curl, npm, uv, pip and bazel retry, taken together."""
UNSETTLED_STATUSES = frozenset({403, 404})
"""On a file that an index lists: an expired signature, a CDN that is not consistent yet."""
_FINAL_KINDS = frozenset({"tls", "setting"})
FEW_TRIES = 3
DNS_WINDOW_S = 15.0
"""Name resolution flaps while a container starts; after that it is down."""


class Verdict(enum.Enum):
    """What to do after a failed try."""

    RETRY = "retry"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A verdict, with the wait that the server asked for where it did."""

    verdict: Verdict
    wait_s: float | None = None


_RETRY = Decision(verdict=Verdict.RETRY)
_GIVE_UP = Decision(verdict=Verdict.GIVE_UP)


def decide(
    error: SourceError, *, kind: Kind, previous: Sequence[Attempt], since_start_s: float, settings: Settings
) -> Decision:
    """Decide whether the failure of one try is worth another.

    Args:
        error: why this try failed.
        kind: what the request is for.
        previous: the failed tries of the same request before this one.
        since_start_s: seconds since the first try began.
        settings: for the longest Retry-After that is obeyed.
    """
    match error:
        case ServerBusy(retry_after_s=wait_s):
            if wait_s is not None and wait_s > settings.retry_after_cap_s:
                return _GIVE_UP
            return Decision(verdict=Verdict.RETRY, wait_s=wait_s)
        case Stalled() | TooSlow() | Dropped():
            return _RETRY
        case Unreachable() if error.fault or error.kind in _FINAL_KINDS:
            return _GIVE_UP
        case Unreachable(kind="dns"):
            return _RETRY if since_start_s < DNS_WINDOW_S else _GIVE_UP
        case Unreachable():
            return _RETRY
        case HashMismatch():
            return _while_fewer(previous, HashMismatch, 2)
        case Refused(status=status) if kind is Kind.FILE and status in UNSETTLED_STATUSES:
            return _while_fewer(previous, Refused, FEW_TRIES)
        case BadContent() if kind in {Kind.FILE, Kind.PAGE}:
            return _while_fewer(previous, BadContent, FEW_TRIES)
        case _:
            return _GIVE_UP


def _while_fewer(previous: Sequence[Attempt], class_: type[SourceError], tries: int) -> Decision:
    failed = 1 + sum(isinstance(attempt.error, class_) for attempt in previous)
    return _RETRY if failed < tries else _GIVE_UP
