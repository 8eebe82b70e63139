"""Never silent, never hanging, and alone or side by side with other runs."""

from __future__ import annotations

import contextlib
import signal

import pytest

from tests.support.environments import Environment, Workspace, eventually, living
from tests.support.faults import Drip, NeverAnswer, Stall
from tests.support.faultserver import FaultyIndex
from tests.support.limits import EACH_ALONE
from tests.support.wheels import make_wheel

TORCH = make_wheel("torch", "1.0", size=400_000)


def test_a_log_is_never_silent(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """A line at least every --heartbeat while a file drips in, short, and naming what is under way."""
    index.add(TORCH)
    index.script(TORCH.path, [Drip(70_000)])
    run = workspace.tool(environment, "install", "--index-url", index.url, "--heartbeat", "1s", "torch")
    assert run.returncode == 0, run.output
    assert run.longest_silence_s < 2.5
    beats = [line.text for line in run.lines if "torch" in line.text]
    assert len(beats) >= 4, run.output
    assert max(len(line.text.encode()) for line in run.lines) < 120


def test_waiting_for_an_index_is_not_silent(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Planning against an index that does not answer says what it waits for."""
    index.add(TORCH)
    index.script(index.page_path("torch"), [NeverAnswer()])
    words = ("--heartbeat", "1s", "--page-timeout", "3s", "--tries", "2", "--backoff-base", "0.1s")
    run = workspace.tool(environment, "plan", "--index-url", index.url, *words, "torch")
    assert run.returncode == 75, run.output
    assert run.longest_silence_s < 2.5


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


def test_a_signal_ends_planning_and_its_child(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Pip is waiting for a page when the signal comes: it goes too."""
    index.add(make_wheel("app", "1.0", ["torch"]))
    index.add(TORCH)
    index.script(index.page_path("torch"), [NeverAnswer()])
    running = workspace.start(environment, "install", "--index-url", index.url, "app")
    index.wait_until(lambda seen: len(seen.requests_for(seen.page_path("torch"))) > 0, 30)
    running.process.send_signal(signal.SIGTERM)
    run = running.finish(5)
    assert run.returncode == 143, run.output
    assert run.block, run.output
    assert living(str(workspace.root)) == {}


def test_two_runs_share_a_cache(index: FaultyIndex, workspace: Workspace) -> None:
    """At once, into two environments: each file crosses the network once."""
    files = [index.add(make_wheel(name, "1.0", size=300_000)) for name in ("a", "b")]
    index.bytes_per_second = 300_000
    targets = [workspace.environment(name) for name in ("one", "two")]
    runs = [workspace.start(target, "install", "--index-url", index.url, "a", "b") for target in targets]
    ends = [running.finish(60) for running in runs]
    assert [run.returncode for run in ends] == [0, 0], ends[0].output + ends[1].output
    assert [target.versions() for target in targets] == [{"a": "1.0", "b": "1.0"}] * 2
    assert [index.sent(file.path) for file in files] == [file.size for file in files]


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
