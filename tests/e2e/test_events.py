"""Everything that is started is finished, however a run ends: the promise of events.py."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Hashable

import anyio
import pytest

from resilient_pip.events import (
    ChildFinished,
    ChildStarted,
    Event,
    GroupFinished,
    GroupStarted,
    PhaseFinished,
    PhaseStarted,
    TransferFinished,
    TransferStarted,
)
from resilient_pip.job import Job
from resilient_pip.model import RunResult
from resilient_pip.pip_adapter import read_install
from resilient_pip.session import run
from resilient_pip.settings import resolve_settings
from tests.support.environments import Environment, Workspace
from tests.support.faults import Fault, Stall, Status
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.wheels import make_sdist, make_wheel

TORCH = make_wheel("torch", "1.0", size=400_000)


def record(index: FaultyIndex, workspace: Workspace, target: Environment, *words: str) -> list[Event]:
    """Run in this process and give all events; the last element of a run is its result's exit code."""
    argv = ["--index-url", index.url, "--python", str(target.python), "--file-cache", str(workspace.cache)]
    install, given = read_install([*argv, *words])
    settings = resolve_settings(given, {}, {})
    job = Job(
        install=install,
        reread=lambda _fetched, _target: install,
        settings=settings,
        environ=os.environ,
        cwd=str(workspace.root),
    )
    events: list[Event] = []
    results: list[RunResult] = []

    async def main() -> None:
        results.append(await run(job, events.append))

    anyio.run(main)
    assert results[0].exit_code in {0, 75, 124}, results[0].error
    return events


def open_ends(events: list[Event]) -> Counter[Hashable]:
    """Count what was started and not finished, or the other way round."""
    balance: Counter[Hashable] = Counter()
    for event in events:
        match event:
            case PhaseStarted(phase=what):
                balance[what] += 1
            case PhaseFinished(phase=what):
                balance[what] -= 1
            case TransferStarted(subject=subject):
                balance[subject] += 1
            case TransferFinished(subject=subject):
                balance[subject] -= 1
            case ChildStarted(what=child):
                balance[child] += 1
            case ChildFinished(what=child):
                balance[child] -= 1
            case GroupStarted(number=number):
                balance[number] += 1
            case GroupFinished(number=number):
                balance[number] -= 1
            case _:
                pass
    return Counter({what: count for what, count in balance.items() if count})


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        pytest.param([], [], id="success"),
        pytest.param([Status(503), Status(503)], ["--backoff-cap", "0.1s"], id="survived"),
        pytest.param([Stall(100_000)], [*QUICK, "--tries", "1"], id="failure"),
        pytest.param([Stall(100_000)], ["--deadline", "4s"], id="deadline"),
    ],
)
def test_what_is_started_is_finished(
    index: FaultyIndex,
    workspace: Workspace,
    environment: Environment,
    faults: list[Fault],
    words: list[str],
) -> None:
    """Phases, transfers, children and groups come in pairs."""
    for file in (make_wheel("first", "1.0"), make_sdist("built", "1.0"), TORCH):
        index.add(file)
    if faults:
        index.script(TORCH.path, faults)
    events = record(index, workspace, environment, *words, "first", "built", "torch")
    assert open_ends(events) == Counter()
    assert {type(event) for event in events} >= {PhaseStarted, TransferStarted, ChildStarted}
