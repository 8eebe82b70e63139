"""Which failures are tried again."""

from __future__ import annotations

import pytest

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
from resilient_pip.model import SafeUrl
from resilient_pip.policy.transient import TRANSIENT_STATUSES, Decision, Verdict, decide
from resilient_pip.settings import Settings

URL = SafeUrl("https://host/file.whl")
RETRY = Decision(verdict=Verdict.RETRY)
GIVE_UP = Decision(verdict=Verdict.GIVE_UP)
STALLED = Stalled(url=URL, silent_s=1, received=0, expected=None)
WRONG = HashMismatch(url=URL, algorithm="sha256", expected="a", actual="b")
BAD = BadContent(url=URL, reason="no")


def refused(status: int) -> Refused:
    """Make a refusal."""
    return Refused(url=URL, status=status)


def unreachable(kind: str) -> Unreachable:
    """Make a failure to connect."""
    return Unreachable(url=URL, kind=kind, reason="")


@pytest.mark.parametrize(
    ("error", "kind", "previous", "since_start_s", "expected"),
    [
        pytest.param(STALLED, Kind.PAGE, [], 0.0, RETRY, id="stall"),
        pytest.param(
            Dropped(url=URL, reason="", received=0, expected=1), Kind.PAGE, [], 0.0, RETRY, id="drop"
        ),
        pytest.param(
            TooSlow(url=URL, rate=1, reason="", received=0, expected=1), Kind.FILE, [], 0, RETRY, id="slow"
        ),
        pytest.param(unreachable("refused"), Kind.PAGE, [], 99.0, RETRY, id="refused"),
        pytest.param(unreachable("connect-timeout"), Kind.PAGE, [], 99.0, RETRY, id="connect"),
        pytest.param(unreachable("dns"), Kind.PAGE, [], 14.9, RETRY, id="dns while starting"),
        pytest.param(unreachable("dns"), Kind.PAGE, [], 15.0, GIVE_UP, id="dns later"),
        pytest.param(unreachable("tls"), Kind.PAGE, [], 0.0, GIVE_UP, id="tls"),
        pytest.param(refused(401), Kind.FILE, [], 0.0, GIVE_UP, id="401"),
        pytest.param(refused(410), Kind.FILE, [], 0.0, GIVE_UP, id="410"),
        pytest.param(refused(404), Kind.PAGE, [], 0.0, GIVE_UP, id="404 page"),
        pytest.param(refused(404), Kind.FILE, [], 0.0, RETRY, id="404 file"),
        pytest.param(refused(403), Kind.FILE, [refused(404)], 0.0, RETRY, id="403 file, second"),
        pytest.param(refused(403), Kind.FILE, [refused(404)] * 2, 0.0, GIVE_UP, id="403 file, third"),
        pytest.param(refused(403), Kind.FILE, [STALLED] * 5, 0.0, RETRY, id="403 after stalls"),
        pytest.param(WRONG, Kind.FILE, [STALLED], 0.0, RETRY, id="wrong hash"),
        pytest.param(WRONG, Kind.FILE, [WRONG, STALLED], 0.0, GIVE_UP, id="wrong hash again"),
        pytest.param(BAD, Kind.FILE, [BAD], 0.0, RETRY, id="bad content"),
        pytest.param(BAD, Kind.FILE, [BAD, BAD], 0.0, GIVE_UP, id="bad content, third"),
        pytest.param(BAD, Kind.PAGE, [BAD], 0.0, RETRY, id="bad page"),
        pytest.param(BAD, Kind.PAGE, [BAD, BAD], 0.0, GIVE_UP, id="bad page, third"),
        pytest.param(BAD, Kind.METADATA, [], 0.0, GIVE_UP, id="bad metadata"),
    ],
)
def test_decision(
    error: SourceError, kind: Kind, previous: list[SourceError], since_start_s: float, expected: Decision
) -> None:
    """Each class of failure has its rule; some look at what failed before."""
    attempts = [Attempt(error=before, at_s=0.0, received=0) for before in previous]
    decision = decide(error, kind=kind, previous=attempts, since_start_s=since_start_s, settings=Settings())
    assert decision == expected


@pytest.mark.parametrize(
    ("retry_after_s", "expected"),
    [
        pytest.param(None, RETRY, id="none"),
        pytest.param(120.0, Decision(verdict=Verdict.RETRY, wait_s=120.0), id="obeyed"),
        pytest.param(120.5, GIVE_UP, id="too long"),
    ],
)
def test_retry_after(retry_after_s: float | None, expected: Decision) -> None:
    """A server's Retry-After is obeyed up to the cap; a longer one ends the request."""
    error = ServerBusy(url=URL, status=503, retry_after_s=retry_after_s)
    assert decide(error, kind=Kind.PAGE, previous=[], since_start_s=0, settings=Settings()) == expected


def test_every_source_error_is_decided() -> None:
    """No class falls through to "give up" unseen: what is given up by default is listed here."""
    by_default = {"Refused", "BadContent", "Endless", "AttemptsExhausted"}
    named = {"Stalled", "TooSlow", "Dropped", "Unreachable", "ServerBusy", "HashMismatch"}
    assert {class_.__name__ for class_ in SourceError.__subclasses__()} == by_default | named


def test_transient_statuses() -> None:
    """The list is the design's."""
    assert sorted(TRANSIENT_STATUSES) == [408, 425, 429, 500, *range(502, 505), *range(520, 525), 527]
