"""What cannot be installed is named, in bounded time, and nothing is lost or made worse."""

from __future__ import annotations

import pytest

from tests.support.environments import Environment, Workspace
from tests.support.faults import (
    Fault,
    NeverAnswer,
    Ok,
    RedirectTo,
    Stall,
    Status,
    WrongBytes,
)
from tests.support.faultserver import FaultyIndex
from tests.support.limits import EACH_ALONE, QUICK
from tests.support.wheels import make_sdist, make_wheel

TORCH = make_wheel("torch", "1.0", size=400_000)


@pytest.mark.pips
def test_a_dead_file_is_named_and_the_next_run_resumes(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Exit 75 and a block with every fact; the fault gone, the same command starts at the kept byte."""
    for file in (make_wheel("first", "1.0"), TORCH, make_wheel("last", "1.0")):
        index.add(file)
    index.script(TORCH.path, [Stall(270_000)])
    requirements = workspace.write("requirements.txt", "first", "torch", "last")
    words = ("install", "--index-url", index.url, *QUICK, *EACH_ALONE, "-r", requirements)

    run = workspace.tool(environment, *words, timeout_s=30)
    assert run.returncode == 75, run.output
    block = run.block
    assert 'group 2/3 "torch"' in block[""]
    assert "phase download" in block[""]
    assert block["package"].startswith("torch 1.0")
    assert TORCH.filename in block["package"]
    assert block["from"] == index.url_of(TORCH.path)
    assert "stalled" in block["cause"]
    # The first try brought bytes, so three more in a row that bring none are needed.
    assert block["tries"].startswith("4 in ")
    assert "4 stalls" in block["tries"]
    assert "270.0 kB" in block["kept"]
    assert "first" in block["installed"]
    assert "last" in run.stderr
    assert environment.versions() == {"first": "1.0"}

    index.script(TORCH.path, [Ok()])
    tries = len(index.requests_for(TORCH.path))
    again = workspace.tool(environment, *words)
    assert again.returncode == 0, again.output
    assert [request.range for request in index.requests_for(TORCH.path)[tries:]] == ["bytes=270000-"]
    assert environment.versions() == {"first": "1.0", "torch": "1.0", "last": "1.0"}


def test_a_wrong_hash_for_ever(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """65 after the file was fetched twice; nothing of it is installed."""
    index.add(TORCH)
    index.script(TORCH.path, [WrongBytes()])
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "torch")
    assert run.returncode == 65, run.output
    assert run.block["package"].startswith("torch 1.0")
    assert TORCH.sha256 in run.block["cause"]
    assert len(index.requests_for(TORCH.path)) == 2
    assert environment.versions() == {}


@pytest.mark.pips
def test_a_hash_that_the_user_gave_does_not_match(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """--hash counts as much as the index's hash, and the requirement is named."""
    index.add(TORCH)
    file = workspace.write("requirements.txt", f"torch==1.0 --hash=sha256:{'0' * 64}")
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "-r", file)
    assert run.returncode == 65, run.output
    assert "torch" in run.stderr
    assert run.block, run.output
    assert environment.versions() == {}


def test_an_index_that_refuses_connections(workspace: Workspace, environment: Environment) -> None:
    """69, and the block names the index."""
    with FaultyIndex() as gone:
        url, host = gone.url, gone.host
    run = workspace.tool(environment, "install", "--index-url", url, *QUICK, "torch", timeout_s=30)
    assert run.returncode == 69, run.output
    assert host in run.block["from"]
    assert "phase plan" in run.block[""]


@pytest.mark.parametrize(
    ("fault", "exit_code"),
    [
        pytest.param(RedirectTo("http://127.0.0.1:1/"), 69, id="refuses"),
        pytest.param(NeverAnswer(), 75, id="never-answers"),
        pytest.param(Stall(10_000), 75, id="stalls-half-way"),
        pytest.param(Status(503), 75, id="503"),
    ],
)
def test_forty_files_on_a_dead_host(
    index: FaultyIndex, workspace: Workspace, environment: Environment, fault: Fault, exit_code: int
) -> None:
    """The run ends with the tries of one file, not of each; what came of several is kept."""
    files = [index.add(make_wheel(f"part{number}", "1.0", size=40_000)) for number in range(40)]
    for file in files:
        index.script(file.path, [fault])
    words = ("install", "--index-url", index.url, *QUICK, *(file.name for file in files))
    run = workspace.tool(environment, *words, timeout_s=60)
    assert run.returncode == exit_code, run.output
    assert run.block["package"].startswith("part")
    asked = {file.path: len(index.requests_for(file.path)) for file in files}
    begun = [path for path, count in asked.items() if count]
    # On an idle machine at most 33 requests for 9 files; where bytes come late, others begin meanwhile.
    assert 3 <= sum(asked.values()) <= 60, asked  # each by itself they would make 120
    assert len(begun) <= 20
    partials = [path.stat().st_size for path in workspace.cache.rglob("*") if path.parent.name == "partial"]
    if isinstance(fault, Stall):
        assert partials.count(10_000) == len(begun)


@pytest.mark.pips
def test_no_older_version_because_a_page_is_down(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Aaa 2.0 needs bbb, whose page is down: pip alone would take aaa 1.0 and exit 0."""
    index.add(make_wheel("aaa", "1.0"))
    index.add(make_wheel("aaa", "2.0", ["bbb"]))
    index.add(make_wheel("bbb", "1.0"))
    index.script(index.page_path("bbb"), [Status(503)])
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "aaa")
    assert run.returncode == 75, run.output
    assert "bbb" in run.block["package"]
    assert "HTTP 503" in run.block["cause"]
    assert environment.versions() == {}


def test_no_older_version_because_metadata_is_down(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The newest version's metadata cannot be had in any way: the run fails, and says which file."""
    index.add(make_wheel("aaa", "1.0"))
    newest = index.add(make_wheel("aaa", "2.0"))
    index.script(f"{newest.path}.metadata", [Status(503)])
    index.script(newest.path, [Status(503)])
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "aaa")
    assert run.returncode == 75, run.output
    assert newest.filename in run.stderr
    assert environment.versions() == {}


def test_an_upgrade_whose_download_dies_changes_nothing(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """What was installed stays, although other files of the upgrade had arrived."""
    for version in ("1.0", "2.0"):
        index.add(make_wheel("app", version, [f"lib=={version}"]))
        index.add(make_wheel("other", version))
    index.add(make_wheel("lib", "1.0"))
    dead = index.add(make_wheel("lib", "2.0", size=300_000))
    before = workspace.pip(environment, "install", "--index-url", index.url, "app<2", "other<2")
    assert before.returncode == 0, before.output
    state = environment.snapshot()
    index.script(dead.path, [Stall(100_000)])
    run = workspace.tool(
        environment, "install", "--index-url", index.url, *QUICK, *EACH_ALONE, "-U", "other", "app"
    )
    assert run.returncode == 75, run.output
    assert run.block["package"].startswith("lib 2.0")
    assert environment.snapshot() == state


@pytest.mark.pips
def test_a_build_that_fails(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """Exit 1, the project and what its build said; groups before it stay."""
    index.add(make_wheel("first", "1.0"))
    index.add(make_sdist("native", "1.0", fails_with="no compiler here"))
    run = workspace.tool(environment, "install", "--index-url", index.url, *EACH_ALONE, "first", "native")
    assert run.returncode == 1, run.output
    assert "native" in run.block["package"]
    assert "no compiler here" in run.stderr
    assert environment.versions() == {"first": "1.0"}


def test_the_deadline_of_the_run(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """--deadline ends the run with a report and 124."""
    index.add(TORCH)
    index.script(TORCH.path, [Stall(100_000)])
    run = workspace.tool(
        environment, "install", "--index-url", index.url, "--deadline", "4s", "torch", timeout_s=15
    )
    assert run.returncode == 124, run.output
    assert run.block, run.output


def test_a_time_out_that_the_user_set_is_hard(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """A directive's timeout ends a transfer however well it flows, and the package is named."""
    index.add(TORCH)
    index.bytes_per_second = 50_000
    file = workspace.write("requirements.txt", "torch  # resilient-pip: timeout=2")
    run = workspace.tool(environment, "install", "--index-url", index.url, "-r", file, timeout_s=30)
    assert run.returncode == 124, run.output
    assert run.block["package"].startswith("torch 1.0")


def test_a_cache_that_cannot_be_written(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """73 names the folder: here a file stands where it should be."""
    index.add(TORCH)
    workspace.cache.touch()
    run = workspace.tool(environment, "install", "--index-url", index.url, "torch")
    assert run.returncode == 73, run.output
    assert str(workspace.cache) in run.stderr
    assert environment.versions() == {}
