"""What is tried again and how long is waited, for every cause and every number."""

from __future__ import annotations

from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

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
from resilient_pip.policy.backoff import backoff
from resilient_pip.policy.deadlines import first_byte_timeout_s, idle_timeout_s, transfer_limit_s
from resilient_pip.policy.retry_after import retry_after_s
from resilient_pip.policy.transient import UNSETTLED_STATUSES, Verdict, decide
from resilient_pip.settings import Settings

URL = SafeUrl("https://h/x.whl")
SECONDS = st.floats(0, 1e6)
ATTEMPTS = st.integers(-1, 10**9)
KINDS = st.sampled_from(Kind)
WAITS = st.none() | st.floats(0, 1e9)
CURES_ITSELF = st.one_of(
    st.just(Stalled(url=URL, silent_s=1.0, received=0, expected=None)),
    st.just(TooSlow(url=URL, rate=1.0, reason="slow", received=0, expected=None)),
    st.just(Dropped(url=URL, reason="connection reset", received=0, expected=None)),
    st.sampled_from(("refused", "network", "connect-timeout", "proxy")).map(
        lambda kind: Unreachable(url=URL, kind=kind, reason="x")
    ),
)
PERMANENT = st.one_of(
    st.just(Unreachable(url=URL, kind="tls", reason="certificate verify failed")),
    st.integers(300, 599)
    .filter(lambda status: status not in UNSETTLED_STATUSES)
    .map(lambda status: Refused(url=URL, status=status)),
)
SOON_OVER = st.sampled_from(
    (
        HashMismatch(url=URL, algorithm="sha256", expected="a", actual="b"),
        BadContent(url=URL, reason="not a wheel"),
        Refused(url=URL, status=403),
        Refused(url=URL, status=404),
    )
)


def verdict(error: SourceError, kind: Kind, previous: tuple[SourceError, ...] = ()) -> Verdict:
    """What is decided of an error, after these."""
    attempts = [Attempt(error=one, at_s=0.0, received=0) for one in previous]
    return decide(error, kind=kind, previous=attempts, since_start_s=0.0, settings=Settings()).verdict


@given(ATTEMPTS, SECONDS, SECONDS, st.floats(0, 1, exclude_max=True))
def test_a_wait_is_between_nothing_and_its_cap(
    attempt: int, base_s: float, cap_s: float, jitter: float
) -> None:
    """Full jitter: anything from 0 to the cap, whatever the number of the attempt."""
    assert 0 <= backoff(attempt, base_s=base_s, cap_s=cap_s, jitter=jitter) <= cap_s


@given(st.integers(1, 10**6), SECONDS, SECONDS)
def test_waits_do_not_shrink(attempt: int, base_s: float, cap_s: float) -> None:
    """A later attempt may wait as long as an earlier one."""
    earlier, later = (
        backoff(number, base_s=base_s, cap_s=cap_s, jitter=1.0) for number in (attempt, attempt + 1)
    )
    assert earlier <= later


@given(st.integers(1, 10**6), KINDS)
def test_the_first_byte_is_awaited_longer_each_time_up_to_a_cap(attempt: int, kind: Kind) -> None:
    """Never less than before, never more than the setting allows."""
    settings = Settings()
    now, next_ = (first_byte_timeout_s(number, settings, kind=kind) for number in (attempt, attempt + 1))
    assert 0 < now <= next_ <= settings.first_byte_cap_s


@given(st.integers(0, 2**63 - 1), st.none() | st.integers(0, 2**63 - 1))
def test_the_limits_of_any_size_are_finite(received: int, expected: int | None) -> None:
    """No size that a page may tell breaks the arithmetic."""
    settings = Settings()
    assert idle_timeout_s(received, expected, settings) in {settings.stall_timeout_s, settings.tail_timeout_s}
    limit_s = transfer_limit_s(expected)
    assert (limit_s is None) == (expected is None)
    assert limit_s is None or 60 <= limit_s < float("inf")


@given(PERMANENT, KINDS)
def test_what_no_try_can_help_is_not_tried_again(error: SourceError, kind: Kind) -> None:
    """Certificates and refusals are as they are."""
    assert verdict(error, kind) is Verdict.GIVE_UP


@given(CURES_ITSELF, KINDS, st.lists(CURES_ITSELF, max_size=5))
def test_what_time_can_help_is_tried_again(
    error: SourceError, kind: Kind, previous: list[SourceError]
) -> None:
    """However often it was: the number of tries is not decided here."""
    assert verdict(error, kind, tuple(previous)) is Verdict.RETRY


@given(SOON_OVER, KINDS, st.integers(0, 6))
def test_wrong_content_is_tried_a_few_times_at_most(error: SourceError, kind: Kind, before: int) -> None:
    """Files may be wrong for a moment (a cache, a signature); three times is no moment."""
    limit = 2 if isinstance(error, HashMismatch) else 3
    decided = verdict(error, kind, (error,) * before)
    if before + 1 >= limit:
        assert decided is Verdict.GIVE_UP
    elif kind is Kind.FILE:
        assert decided is Verdict.RETRY


@given(WAITS, KINDS, st.sampled_from((408, 429, 500, 502, 503, 504)))
def test_a_server_s_wish_is_obeyed_up_to_a_limit(wait_s: float | None, kind: Kind, status: int) -> None:
    """A wait that is longer than the limit ends the tries; any other is kept as it is."""
    error = ServerBusy(url=URL, status=status, retry_after_s=wait_s)
    decision = decide(error, kind=kind, previous=(), since_start_s=0.0, settings=Settings())
    too_long = wait_s is not None and wait_s > Settings().retry_after_cap_s
    assert decision.verdict is (Verdict.GIVE_UP if too_long else Verdict.RETRY)
    assert decision.wait_s == (None if too_long else wait_s)


@given(
    st.text(max_size=30)
    | st.integers(0, 10**400).map(str)
    | st.builds(
        "{}, {} {} {} {}:00:00 {}{}".format,
        st.sampled_from(("Wed", "x")),
        st.integers(0, 10**6),
        st.sampled_from(("Oct", "Foo")),
        st.integers(0, 10**12),
        st.integers(0, 99),
        st.sampled_from("+-"),
        st.integers(0, 10**9),
    )
)
def test_any_retry_after_is_read_or_ignored(value: str) -> None:
    """A number of seconds, never a negative one, or nothing."""
    wait_s = retry_after_s(value, now=datetime(2026, 1, 1, tzinfo=timezone.utc))
    assert wait_s is None or wait_s >= 0
