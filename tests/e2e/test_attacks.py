"""Attacks that once broke the promise: each of these found a hang, a wrong name or a wrong success."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys

import pytest

from tests.support.environments import Environment, Running, Workspace, eventually, living
from tests.support.faults import CaptivePortal, NeverAnswer, Stall, Status
from tests.support.faultserver import FaultyIndex
from tests.support.limits import EACH_ALONE, QUICK
from tests.support.wheels import make_wheel

TORCH = make_wheel("torch", "1.0", size=400_000)
IN_THE_PAST = "Wed, 21 Oct 2015 07:28:00 GMT"


def _stalled_download(index: FaultyIndex, workspace: Workspace, environment: Environment) -> Running:
    """Start a run that has installed one group and waits for the file of the next."""
    for file in (make_wheel("first", "1.0"), TORCH):
        index.add(file)
    index.script(TORCH.path, [Stall(100_000)])
    running = workspace.start(environment, "install", "--index-url", index.url, *EACH_ALONE, "first", "torch")
    running.wait_for_line(lambda text: "first" in text and "installed" in text, 30)
    return running


@pytest.mark.parametrize("retry_after", [0, IN_THE_PAST])
def test_a_retry_after_that_is_over_still_backs_off(
    index: FaultyIndex, workspace: Workspace, environment: Environment, retry_after: int | str
) -> None:
    """A server that says "now" (or whose clock is slow) does not get all tries within a moment."""
    index.add(TORCH)
    index.script(TORCH.path, [Status(503, retry_after=retry_after)])
    words = (*QUICK, "--tries", "6", "--backoff-base", "2s", "--backoff-cap", "2s")
    run = workspace.tool(environment, "install", "--index-url", index.url, *words, "torch")
    assert run.returncode == 75, run.output
    tries = index.requests_for(TORCH.path)
    assert len(tries) == 6
    assert tries[-1].at_s - tries[0].at_s > 0.5


def test_a_login_page_is_no_empty_index_page(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """A captive portal's answer names the portal's URL, and does not read as "no such package"."""
    index.add(TORCH)
    index.script(index.page_path("torch"), [CaptivePortal()])
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "torch")
    assert run.returncode == 65, run.output
    assert run.block["from"] == index.url_of(index.page_path("torch"))
    assert "captive portal" in run.block["cause"]


def test_a_login_page_in_place_of_one_index_hides_no_version(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Where the second index is hidden behind a portal, the first one's older version is no success."""
    index.add(TORCH)
    with FaultyIndex() as newer:
        newer.add(make_wheel("torch", "2.0"))
        newer.script(newer.page_path("torch"), [CaptivePortal()])
        words = ("--index-url", index.url, "--extra-index-url", newer.url)
        run = workspace.tool(environment, "install", *words, *QUICK, "torch")
        assert run.returncode == 65, run.output
        assert run.block["from"] == newer.url_of(newer.page_path("torch"))
    assert environment.versions() == {}


def test_a_second_ctrl_c_changes_nothing(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """An impatient user gets the block, too; no traceback, and nothing is left in the temporary folder."""
    running = _stalled_download(index, workspace, environment)
    running.process.send_signal(signal.SIGINT)
    running.wait_for_line(lambda text: "downloading: cancelled" in text, 8)
    running.process.send_signal(signal.SIGINT)
    run = running.finish(8)
    assert run.returncode == 130, run.output
    assert run.block, run.output
    assert "Traceback" not in run.output
    assert list((workspace.root / "tmp").iterdir()) == []


def test_a_terminal_that_is_closed_leaves_nothing_behind(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """SIGHUP ends a run in order: children in sessions of their own would not get it."""
    index.add(TORCH)
    index.script(f"{TORCH.path}.metadata", [NeverAnswer()])
    running = workspace.start(environment, "install", "--index-url", index.url, "torch")
    index.wait_until(lambda seen: len(seen.requests_for(f"{TORCH.path}.metadata")) > 0, 30)
    running.process.send_signal(signal.SIGHUP)
    run = running.finish(8)
    assert run.returncode == 129, run.output
    assert living(str(workspace.root)) == {}
    assert list((workspace.root / "tmp").iterdir()) == []


def test_a_signal_right_at_the_start_leaves_nothing_behind(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """From the first line on a signal ends the run with a block."""
    index.add(TORCH)
    running = workspace.start(environment, "install", "--index-url", index.url, "torch")
    running.wait_for_line(lambda text: "preparing" in text, 30)
    running.process.send_signal(signal.SIGTERM)
    run = running.finish(8)
    assert run.returncode == 143, run.output
    assert "phase prepare" in run.block[""]
    assert list((workspace.root / "tmp").iterdir()) == []


def test_what_a_signal_ended_is_named(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The block says which file the run was waiting for, and in which phase."""
    running = _stalled_download(index, workspace, environment)
    running.process.send_signal(signal.SIGTERM)
    run = running.finish(8)
    assert run.returncode == 143, run.output
    assert "phase download" in run.block[""]
    assert TORCH.filename in run.block["package"]
    assert run.block["from"] == index.url_of(TORCH.path)


def test_what_the_deadline_ended_is_named(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """While planning, too: the page that pip was waiting for."""
    index.add(TORCH)
    index.script(index.page_path("torch"), [NeverAnswer()])
    run = workspace.tool(environment, "install", "--index-url", index.url, "--deadline", "4s", "torch")
    assert run.returncode == 124, run.output
    assert "phase plan" in run.block[""]
    assert run.block["package"] == "torch"
    assert run.block["from"] == index.url_of(index.page_path("torch"))


def test_a_group_that_a_signal_ended_is_named_and_installed_again(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """It is not "not reached", and the next run does not take what pip left half done for installed."""
    code = "\n".join(f"def f{number}(a):\n    return [a, {number}]" for number in range(300))
    files = {f"big/m{number}.py": code for number in range(300)}
    index.add(make_wheel("big", "1.0", files=files, entry_points={"bigtool": "big.m1:f1"}))
    words = ("install", "--index-url", index.url, "big")
    running = workspace.start(environment, *words)
    eventually(lambda: any(environment.site_packages.glob("big-1.0.dist-info/METADATA")), 30)
    running.process.send_signal(signal.SIGTERM)
    run = running.finish(8)
    assert run.returncode == 143, run.output
    assert 'group 1/1 "big"' in run.block[""]
    assert "not reached" not in run.output
    assert environment.versions() == {}
    assert not (environment.root / "bin" / "bigtool").exists()
    again = workspace.tool(environment, *words)
    assert again.returncode == 0, again.output
    assert (environment.root / "bin" / "bigtool").exists()


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams(
    index: FaultyIndex, workspace: Workspace, environment: Environment, closed: str
) -> None:
    """Nobody can read what is printed; the installation goes on."""
    index.add(TORCH)
    tool = f"{sys.executable} -m resilient_pip install torch --index-url {index.url}"
    place = f"--python {environment.python} --file-cache {workspace.cache}"
    argv = ["sh", "-c", f"exec {tool} {place} {closed}"]
    assert Running(argv, env=os.environ, cwd=workspace.root).finish(30).returncode == 0
    assert environment.versions() == {"torch": "1.0"}


@pytest.mark.parametrize(
    "offered", [pytest.param((), id="too-little"), pytest.param(("first", "last"), id="too-much")]
)
def test_metadata_that_differs_from_the_wheel(
    index: FaultyIndex, workspace: Workspace, environment: Environment, offered: tuple[str, ...]
) -> None:
    """The file is named before anything of its group is installed, not a dependency half way."""
    wheel = make_wheel("torch", "1.0", ["first"])
    index.add(dataclasses.replace(wheel, metadata=make_wheel("torch", "1.0", offered).metadata))
    for name in ("first", "last"):
        index.add(make_wheel(name, "1.0"))
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "torch")
    assert run.returncode == 65, run.output
    assert run.block["package"].startswith("torch 1.0")
    assert run.block["from"] == index.url_of(wheel.path)
    assert ("last" if offered else "first") in run.block["cause"]
    assert environment.versions() == {}


def test_a_file_with_the_right_hash_that_is_no_wheel(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The file is named, not a link in a temporary folder."""
    broken = index.add(dataclasses.replace(TORCH, content=b"x" * 5000))
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "torch")
    assert run.returncode == 65, run.output
    assert run.block["package"].startswith("torch 1.0")
    assert run.block["from"] == index.url_of(broken.path)


def test_pip_s_cache_folder_that_cannot_be_made(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """A run does without, as pip does, and says so (here a file stands where the folder should be)."""
    index.add(TORCH)
    place = workspace.write("no-folder")
    argv = [sys.executable, "-m", "resilient_pip", "install", "torch", "--index-url", index.url]
    argv += ["--python", str(environment.python)]
    run = Running(argv, env={**os.environ, "PIP_CACHE_DIR": str(place)}, cwd=workspace.root).finish(30)
    assert run.returncode == 0, run.output
    assert "nothing is kept for the next run" in run.output
    assert environment.versions() == {"torch": "1.0"}


def test_a_direct_url_that_stalls_is_named(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Pip itself fetches what is required by URL: when it hangs, its last words say what on."""
    index.add(TORCH)
    index.script(TORCH.path, [Stall(1000)])
    words = ("--no-index", *QUICK, "--hung-timeout", "3s", f"torch @ {index.url_of(TORCH.path)}")
    run = workspace.tool(environment, "install", *words, timeout_s=30)
    assert run.returncode == 75, run.output
    assert any(TORCH.filename in row for row in run.block.values()), run.output
