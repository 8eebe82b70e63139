"""How a fault is survived: what is asked for next, how long is waited, what is told.

That each is survived, or named, is for test_matrix.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.support.environments import Environment, Workspace
from tests.support.faults import (
    CaptivePortal,
    CutEvery,
    EarlyClose,
    Fault,
    IgnoreRange,
    NewEtag,
    Ok,
    Reset,
    Stall,
    Status,
    WrongBytes,
    WrongOffset,
)
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.wheels import make_wheel

TORCH = make_wheel("torch", "1.0", size=400_000)
WASTE = TORCH.size // 50
"""2 % of the file: what may be transferred twice where ranges work."""


@pytest.mark.parametrize(
    ("story", "ranges"),
    [
        pytest.param(
            [Stall(70_000), Reset(90_000), Status(503), EarlyClose(300_000), Ok()],
            [None, "bytes=70000-", "bytes=90000-", "bytes=90000-", "bytes=300000-"],
            id="one-after-the-other",
        ),
        pytest.param(
            [CutEvery(90_000)],
            [None, *(f"bytes={start}-" for start in range(90_000, 400_000, 90_000))],
            id="cuts",
        ),
        pytest.param([Reset(90_000), IgnoreRange()], [None, "bytes=90000-"], id="range-ignored"),
        pytest.param([CaptivePortal(), Ok()], [None, None], id="captive-portal"),
    ],
)
def test_each_try_goes_on_where_the_last_one_ended(
    index: FaultyIndex,
    workspace: Workspace,
    environment: Environment,
    story: Sequence[Fault],
    ranges: Sequence[str | None],
) -> None:
    """At that byte, and only if the file is still the same."""
    index.add(TORCH)
    index.script(TORCH.path, story)
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "torch")
    assert run.returncode == 0, run.output
    asked = index.requests_for(TORCH.path)
    assert [request.range for request in asked] == ranges
    assert [bool(request.if_range) for request in asked] == [start is not None for start in ranges]


@pytest.mark.parametrize(
    "story",
    [
        pytest.param([WrongBytes(), Ok()], id="wrong-bytes"),
        pytest.param([Reset(90_000), WrongOffset(by=1000), Ok()], id="wrong-offset"),
        pytest.param([Reset(90_000), NewEtag(), Ok()], id="other-etag"),
    ],
)
def test_wrong_bytes_are_never_installed(
    index: FaultyIndex, workspace: Workspace, environment: Environment, story: Sequence[Fault]
) -> None:
    """What does not fit the hash or the range is thrown away and fetched again."""
    index.add(TORCH)
    index.script(TORCH.path, story)
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "torch")
    assert run.returncode == 0, run.output
    payload = environment.site_packages / "torch" / "payload.bin"
    assert payload.read_bytes() in TORCH.content
    assert index.sent(TORCH.path) <= 2 * TORCH.size + WASTE


def test_retry_after_is_obeyed_and_shown(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The second try comes no sooner than the server asked for, and the log says what is waited for."""
    index.add(TORCH)
    index.script(TORCH.path, [Status(503, retry_after=2), Ok()])
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "torch")
    assert run.returncode == 0, run.output
    first, second = index.requests_for(TORCH.path)
    assert 2.0 <= second.at_s - first.at_s < 6
    assert [line.text for line in run.lines if "HTTP 503" in line.text and "torch" in line.text], run.output


def test_survived_faults_are_told(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """A log names what failed, the file, and that there is another try."""
    index.add(TORCH)
    index.script(TORCH.path, [Stall(70_000), Ok()])
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "torch")
    told = [line.text for line in run.lines if "stall" in line.text]
    assert told, run.output
    assert "torch" in told[0]
