"""Whatever a network does for a while, the install gets done, and little is transferred twice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.support.environments import Environment, Workspace
from tests.support.faults import (
    CaptivePortal,
    CutEvery,
    Drip,
    EarlyClose,
    Fault,
    HoldTail,
    IgnoreRange,
    NeverAnswer,
    NewEtag,
    Ok,
    Reset,
    SlowHeaders,
    Stall,
    Status,
    Truncate,
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
    ("story", "ranges", "waste"),
    [
        pytest.param([Stall(70_000), Ok()], ["bytes=70000-"], WASTE, id="stall"),
        pytest.param([Reset(90_000), Ok()], ["bytes=90000-"], WASTE, id="reset"),
        pytest.param([EarlyClose(200_000), Ok()], ["bytes=200000-"], WASTE, id="early-close"),
        pytest.param(
            [Stall(70_000), Reset(90_000), Status(503), EarlyClose(300_000), Ok()],
            ["bytes=70000-", "bytes=90000-", "bytes=90000-", "bytes=300000-"],
            WASTE,
            id="one-after-the-other",
        ),
        pytest.param(
            [CutEvery(90_000)],
            [f"bytes={start}-" for start in range(90_000, 400_000, 90_000)],
            WASTE,
            id="cuts",
        ),
        pytest.param([Status(503), Ok()], [None], WASTE, id="503"),
        pytest.param([Status(429, retry_after=1), Ok()], [None], WASTE, id="429-retry-after"),
        pytest.param([SlowHeaders(1.5), Ok()], [None], WASTE, id="slow-first-byte"),
        pytest.param([NeverAnswer(), Ok()], [None], WASTE, id="no-first-byte"),
        pytest.param([HoldTail(0.5, 1000)], [], WASTE, id="held-tail"),
        pytest.param([Drip(200_000)], [], WASTE, id="drip"),
        pytest.param([Reset(90_000), IgnoreRange()], ["bytes=90000-"], 90_000 + WASTE, id="range-ignored"),
        pytest.param([CaptivePortal(), Ok()], [None], WASTE, id="captive-portal"),
        pytest.param([Status(403), Ok()], [None], WASTE, id="403-on-a-listed-file"),
    ],
)
def test_a_file_arrives_in_spite_of(  # noqa: PLR0917 - the table's columns
    index: FaultyIndex,
    workspace: Workspace,
    environment: Environment,
    story: Sequence[Fault],
    ranges: Sequence[str | None],
    waste: int,
) -> None:
    """Each try goes on at the byte where the one before it ended."""
    index.add(TORCH)
    index.script(TORCH.path, story)
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "torch")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"torch": "1.0"}
    asked = index.requests_for(TORCH.path)
    assert [request.range for request in asked] == [None, *ranges]
    assert [bool(request.if_range) for request in asked] == [request.range is not None for request in asked]
    assert index.sent(TORCH.path) - TORCH.size <= waste


@pytest.mark.parametrize(
    "story",
    [
        pytest.param([WrongBytes(), Ok()], id="wrong-bytes"),
        pytest.param([Truncate(70_000), Ok()], id="truncated"),
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


@pytest.mark.parametrize(
    "story",
    [
        pytest.param([Status(503), Ok()], id="503"),
        pytest.param([Status(429, retry_after=1), Ok()], id="429"),
        pytest.param([Status(504), Status(408), Ok()], id="504-408"),
        pytest.param([NeverAnswer(), Ok()], id="no-answer"),
        pytest.param([Reset(50), Ok()], id="reset"),
        pytest.param([EarlyClose(50), Ok()], id="early-close"),
        pytest.param([Stall(50), Ok()], id="stall"),
    ],
)
@pytest.mark.parametrize("what", ["page", "metadata"])
def test_planning_gets_through(
    index: FaultyIndex, workspace: Workspace, environment: Environment, what: str, story: Sequence[Fault]
) -> None:
    """Pages and metadata are asked for again, as files are."""
    index.add(make_wheel("app", "1.0", ["torch"]))
    index.add(TORCH)
    index.script(index.page_path("torch") if what == "page" else f"{TORCH.path}.metadata", story)
    run = workspace.tool(environment, "plan", "--index-url", index.url, *QUICK, "app")
    assert run.returncode == 0, run.output
    assert "torch" in run.stdout
    assert index.sent(TORCH.path) == 0


def test_survived_faults_are_told(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """A log names what failed, the file, and that there is another try."""
    index.add(TORCH)
    index.script(TORCH.path, [Stall(70_000), Ok()])
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "torch")
    told = [line.text for line in run.lines if "stall" in line.text]
    assert told, run.output
    assert "torch" in told[0]
