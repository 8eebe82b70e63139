"""Waits, time-outs, progress: tables and properties."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilient_pip.events import Kind
from resilient_pip.model import Terms
from resilient_pip.policy.backoff import backoff
from resilient_pip.policy.deadlines import (
    first_byte_timeout_s,
    idle_timeout_s,
    transfer_limit_s,
    usual_terms,
)
from resilient_pip.policy.progress import ActiveClock, SpeedWindow, is_progress
from resilient_pip.policy.retry_after import retry_after_s
from resilient_pip.settings import MIB, Settings

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=timezone.utc)


@given(attempt=st.integers(0, 10**6), jitter=st.floats(0, 1, exclude_max=True))
def test_backoff_stays_within_its_bounds(attempt: int, jitter: float) -> None:
    """No wait is negative or above the cap, however many tries there were."""
    assert 0 <= backoff(attempt, base_s=0.5, cap_s=30.0, jitter=jitter) <= 30.0


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [
        pytest.param(0, 0.25, id="after progress"),
        pytest.param(1, 0.25, id="first"),
        pytest.param(2, 0.5, id="second"),
        pytest.param(4, 2.0, id="fourth"),
        pytest.param(9, 15.0, id="capped"),
    ],
)
def test_backoff_doubles(attempt: int, expected: float) -> None:
    """The upper bound doubles up to the cap."""
    assert backoff(attempt, base_s=0.5, cap_s=30.0, jitter=0.5) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param(None, None, id="unknown"),
        pytest.param(0, 60.0, id="empty"),
        pytest.param(184_200_000, 60 + 184_200_000 / 262_144, id="torch"),
    ],
)
def test_transfer_limit(size: int | None, expected: float | None) -> None:
    """A file's time-out grows with its size."""
    assert transfer_limit_s(size) == expected


def test_usual_terms() -> None:
    """The user's time-out for every package is hard, the one from the size is not."""
    assert usual_terms(262_144, Settings()) == Terms(limit_s=61.0, hard=False, tries=8)
    hard = Settings(package_timeout_s=5.0, tries=2)
    assert usual_terms(262_144, hard) == Terms(limit_s=5.0, hard=True, tries=2)


@pytest.mark.parametrize(
    ("attempt", "kind", "expected"),
    [
        pytest.param(1, Kind.FILE, 60.0, id="first"),
        pytest.param(2, Kind.FILE, 120.0, id="second"),
        pytest.param(4, Kind.FILE, 300.0, id="capped"),
        pytest.param(10**6, Kind.FILE, 300.0, id="very late"),
        pytest.param(1, Kind.PAGE, 30.0, id="page"),
        pytest.param(2, Kind.METADATA, 60.0, id="metadata"),
    ],
)
def test_first_byte_timeout(attempt: int, kind: Kind, expected: float) -> None:
    """Later tries are more patient."""
    assert first_byte_timeout_s(attempt, Settings(), kind=kind) == expected


def test_first_byte_timeout_above_the_cap_is_the_users_will() -> None:
    """A longer setting than the cap counts."""
    assert first_byte_timeout_s(1, Settings(first_byte_timeout_s=900.0)) == 900.0


@pytest.mark.parametrize(
    ("received", "expected", "limit_s"),
    [
        pytest.param(10, None, 30.0, id="size unknown"),
        pytest.param(0, 100 * MIB, 30.0, id="start"),
        pytest.param(99 * MIB - 1, 100 * MIB, 30.0, id="before the tail"),
        pytest.param(99 * MIB, 100 * MIB, 120.0, id="tail"),
        pytest.param(80_000, 100_000, 30.0, id="small file, middle"),
        pytest.param(90_000, 100_000, 120.0, id="small file, tail"),
    ],
)
def test_idle_timeout(received: int, expected: int | None, limit_s: float) -> None:
    """The tail of a file may take longer."""
    assert idle_timeout_s(received, expected, Settings()) == limit_s


@pytest.mark.parametrize(
    ("before", "after", "size", "expected"),
    [
        pytest.param(0, 262_144, None, True, id="256 KiB"),
        pytest.param(0, 262_143, None, False, id="less, size unknown"),
        pytest.param(0, 1_000, 100_000, True, id="1 %"),
        pytest.param(0, 999, 100_000, False, id="less than 1 %"),
        pytest.param(5, 5, 0, False, id="nothing"),
        pytest.param(500_000, 0, 1_000_000, False, id="less than before"),
    ],
)
def test_progress(before: int, after: int, size: int | None, expected: bool) -> None:  # noqa: FBT001 - a table
    """Enough new bytes, absolutely or in proportion, are progress."""
    assert is_progress(before, after, size) is expected


def test_speed_window() -> None:
    """Speed is counted from the window's start, and judged when it is full."""
    window = SpeedWindow(since_s=100.0, received=5_000)
    assert window.rate(110.0, 15_000) == 1_000.0
    assert (window.is_full(129.0, 30.0), window.is_full(130.0, 30.0)) == (False, True)


def test_active_clock_shares_and_pauses() -> None:
    """Two transfers on one link halve the time that counts; pauses do not count."""
    clock = ActiveClock().read(10.0, 1).read(20.0, 2)
    assert clock == ActiveClock(elapsed_s=5.0, read_at=20.0)
    assert clock.pause().read(100.0, 1).read(101.0, 1) == ActiveClock(elapsed_s=6.0, read_at=101.0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("120", 120.0, id="seconds"),
        pytest.param(" 0 ", 0.0, id="now"),
        pytest.param("Thu, 01 Jan 2026 12:01:30 GMT", 90.0, id="date"),
        pytest.param("Thu, 01 Jan 2026 12:01:30 -0000", 90.0, id="date without a zone"),
        pytest.param("Thu, 01 Jan 2026 11:00:00 GMT", 0.0, id="past"),
        pytest.param("soon", None, id="neither"),
        pytest.param("-5", None, id="negative"),
    ],
)
def test_retry_after_forms(value: str, expected: float | None) -> None:
    """Both forms of the header are read; nonsense is none."""
    assert retry_after_s(value, now=NOW) == expected
