"""Other places for the same files: asked only in trouble, believed only as far as the hash goes."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.environments import Environment, Run, Workspace
from tests.support.faults import Drip, Fault, NeverAnswer, Ok, Reset, Stall, Status, WrongBytes
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.pages import Shape, html_page
from tests.support.wheels import make_wheel

TORCH = make_wheel("torch", "1.0", size=400_000)
PASSWORD = "s3cret-p4ss"


@pytest.fixture
def mirror() -> Iterator[FaultyIndex]:
    """An index with the same file, that tells neither hashes nor sizes."""
    with FaultyIndex(Shape(hashes=False, sizes=False)) as running:
        running.add(TORCH)
        yield running


def install(workspace: Workspace, environment: Environment, index: FaultyIndex, *words: str | Path) -> Run:
    """Install from `index`, with short limits; what the last words say."""
    return workspace.tool(environment, "install", "--index-url", index.url, *QUICK, *words)


def is_whole(environment: Environment) -> bool:
    """Whether what is installed is what was asked for."""
    payload = environment.site_packages / "torch" / "payload.bin"
    return environment.versions() == {"torch": "1.0"} and payload.read_bytes() in TORCH.content


@pytest.mark.parametrize(
    ("story", "ranges"),
    [
        pytest.param([Stall(160_000)], ["bytes=160000-"], id="stall"),
        pytest.param([Status(503, retry_after=60)], [None], id="503-retry-after"),
        pytest.param([Drip(100_000)], ["bytes="], id="slow"),
    ],
)
def test_a_mirror_takes_over(  # noqa: PLR0917 - the table's columns
    index: FaultyIndex,
    mirror: FaultyIndex,
    workspace: Workspace,
    environment: Environment,
    story: Sequence[Fault],
    ranges: Sequence[str | None],
) -> None:
    """The first failed try leads to the mirror, which gives the rest: every byte once."""
    index.add(TORCH)
    index.script(TORCH.path, story)
    run = install(workspace, environment, index, "--mirror", mirror.url, "torch")
    assert run.returncode == 0, run.output
    assert is_whole(environment)
    assert len(index.requests_for(TORCH.path)) == 1
    [asked] = mirror.requests_for(TORCH.path)
    assert (asked.range or "").startswith(ranges[0] or "")
    assert asked.if_range is None
    assert index.sent(TORCH.path) + mirror.sent(TORCH.path) <= TORCH.size * 1.02
    assert run.output.count(f"torch: continuing from {mirror.host}") == 1


def test_where_the_files_are_may_be_dead(
    index: FaultyIndex, mirror: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The page is read, the host of its files refuses: core metadata and file come from the mirror."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{unused.getsockname()[1]}"
    page = html_page("torch", [TORCH], Shape(), lambda file: f"{dead}{file.path}")
    index.put(index.page_path("torch"), page, "text/html")
    run = install(workspace, environment, index, "--mirror", mirror.url, "torch")
    assert run.returncode == 0, run.output
    assert is_whole(environment)
    assert [request.path for request in mirror.requests] == [
        mirror.page_path("torch"),
        f"{TORCH.path}.metadata",
        TORCH.path,
    ]


@pytest.mark.parametrize("streamed", [pytest.param(False, id="planned"), pytest.param(True, id="hashed")])
def test_wrong_bytes_of_a_mirror_cost_a_retry(
    index: FaultyIndex,
    mirror: FaultyIndex,
    workspace: Workspace,
    environment: Environment,
    *,
    streamed: bool,
) -> None:
    """They are thrown away, the mirror is left for this file, a pip that reads along gets none of them."""
    index.add(TORCH)
    index.script(TORCH.path, [Stall(160_000), Ok()])
    mirror.script(TORCH.path, [WrongBytes()])
    line = f"torch==1.0 --hash=sha256:{TORCH.sha256}" if streamed else "torch"
    words = ("--mirror", mirror.url, "--requirement", workspace.write("requirements.txt", line))
    run = install(workspace, environment, index, *words)
    assert run.returncode == 0, run.output
    assert is_whole(environment)
    assert [request.range for request in index.requests_for(TORCH.path)] == [None, None]
    assert [request.range for request in mirror.requests_for(TORCH.path)] == ["bytes=160000-"]
    assert f"at {mirror.host}" in run.output


@pytest.mark.parametrize(
    ("path", "story", "noted"),
    [
        pytest.param("/simple/torch/", [Status(404)], False, id="no-such-project"),
        pytest.param("/simple/torch/", [Status(500)], True, id="broken"),
        pytest.param("/simple/torch/", [NeverAnswer()], False, id="silent"),
    ],
)
def test_a_mirror_that_cannot_help_does_no_harm(  # noqa: PLR0917 - the table's columns
    index: FaultyIndex,
    mirror: FaultyIndex,
    workspace: Workspace,
    environment: Environment,
    path: str,
    story: Sequence[Fault],
    noted: bool,  # noqa: FBT001 - a table
) -> None:
    """The own place is tried again; a mirror that fails is noted, one that is silent not waited for."""
    index.add(TORCH)
    index.script(TORCH.path, [Reset(90_000), Reset(180_000), Ok()])
    mirror.script(path, story)
    run = install(workspace, environment, index, "--mirror", mirror.url, "torch")
    assert run.returncode == 0, run.output
    assert [request.range for request in index.requests_for(TORCH.path)] == [
        None,
        "bytes=90000-",
        "bytes=180000-",
    ]
    assert mirror.requests_for(TORCH.path) == []
    assert run.output.count(f"note: the mirror {mirror.url.rstrip('/')} is left") == noted


def test_a_failure_names_each_place(
    index: FaultyIndex, mirror: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The block is about the file's own place; its tally says what failed where."""
    index.add(TORCH)
    index.script(TORCH.path, [Reset(160_000)])
    mirror.script(TORCH.path, [Status(404)])
    run = install(workspace, environment, index, "--mirror", mirror.url, "torch")
    assert run.returncode == 75, run.output
    assert run.block["from"] == index.url_of(TORCH.path)
    assert run.block["cause"] == "connection reset at 160.0 kB (39 %)"
    assert run.block["tries"].endswith(f"connection reset at {index.host}, 1 HTTP 404 at {mirror.host}")


def test_without_a_hash_no_mirror_is_asked(
    mirror: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Nothing would show that its file is the right one."""
    with FaultyIndex(Shape(hashes=False)) as index:
        index.add(TORCH)
        index.script(TORCH.path, [Reset(90_000), Ok()])
        run = install(workspace, environment, index, "--mirror", mirror.url, "torch")
    assert run.returncode == 0, run.output
    assert mirror.requests == []


def test_names_of_other_indexes_are_not_told(
    index: FaultyIndex, mirror: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """A private project in trouble is the private index's business; a healthy index needs no mirror."""
    index.add(TORCH)
    private = make_wheel("secret-project", "1.0", ["torch"], size=400_000)
    with FaultyIndex() as extra:
        extra.add(private)
        extra.script(private.path, [Reset(90_000), Ok()])
        words = ("--extra-index-url", extra.url, "--mirror", mirror.url)
        run = install(workspace, environment, index, *words, "secret-project")
    assert run.returncode == 0, run.output
    assert mirror.requests == []


def test_an_unreadable_index_is_not_replaced(
    index: FaultyIndex, mirror: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """What versions and hashes there are, only the index may say."""
    index.add(TORCH)
    index.script(index.page_path("torch"), [Status(503)])
    run = install(workspace, environment, index, "--mirror", mirror.url, "torch")
    assert run.returncode == 75, run.output
    assert index.host in run.block["from"]
    assert mirror.requests == []


def test_credentials_of_a_mirror_work_and_do_not_show(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Its login goes to the mirror alone and stands in no output."""
    index.add(TORCH)
    index.script(TORCH.path, [Stall(160_000)])
    with FaultyIndex(credentials=("user", PASSWORD)) as mirror:
        mirror.add(TORCH)
        run = workspace.tool(
            environment,
            *("install", "--index-url", index.url, *QUICK, "torch"),
            env={"RESILIENT_PIP_MIRROR": mirror.url_with_credentials},
        )
        assert {request.status for request in mirror.requests} == {200, 206}
    assert run.returncode == 0, run.output
    assert {request.authorization for request in index.requests} == {None}
    assert PASSWORD not in run.output


@pytest.mark.parametrize(
    ("own", "story", "answers"),
    [
        pytest.param([Drip(20)], [Ok()], ["mirror"], id="right"),
        pytest.param([Status(503), Ok()], [WrongBytes()], ["mirror", "index"], id="wrong"),
    ],
)
def test_core_metadata_may_come_from_a_mirror(  # noqa: PLR0917 - the table's columns
    index: FaultyIndex,
    mirror: FaultyIndex,
    workspace: Workspace,
    environment: Environment,
    own: Sequence[Fault],
    story: Sequence[Fault],
    answers: Sequence[str],
) -> None:
    """It is held against the hash that the index gives for it, too."""
    index.add(TORCH)
    index.script(f"{TORCH.path}.metadata", own)
    mirror.script(f"{TORCH.path}.metadata", story)
    run = workspace.tool(
        environment, "plan", "--index-url", index.url, *QUICK, "--mirror", mirror.url, "torch"
    )
    assert run.returncode == 0, run.output
    requests = [
        (request.at_s, name)
        for name, server in (("index", index), ("mirror", mirror))
        for request in server.requests_for(f"{TORCH.path}.metadata")
    ]
    assert [name for _, name in sorted(requests)] == ["index", *answers]
    assert index.sent(TORCH.path) == 0
