"""Where files come from: several indexes, routes, bare indexes, folders, credentials."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.support.environments import Environment, Workspace, eventually, living
from tests.support.faults import NeverAnswer, RedirectTo, Status
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.pages import Shape, write_files, write_index
from tests.support.wheels import make_wheel

PASSWORD = "s3cret-p4ss"


@pytest.fixture
def second() -> Iterator[FaultyIndex]:
    """Another index, on another port."""
    with FaultyIndex() as running:
        yield running


def test_two_indexes_are_merged_as_pip_merges_them(
    index: FaultyIndex, second: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The newest version wins, wherever it is."""
    index.add(make_wheel("a", "1.0"))
    second.add(make_wheel("a", "2.0", ["b"]))
    index.add(make_wheel("b", "1.0"))
    words = ("--index-url", index.url, "--extra-index-url", second.url)
    run = workspace.tool(environment, "install", *words, "a")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"a": "2.0", "b": "1.0"}


@pytest.mark.parametrize("down", ["first", "second"])
def test_an_index_that_is_down_is_no_reason_to_take_the_other(
    index: FaultyIndex, second: FaultyIndex, workspace: Workspace, environment: Environment, down: str
) -> None:
    """Both have the project; one cannot be read; the run fails and names that one."""
    broken = index if down == "first" else second
    for each in (index, second):
        each.add(make_wheel("a", "1.0"))
    broken.script(broken.page_path("a"), [Status(503)])
    words = ("--index-url", index.url, "--extra-index-url", second.url)
    run = workspace.tool(environment, "install", *words, *QUICK, "a")
    assert run.returncode == 75, run.output
    assert broken.host in run.block["from"]
    assert environment.versions() == {}


def test_an_index_that_may_be_skipped_is_skipped_and_noted(
    index: FaultyIndex, second: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """--index-failure-skip is the user's word for it, and the log says that it happened."""
    index.add(make_wheel("a", "2.0"))
    second.add(make_wheel("a", "1.0"))
    index.script(index.page_path("a"), [Status(503)])
    words = ("--index-url", index.url, "--extra-index-url", second.url)
    run = workspace.tool(environment, "install", *words, *QUICK, "--index-failure-skip", index.url, "a")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"a": "1.0"}
    assert index.host in run.output


@pytest.mark.pips
@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["# resilient-pip: index-url={url}", "torch", "", "plain"], id="directive-above"),
        pytest.param(["torch  # resilient-pip: index-url={url}", "plain"], id="directive-behind"),
        pytest.param(["torch --index-url {url}", "plain"], id="per-line-option"),
        pytest.param(["torch --index-url={url}", "plain"], id="per-line-option-with-equals"),
    ],
)
def test_a_route_is_exclusive(
    index: FaultyIndex,
    second: FaultyIndex,
    workspace: Workspace,
    environment: Environment,
    lines: list[str],
) -> None:
    """A routed project comes from its index alone, however new the others' are; others do not go there."""
    index.add(make_wheel("torch", "9.0"))
    index.add(make_wheel("plain", "1.0"))
    second.add(make_wheel("torch", "1.0", ["plain"]))
    second.add(make_wheel("plain", "9.0"))
    file = workspace.write("requirements.txt", *(line.format(url=second.url) for line in lines))
    run = workspace.tool(environment, "install", "--index-url", index.url, "-r", file)
    assert run.returncode == 0, run.output
    assert environment.versions() == {"torch": "1.0", "plain": "1.0"}
    assert index.requests_for(index.page_path("torch")) == []
    assert second.requests_for(second.page_path("plain")) == []


def test_a_route_that_is_down_fails(
    index: FaultyIndex, second: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Nothing comes from elsewhere instead."""
    index.add(make_wheel("torch", "9.0"))
    second.add(make_wheel("torch", "1.0"))
    second.script(second.page_path("torch"), [Status(503)])
    file = workspace.write("requirements.txt", f"torch --index-url {second.url}")
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "-r", file)
    assert run.returncode == 75, run.output
    assert second.host in run.block["from"]
    assert environment.versions() == {}


def test_an_index_url_inside_a_file_is_obeyed(
    index: FaultyIndex, second: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """A line of its own replaces the command line's index, as in pip, and stays behind the gateway."""
    second.add(make_wheel("a", "1.0"))
    file = workspace.write("requirements.txt", f"--index-url {second.url}", "a")
    run = workspace.tool(environment, "install", "--index-url", index.url, "-r", file)
    assert run.returncode == 0, run.output
    assert index.requests == []


BARE = Shape(sizes=False, hashes=False, metadata=False)


@pytest.mark.parametrize(
    ("shape", "limit"),
    [
        pytest.param(BARE, 6 * 2**18, id="bare"),
        pytest.param(Shape(metadata=False), 6 * 2**18, id="no-pep-658"),
        pytest.param(Shape(json=False), 10_000, id="html"),
    ],
)
def test_planning_fetches_no_whole_wheel(
    workspace: Workspace, environment: Environment, shape: Shape, limit: int
) -> None:
    """Metadata is read out of remote wheels by ranges (256 KiB each at most) where it stands nowhere else."""
    with FaultyIndex(shape) as index:
        for version in ("1.0", "2.0", "3.0"):
            index.add(make_wheel("big", version, [f"lib=={version}"], size=3_000_000))
            index.add(make_wheel("lib", version, size=3_000_000))
        words = ("--index-url", index.url, "big", "lib<3")
        plan = workspace.tool(environment, "plan", *words)
        assert plan.returncode == 0, plan.output
        assert index.sent() < limit + 10_000
        run = workspace.tool(environment, "install", *words)
        assert run.returncode == 0, run.output
    assert environment.versions() == {"big": "2.0", "lib": "2.0"}


def test_a_bare_index_without_ranges(workspace: Workspace, environment: Environment) -> None:
    """No metadata, no sizes, no hashes, no ranges: each file is transferred once all the same."""
    with FaultyIndex(BARE, ranges=False) as index:
        file = index.add(make_wheel("a", "1.0", ["b"], size=20_000_000))
        index.add(make_wheel("b", "1.0", size=100_000))
        run = workspace.tool(environment, "install", "--index-url", index.url, "a")
        assert run.returncode == 0, run.output
        # The question for a range is broken off as soon as its answer turns out to be the whole file.
        assert index.sent(file.path) < 1.5 * file.size
    assert environment.versions() == {"a": "1.0", "b": "1.0"}


@pytest.mark.pips
def test_requires_python_and_yanked_reach_pip(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """What the page says of a file decides as it does without a gateway."""
    index.add(make_wheel("a", "1.0"))
    index.add(make_wheel("a", "2.0", yanked="broken"))
    index.add(make_wheel("a", "3.0", requires_python=">=99"))
    run = workspace.tool(environment, "install", "--index-url", index.url, "a")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"a": "1.0"}


def test_files_behind_a_redirect(
    index: FaultyIndex, second: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Files that live on another host are followed there."""
    file = index.add(make_wheel("a", "1.0"))
    index.script(file.path, [RedirectTo(second.put("/store/a", file.content))])
    run = workspace.tool(environment, "install", "--index-url", index.url, "a")
    assert run.returncode == 0, run.output
    assert second.sent("/store/a") == file.size


def test_a_file_index(workspace: Workspace, environment: Environment) -> None:
    """file:// works as an index."""
    url = write_index(workspace.root / "mirror", [make_wheel("a", "1.0", ["b"]), make_wheel("b", "1.0")])
    run = workspace.tool(environment, "install", "--index-url", url, "a")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"a": "1.0", "b": "1.0"}


@pytest.mark.parametrize("form", ["folder", "file-url"])
def test_find_links_without_an_index(workspace: Workspace, environment: Environment, form: str) -> None:
    """A folder of wheels is enough."""
    folder = write_files(workspace.root / "wheels", [make_wheel("a", "1.0", ["b"]), make_wheel("b", "1.0")])
    place = str(folder) if form == "folder" else folder.as_uri()
    run = workspace.tool(environment, "install", "--no-index", "--find-links", place, "a")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"a": "1.0", "b": "1.0"}


def test_find_links_beside_an_index(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """A folder and an index together, each with a part."""
    folder = write_files(workspace.root / "wheels", [make_wheel("a", "1.0", ["b"])])
    index.add(make_wheel("b", "1.0"))
    run = workspace.tool(environment, "install", "--index-url", index.url, "-f", folder, "a")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"a": "1.0", "b": "1.0"}


@pytest.mark.parametrize("place", ["url", "variable", "netrc"])
def test_credentials_work_and_appear_nowhere(
    workspace: Workspace, environment: Environment, place: str
) -> None:
    """Whichever way they are given: not in output, cache, plan or what is installed."""
    with FaultyIndex(credentials=("ann", PASSWORD)) as index:
        index.add(make_wheel("a", "1.0", ["b"]))
        index.add(make_wheel("b", "1.0", size=100_000))
        words = ["--index-url", index.url if place == "netrc" else index.url_with_credentials]
        env = {}
        if place == "variable":
            env, words = {"PIP_INDEX_URL": index.url_with_credentials}, []
        if place == "netrc":
            netrc = workspace.root / "netrc"
            netrc.write_text(f"machine 127.0.0.1 login ann password {PASSWORD}\n")
            netrc.chmod(0o600)
            env = {"NETRC": str(netrc)}
        plan = workspace.tool(environment, "plan", "--json", *words, "a", env=env)
        run = workspace.tool(environment, "install", *words, "a", env=env)
        index.script(index.page_path("a"), [Status(503)])
        failed = workspace.tool(environment, "plan", *words, *QUICK, "a", "-U", env=env)
    assert (plan.returncode, run.returncode, failed.returncode) == (0, 0, 75), run.output + failed.output
    assert environment.versions() == {"a": "1.0", "b": "1.0"}
    for each in (plan, run, failed):
        assert PASSWORD not in each.output
    roots = (workspace.cache, environment.root)
    files = [path for root in roots for path in root.rglob("*") if path.is_file()]
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []
    assert [path for path in files if PASSWORD in str(path)] == []


def test_credentials_do_not_follow_a_redirect(
    second: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Another host gets no Authorization."""
    with FaultyIndex(credentials=("ann", PASSWORD)) as index:
        file = index.add(make_wheel("a", "1.0"))
        index.script(file.path, [RedirectTo(second.put("/store/a", file.content))])
        run = workspace.tool(environment, "install", "--index-url", index.url_with_credentials, "a")
    assert run.returncode == 0, run.output
    assert [request.authorization for request in second.requests] == [None]


def test_missing_credentials(workspace: Workspace, environment: Environment) -> None:
    """401 is 69, names the index and is not asked again and again."""
    with FaultyIndex(credentials=("ann", PASSWORD)) as index:
        index.add(make_wheel("a", "1.0"))
        run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "a")
        asked = len(index.requests_for(index.page_path("a")))
    assert run.returncode == 69, run.output
    assert index.host in run.block["from"]
    assert "HTTP 401" in run.block["cause"]
    assert asked == 1


def test_credentials_reach_no_child(workspace: Workspace, environment: Environment) -> None:
    """The pip that plans has them neither in its arguments nor in its environment."""
    with FaultyIndex(credentials=("ann", PASSWORD)) as index:
        index.add(make_wheel("a", "1.0", ["b"]))
        index.script(index.page_path("b"), [NeverAnswer()])
        url = {"PIP_INDEX_URL": index.url_with_credentials}
        running = workspace.start(environment, "install", "a", env=url)
        index.wait_until(lambda seen: len(seen.requests_for(seen.page_path("b"))) > 0, 30)
        eventually(lambda: len(living(str(environment.root))) > 1)
        children = {
            process: text
            for process, text in living(str(environment.root)).items()
            if process != running.process.pid
        }
        running.process.send_signal(signal.SIGTERM)
        running.finish(5)
    assert children
    assert [text for text in children.values() if PASSWORD in text] == []
