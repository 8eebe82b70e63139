"""Several connections for one large file: where one alone is slow, and only there."""

from __future__ import annotations

import pytest

from tests.support.environments import Environment, Workspace
from tests.support.faults import Fault, IgnoreRange, NeverAnswer, Ok, Reset
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.recording import Request
from tests.support.wheels import Distribution, make_wheel

RATE = 2_500_000
SIZE = 22_000_000
SEGMENT = 4 * 2**20


@pytest.fixture
def large(index: FaultyIndex) -> Distribution:
    """A wheel that one connection needs 9 s for."""
    index.connection_bytes_per_second = RATE
    return index.add(make_wheel("large", "1.0", size=SIZE))


def segments(requests: list[Request]) -> list[Request]:
    """The requests for a piece from the middle, which a file over one connection has none of."""
    return [one for one in requests if one.range and not one.range.endswith("-")]


def install(index: FaultyIndex) -> tuple[str, ...]:
    """The words of each of these runs."""
    return ("install", "--index-url", index.url, *QUICK, "--stall-timeout", "5", "large")


def test_a_limit_for_each_connection(
    index: FaultyIndex, workspace: Workspace, environment: Environment, large: Distribution
) -> None:
    """Further connections bring segments, each byte comes once, and it takes less than one alone could."""
    run = workspace.tool(environment, *install(index))
    assert run.returncode == 0, run.output
    requests = index.requests_for(large.path)
    assert len(segments(requests)) >= 2
    assert index.sent(large.path) < large.size + SEGMENT
    assert f"{len(index.requests)} requests" in run.output
    starts = [one.at_s for one in requests]
    assert max(starts) - min(starts) < SIZE / RATE


def test_a_limit_for_all_connections(
    index: FaultyIndex, workspace: Workspace, environment: Environment, large: Distribution
) -> None:
    """A second one gains nothing: what it has begun is used, and nothing comes twice."""
    index.connection_bytes_per_second, index.bytes_per_second = None, RATE
    run = workspace.tool(environment, *install(index))
    assert run.returncode == 0, run.output
    assert segments(index.requests_for(large.path))
    assert index.sent(large.path) < large.size + 2 * SEGMENT


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Reset(after=0), id="reset"),
        pytest.param(IgnoreRange(), id="no-ranges-any-more"),
        pytest.param(NeverAnswer(), id="no-answer"),
    ],
)
def test_a_further_connection_that_fails(
    index: FaultyIndex, workspace: Workspace, environment: Environment, large: Distribution, fault: Fault
) -> None:
    """It is no failure of the file, which goes on over the first."""
    index.script(large.path, [Ok(), fault, Ok()])
    run = workspace.tool(environment, *install(index))
    assert run.returncode == 0, run.output
    assert len(index.requests_for(large.path)) == 2
    assert "try" not in run.output.replace("tries", ""), run.output


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Reset(after=0), id="reset"),
        pytest.param(IgnoreRange(), id="no-ranges-any-more"),
    ],
)
def test_a_segment_that_breaks_later(
    index: FaultyIndex, workspace: Workspace, environment: Environment, large: Distribution, fault: Fault
) -> None:
    """The file is resumed from what is there in order."""
    index.script(large.path, [Ok(), Ok(), Ok(), fault, Ok()])
    run = workspace.tool(environment, *install(index))
    assert run.returncode == 0, run.output
    assert len(index.requests_for(large.path)) > 4
    assert index.sent(large.path) < large.size + 8 * SEGMENT


def test_a_killed_run(
    index: FaultyIndex, workspace: Workspace, environment: Environment, large: Distribution
) -> None:
    """What was given on in order is there for the next run; what waited in memory is not."""
    running = workspace.start(environment, *install(index))
    try:
        index.wait_until(lambda seen: len(segments(seen.requests_for(large.path))) >= 3, 60)
    finally:
        running.kill()
    count = len(index.requests_for(large.path))
    index.connection_bytes_per_second = None
    run = workspace.tool(environment, *install(index))
    assert run.returncode == 0, run.output
    resumed = index.requests_for(large.path)[count]
    assert resumed.start is not None
    assert resumed.start >= SEGMENT
