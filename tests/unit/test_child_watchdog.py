"""Tests of `resilient_pip.child.watchdog`."""

from __future__ import annotations

import pytest

from resilient_pip.child.watchdog import Life

BORN = Life(at_s=100.0, output=10, cpu_s=2.0, io=1000)


@pytest.mark.parametrize(
    ("output", "cpu_s", "io"),
    [
        pytest.param(11, 2.0, 1000, id="output"),
        pytest.param(10, 2.1, 1000, id="cpu"),
        pytest.param(10, 2.0, 1001, id="io"),
        pytest.param(10, 1.5, 1000, id="a-process-ended"),
        pytest.param(10, 2.0, 900, id="a-process-ended-that-did-io"),
    ],
)
def test_each_of_the_three_is_a_sign_of_life(output: int, cpu_s: float, io: int) -> None:
    """Output, CPU time or I/O that differs from before restarts the clock."""
    life = BORN.observe(130.0, output=output, cpu_s=cpu_s, io=io)

    assert life == Life(at_s=130.0, output=output, cpu_s=cpu_s, io=io)


def test_nothing_new_leaves_the_clock_running() -> None:
    """Without a sign of life the moment of the last one stays."""
    assert BORN.observe(130.0, output=10, cpu_s=2.0, io=1000) is BORN


def test_waking_up_to_look_is_no_work() -> None:
    """A loop that sleeps and looks uses a tick of CPU now and then and still counts as quiet."""
    assert BORN.observe(130.0, output=10, cpu_s=2.01, io=1000) is BORN
    assert BORN.observe(400.0, output=10, cpu_s=2.1, io=1000) is BORN
    assert BORN.observe(400.0, output=10, cpu_s=2.2, io=1000).at_s == 400.0


def test_an_excuse_restarts_the_clock_only() -> None:
    """A child that waits for somebody else is not quiet by its own fault."""
    assert BORN.excuse(300.0) == Life(at_s=300.0, output=10, cpu_s=2.0, io=1000)
