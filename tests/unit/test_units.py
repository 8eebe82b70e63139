"""Durations as people write and read them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from resilient_pip.units import format_seconds, parse_seconds, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("1.5s", 1.5),
        ("250ms", 0.25),
        ("15min", 900),
        ("15m", 900),
        ("2h", 7200),
        ("30d", 2_592_000),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    """From milliseconds to days."""
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.84, "0.8 s"),
        (42, "42 s"),
        (281, "4 min 41 s"),
        (7500, "2 h 5 min"),
        (47 * 3600, "47 h"),
        (2_600_000, "30 d"),
    ],
)
def test_durations_are_written(seconds: float, text: str) -> None:
    """In the two units that count."""
    assert format_seconds(seconds) == text


@pytest.mark.parametrize("read", [parse_size, parse_seconds])
def test_numbers_without_bounds(read: Callable[[str], float]) -> None:
    """What no float holds is a wrong value like any other: nothing could count with it."""
    with pytest.raises(ValueError, match="beyond all bounds"):
        read("9" * 400)
