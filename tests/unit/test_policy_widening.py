"""How many connections a file gets, by what each of them brought."""

from __future__ import annotations

import pytest

from resilient_pip.policy.widening import LEAST_LEFT_S, SETTLING_S, WINDOW_S, Widening

SIZE = 10**9


def after(rates: list[int], *, size: int = SIZE) -> Widening:
    """Where it stands once each number of connections, from one on, has brought so many bytes a second."""
    now, received = 0.0, 0
    widening = Widening(since_s=now, received=received)
    for rate in rates:
        now = widening.since_s + WINDOW_S
        received = widening.received + round(rate * WINDOW_S)
        widening = widening.judged(now, received, size - received)
    return widening


@pytest.mark.parametrize(
    ("rates", "connections", "is_settled"),
    [
        pytest.param([], 1, False, id="nothing-measured"),
        pytest.param([1_000_000], 2, False, id="a-second-one-is-tried"),
        pytest.param([1_000_000, 1_900_000], 3, False, id="it-helps-and-a-third-is-tried"),
        pytest.param([1_000_000, 1_400_000], 1, True, id="it-does-not-help-enough"),
        pytest.param([1_000_000, 2_000_000, 2_100_000], 2, True, id="the-third-does-not"),
        pytest.param([40_000], 1, False, id="a-link-too-slow-to-share"),
    ],
)
def test_it_grows_while_that_helps(rates: list[int], connections: int, is_settled: bool) -> None:  # noqa: FBT001 - a row's column
    """Each further connection has to bring at least half of what one brings on the average."""
    found = after(rates)
    assert (found.connections, found.is_settled) == (connections, is_settled)


def test_what_is_soon_over_stays_as_it_is() -> None:
    """A further connection pays when there is time left to use it."""
    rate = 1_000_000
    nearly = round(rate * (WINDOW_S + LEAST_LEFT_S)) - 1
    assert after([rate], size=nearly).connections == 1
    assert after([rate], size=nearly + 1).connections == 2


def test_it_is_measured_once_the_new_connection_is_under_way() -> None:
    """In between nothing changes."""
    second = after([1_000_000])
    assert second.since_s == pytest.approx(WINDOW_S + SETTLING_S)
    for now in (second.since_s, second.since_s + WINDOW_S - 0.01):
        assert second.judged(now, 10**8, SIZE) == second
