"""Never silent, never hanging, and ended by signals without leaving anything."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import pytest

from resilient_pip.model import Phase
from tests.support.environments import Environment, Workspace, eventually, living
from tests.support.faults import Drip, NeverAnswer, Stall
from tests.support.faultserver import FaultyIndex
from tests.support.limits import EACH_ALONE
from tests.support.stuck import stand_still
from tests.support.wheels import make_wheel

TORCH = make_wheel("torch", "1.0", size=400_000)


def test_a_log_is_never_silent(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """A line at least every --heartbeat while a file drips in, short, and naming what is under way."""
    index.add(TORCH)
    index.script(TORCH.path, [Drip(70_000)])
    run = workspace.tool(environment, "install", "--index-url", index.url, "--heartbeat", "1s", "torch")
    assert run.returncode == 0, run.output
    assert run.longest_silence_s < 3
    beats = [line.text for line in run.lines if "torch" in line.text]
    assert len(beats) >= 4, run.output
    assert max(len(line.encode()) for line in beats) < 120


def test_waiting_for_an_index_is_not_silent(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Planning against an index that does not answer says what it waits for."""
    index.add(TORCH)
    index.script(index.page_path("torch"), [NeverAnswer()])
    words = ("--heartbeat", "1s", "--page-timeout", "3s", "--tries", "2", "--backoff-base", "0.1s")
    run = workspace.tool(environment, "plan", "--index-url", index.url, *words, "torch")
    assert run.returncode == 75, run.output
    assert run.longest_silence_s < 3


def partial_sizes(workspace: Workspace) -> set[int]:
    """Give the sizes of the files that have begun to come."""
    sizes = set()
    for path in workspace.cache.glob("partial/*"):
        with contextlib.suppress(FileNotFoundError):  # probes and locks come and go
            sizes.add(path.stat().st_size)
    return sizes


@pytest.mark.parametrize(
    ("number", "code"),
    [pytest.param(signal.SIGTERM, 143, id="TERM"), pytest.param(signal.SIGINT, 130, id="INT")],
)
def test_a_signal_ends_a_download(
    index: FaultyIndex, workspace: Workspace, environment: Environment, number: int, code: int
) -> None:
    """Within 5 s, with the block, what is kept in the cache, and no process left."""
    for file in (make_wheel("first", "1.0"), TORCH):
        index.add(file)
    index.script(TORCH.path, [Stall(100_000)])
    words = ("install", "--index-url", index.url, *EACH_ALONE, "first", "torch")
    running = workspace.start(environment, *words)
    index.wait_until(lambda seen: seen.sent(TORCH.path) == 100_000, 30)
    eventually(lambda: 100_000 in partial_sizes(workspace))
    running.process.send_signal(number)
    run = running.finish(5)
    assert run.returncode == code, run.output
    assert run.block, run.output
    assert living(str(workspace.root)) == {}
    index.script(TORCH.path, [Drip(10_000_000)])
    again = workspace.tool(environment, *words)
    assert again.returncode == 0, again.output
    assert index.requests_for(TORCH.path)[-1].range == "bytes=100000-"


@pytest.mark.parametrize(
    ("phase", "number"),
    [
        pytest.param(Phase.PREPARE, signal.SIGTERM, id="prepare-TERM"),
        pytest.param(Phase.PREPARE, signal.SIGINT, id="prepare-INT"),
        pytest.param(Phase.PLAN, signal.SIGTERM, id="plan-TERM"),
        pytest.param(Phase.PLAN, signal.SIGHUP, id="plan-HUP"),
        pytest.param(Phase.DOWNLOAD, signal.SIGHUP, id="download-HUP"),
        pytest.param(Phase.BUILD, signal.SIGTERM, id="build-TERM"),
        pytest.param(Phase.BUILD, signal.SIGINT, id="build-INT"),
        pytest.param(Phase.INSTALL, signal.SIGTERM, id="install-TERM"),
        pytest.param(Phase.INSTALL, signal.SIGINT, id="install-INT"),
    ],
)
def test_a_signal_ends_every_phase(
    index: FaultyIndex, workspace: Workspace, environment: Environment, phase: Phase, number: signal.Signals
) -> None:
    """Within 5 s, with the block; no process and no folder is left, whatever a build has started."""
    running = stand_still(phase, index, workspace, environment)
    running.process.send_signal(number)
    run = running.finish(5)
    assert run.returncode == 128 + number, run.output
    assert f"phase {phase.value}" in run.block[""]
    assert living(str(workspace.root)) == {}
    assert list((workspace.root / "tmp").iterdir()) == []


@pytest.mark.parametrize("phase", [Phase.PLAN, Phase.BUILD, Phase.INSTALL])
def test_what_a_killed_run_leaves_is_taken_away(
    index: FaultyIndex, workspace: Workspace, environment: Environment, phase: Phase
) -> None:
    """SIGKILL: the children and theirs end, and the private folder goes."""
    running = stand_still(phase, index, workspace, environment)
    assert list((workspace.root / "tmp").iterdir()) != []
    running.process.kill()
    assert running.finish(5).returncode == -signal.SIGKILL
    eventually(lambda: living(str(workspace.root)) == {}, 10)
    eventually(lambda: list((workspace.root / "tmp").iterdir()) == [], 10)


def catches_signals(pid: int) -> bool:
    """Whether a process has a handler of SIGTERM, which Python by itself has none of (proc_pid_status(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
    return bool(caught >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize(
    ("library", "number"),
    [
        pytest.param("", signal.SIGINT, id="at-once-INT"),
        pytest.param("", signal.SIGTERM, id="at-once-TERM"),
        pytest.param("_json", signal.SIGINT, id="json-INT"),
        pytest.param("_ssl", signal.SIGINT, id="ssl-INT"),
        pytest.param("_ssl", signal.SIGHUP, id="ssl-HUP"),
        pytest.param("_asyncio", signal.SIGINT, id="asyncio-INT"),
    ],
)
def test_a_signal_ends_the_start(
    index: FaultyIndex, workspace: Workspace, library: str, number: signal.Signals
) -> None:
    """While modules are imported (which ones is told by the libraries that are loaded), one line says all.

    A machine that is slow to send the signal sends it later: then there is a block.
    """
    index.add(TORCH)
    index.script(index.page_path("torch"), [NeverAnswer()])
    running = workspace.start(None, "plan", "--index-url", index.url, "torch")
    maps = Path(f"/proc/{running.process.pid}/maps")
    eventually(lambda: catches_signals(running.process.pid) and library in maps.read_text())
    running.process.send_signal(number)
    run = running.finish(5)
    assert run.returncode == 128 + number, run.output
    said = f"resilient-pip: interrupted by signal {number} before anything was begun\n"
    assert run.output == said or run.block, run.output


def test_groups_install_while_others_download(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The first group is in the environment while the second one's file still comes."""
    index.add(make_wheel("first", "1.0"))
    index.add(TORCH)
    index.script(TORCH.path, [Stall(100_000)])
    running = workspace.start(environment, "install", "--index-url", index.url, *EACH_ALONE, "first", "torch")
    index.wait_until(lambda seen: seen.sent(TORCH.path) == 100_000, 30)
    running.wait_for_line(lambda text: "first" in text and "installed" in text, 20)
    installed = environment.versions()
    running.process.send_signal(signal.SIGTERM)
    run = running.finish(5)
    assert installed == {"first": "1.0"}, run.output
