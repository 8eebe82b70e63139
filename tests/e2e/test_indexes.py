"""Where files come from: several indexes, routes, bare indexes, folders, credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from tests.support.environments import Environment, Workspace
from tests.support.faults import CaptivePortal, Fault, GarbagePage, NeverAnswer, RedirectTo, Stall, Status
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.pages import Shape, write_files, write_index
from tests.support.sources import unpack
from tests.support.wheels import make_sdist, make_wheel

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


class Down(NamedTuple):
    """A way in which an index is down, and what the run says of it."""

    break_: Callable[[FaultyIndex], str]
    """Breaks the index for torch, and gives its URL."""
    exit_code: int
    cause: str


def scripted(fault: Fault) -> Callable[[FaultyIndex], str]:
    """Let it answer with one fault for ever."""

    def break_(index: FaultyIndex) -> str:
        index.script(index.page_path("torch"), [fault])
        return index.url

    return break_


def gone(index: FaultyIndex) -> str:
    """Stop it: its port refuses connections."""
    url = index.url
    index.stop()
    return url


def without_tls(index: FaultyIndex) -> str:
    """Ask for TLS where it speaks plain HTTP."""
    return index.url.replace("http:", "https:")


def without_address(index: FaultyIndex) -> str:
    """Give it a name that no DNS knows (RFC 6761)."""
    return without_tls(index).replace("127.0.0.1", "no-such-host.invalid")


@pytest.mark.parametrize(
    "down",
    [
        pytest.param(Down(gone, 69, "(refused)"), id="refuses"),
        pytest.param(Down(without_address, 69, "(dns)"), id="dns"),
        pytest.param(Down(without_tls, 69, "(tls)"), id="tls"),
        pytest.param(Down(scripted(NeverAnswer()), 75, "stalled"), id="never-answers"),
        pytest.param(Down(scripted(Stall(20)), 75, "stalled"), id="stalls"),
        pytest.param(Down(scripted(Status(503)), 75, "HTTP 503"), id="503"),
        pytest.param(Down(scripted(Status(500)), 75, "HTTP 500"), id="500"),
        pytest.param(Down(scripted(Status(401)), 69, "HTTP 401"), id="401"),
        pytest.param(Down(scripted(GarbagePage()), 65, "JSON"), id="garbage"),
        pytest.param(Down(scripted(CaptivePortal()), 65, "captive portal"), id="captive-portal"),
    ],
)
def test_an_index_that_is_down_is_no_reason_to_take_the_other(
    index: FaultyIndex, second: FaultyIndex, workspace: Workspace, environment: Environment, down: Down
) -> None:
    """Both have the project; the run fails and names the one that cannot be read, wherever it is listed."""
    for each in (index, second):
        each.add(make_wheel("torch", "1.0"))
    broken = down.break_(second)
    for first, other in ((index.url, broken), (broken, index.url)):
        words = ("--index-url", first, "--extra-index-url", other, *QUICK)
        run = workspace.tool(environment, "install", *words, "torch")
        assert run.returncode == down.exit_code, run.output
        assert run.block["package"] == "torch"
        assert run.block["from"] == f"{broken}torch/"
        assert down.cause in run.block["cause"]
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


def test_a_folder_alone_is_not_fetched(workspace: Workspace, environment: Environment) -> None:
    """Then nothing is said of downloads either."""
    unpack(make_sdist("local", "1.0"), workspace.root / "local-1.0")
    run = workspace.tool(environment, "install", "--no-index", "./local-1.0")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"local": "1.0"}
    assert "download" not in run.output


@pytest.mark.parametrize("form", ["folder", "file-url"])
def test_find_links_without_an_index(workspace: Workspace, environment: Environment, form: str) -> None:
    """A folder of wheels is enough; --uploaded-prior-to does not ask when they were uploaded."""
    folder = write_files(workspace.root / "wheels", [make_wheel("a", "1.0", ["b"]), make_wheel("b", "1.0")])
    place = str(folder) if form == "folder" else folder.as_uri()
    words = ("--no-index", "--find-links", place, "--uploaded-prior-to", "2030-01-01")
    run = workspace.tool(environment, "install", *words, "a")
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


def test_one_call_installs_what_was_built(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """With --target and a folder, too, the wheel of the plan is installed, not one that an index has."""
    unpack(make_sdist("local", "1.0"), workspace.root / "local-1.0")
    index.add(make_wheel("foo", "1.0", files={"foo/of_the_wheel.py": ""}))
    index.add(make_sdist("foo", "1.0"))
    words = ("--no-binary", "foo", "--target", "there", "foo", "./local-1.0")
    run = workspace.tool(environment, "install", "--index-url", index.url, *words)
    assert run.returncode == 0, run.output
    assert not (workspace.root / "there" / "foo" / "of_the_wheel.py").exists()
