"""Requirements files behind URLs are the run's own transfers: shown, bounded, tried again, named."""

from __future__ import annotations

import re
import signal

import pytest

from tests.support.environments import Environment, Workspace
from tests.support.faults import (
    CaptivePortal,
    EarlyClose,
    Fault,
    NeverAnswer,
    Ok,
    Reset,
    Stall,
    Status,
)
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.wheels import make_sdist, make_wheel

PASSWORD = "s3cret-p4ss"
PATH = "/lists/more.txt"


def put(index: FaultyIndex, *lines: str) -> str:
    """Serve a requirements file and give its URL."""
    return index.put(PATH, "".join(f"{line}\n" for line in lines).encode(), "text/plain")


def test_every_fault_once(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """What breaks is asked for again, with our limits; so are the files that it names, constraints too."""
    for version in ("1.0", "2.0"):
        index.add(make_wheel("a", version))
    url = put(index, "-r nested.txt", "-c limits.txt")
    index.put("/lists/nested.txt", b"a\n", "text/plain")
    index.put("/lists/limits.txt", b"a<2\n", "text/plain")
    index.script(PATH, [Reset(3), NeverAnswer(), Ok()])
    index.script("/lists/nested.txt", [Stall(1), Status(504), Ok()])
    index.script("/lists/limits.txt", [EarlyClose(2), Status(503), Ok()])
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "-r", url)
    assert run.returncode == 0, run.output
    assert environment.versions() == {"a": "1.0"}
    asked = [len(index.requests_for(f"/lists/{name}.txt")) for name in ("more", "nested", "limits")]
    assert asked == [3, 3, 3]


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        pytest.param(Stall(1), (75, "stalled: no data"), id="stall"),
        pytest.param(Status(503), (75, "HTTP 503"), id="503"),
        pytest.param(Status(404), (1, "HTTP 404"), id="404"),
        pytest.param(Status(401), (69, "HTTP 401"), id="401"),
        pytest.param(CaptivePortal(), (65, "a web page"), id="captive-portal"),
    ],
)
def test_a_fault_for_ever(
    index: FaultyIndex, workspace: Workspace, environment: Environment, fault: Fault, end: tuple[int, str]
) -> None:
    """It ends with the exit code of the cause, and names the URL and the line that asked for it."""
    file = workspace.write("requirements.txt", "a", f"-r {put(index, 'b')}")
    index.script(PATH, [fault])
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "-r", file)
    exit_code, cause = end
    assert run.returncode == exit_code, run.output
    assert run.block["asked"] == "for requirements.txt:2"
    assert run.block["from"] == index.url_of(PATH)
    assert cause in run.block["cause"]
    assert "phase prepare" in run.block[""]


def test_nothing_listens(workspace: Workspace, environment: Environment) -> None:
    """69, for a file that the command line names."""
    with FaultyIndex() as gone:
        url = gone.url_of(PATH)
    run = workspace.tool(environment, "install", *QUICK, "-r", url)
    assert run.returncode == 69, run.output
    assert run.block["from"] == url
    assert "connection refused" in run.block["cause"]


def test_heartbeat_and_deadline(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """A server that never answers is not waited for in silence, nor beyond --deadline."""
    url = put(index, "a")
    index.script(PATH, [NeverAnswer()])
    words = ("--heartbeat", "1s", "--deadline", "4s", "-c", url, "a")
    run = workspace.tool(environment, "install", "--index-url", index.url, *words, timeout_s=30)
    assert run.returncode == 124, run.output
    assert run.block["from"] == url
    beats = re.findall(r"preparing; waiting for .*/more\.txt", run.stderr)
    assert len(beats) >= 2, run.output


def test_ctrl_c(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """It works while a file is waited for."""
    url = put(index, "a")
    index.script(PATH, [NeverAnswer()])
    running = workspace.start(environment, "install", "--index-url", index.url, "-r", url)
    index.wait_until(lambda seen: len(seen.requests_for(PATH)) > 0, 30)
    running.process.send_signal(signal.SIGINT)
    run = running.finish(10)
    assert run.returncode == 130, run.output
    assert run.block["from"] == url


def test_credentials(workspace: Workspace, environment: Environment) -> None:
    """Those of the URL hold for it and for what it names beside it; those of an index for its host."""
    with FaultyIndex(credentials=("ann", PASSWORD)) as index:
        index.add(make_wheel("a", "1.0"))
        url = put(index, "-r nested.txt")
        index.put("/lists/nested.txt", b"a\nno-such-thing\n", "text/plain")
        with_login = index.url_with_credentials.replace("/simple/", PATH)
        by_url = workspace.tool(environment, "plan", "--index-url", index.url, *QUICK, "-r", with_login)
        words = ("--index-url", index.url_with_credentials, "-r", url)
        by_index = workspace.tool(environment, "plan", *words)
    assert by_url.returncode == 69  # the files could be read, the index cannot
    assert f"{index.host}/simple/" in by_url.block["from"]
    assert by_index.returncode == 1
    assert "no-such-thing" in by_index.block["cause"]
    assert PASSWORD not in by_url.output + by_index.output


@pytest.mark.parametrize("where", ["option", "variable"])
def test_build_constraints(
    index: FaultyIndex, workspace: Workspace, environment: Environment, where: str
) -> None:
    """They are the run's own transfer too, and hold for the build; the built wheel serves the next run."""
    for version in ("1.0", "2.0"):
        index.add(make_wheel("backend", version))
    check = "assert backend.__version__ == '1.0', backend.__version__"
    index.add(make_sdist("a", "1.0", build_requires=["backend"], before_build=check))
    url = put(index, "-c nested.txt")
    index.put("/lists/nested.txt", b"backend<2\n", "text/plain")
    index.script(PATH, [Stall(1), Ok()])
    words = ("--build-constraint", url) if where == "option" else ()
    env = {"PIP_BUILD_CONSTRAINT": url} if where == "variable" else {}
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, *words, "a", env=env)
    assert run.returncode == 0, run.output
    assert environment.versions() == {"a": "1.0"}
    asked = [len(index.requests_for(f"/lists/{name}.txt")) for name in ("more", "nested")]
    assert asked == [2, 1]
    again = (*words, "--force-reinstall", "a")
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, *again, env=env)
    assert run.returncode == 0, run.output
    assert len(list((workspace.cache / "built").glob("*/*/*.whl"))) == 1
