"""A command behind the gateway: its streams, signals and end are its own, and what it cannot get is named."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import replace

import pytest

from tests.support.environments import Workspace, eventually, living
from tests.support.faults import Ok, Reset, SlowHeaders, Status
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.wheels import make_wheel

PIP = (sys.executable, "-m", "pip")

ASKS = """
import json, os, sys, urllib.request
index = os.environ["PIP_INDEX_URL"]
def ask(url, method="GET", **headers):
    request = urllib.request.Request(url, method=method, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return answer.status, answer.read()
for earlier in sys.argv[1:]:
    ask(earlier)
_, page = ask(index + "aaa/", Accept="application/vnd.pypi.simple.v1+json")
files = json.loads(page)["files"]
url = files[-1]["url"]
print(url)
print(json.dumps({
    "names": [file["filename"] for file in files],
    "head": ask(url, "HEAD")[0],
    "range": (lambda status, body: (status, len(body)))(*ask(url, Range="bytes=-22")),
    "metadata": ask(url + ".metadata")[1].decode().splitlines()[1],
}))
"""
COUNTS = """
import signal, sys, time
met = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: met.append(signal.Signals(number).name))
print("ready", flush=True)
until = time.monotonic() + 20
while not met and time.monotonic() < until:
    time.sleep(0.05)
time.sleep(0.5)  # for a second one
print(*met, flush=True)
sys.exit(9)
"""
ON_A_TERMINAL = """
import os, pty, sys
def read(terminal):
    data = os.read(terminal, 1024)
    if b"ready" in data:
        os.write(terminal, b"\\x03")
    return data
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], read)))
"""


def test_streams_and_exit_code_are_the_commands(workspace: Workspace) -> None:
    """It reads our input and writes our outputs; this program says nothing beside it."""
    command = ("sh", "-c", "cat; echo said >&2; exit 3")
    words = (*workspace.program, "exec", "--file-cache", str(workspace.cache), *command)
    run = workspace.other("sh", "-c", 'echo given | "$@"', "sh", *words).finish(60)
    assert (run.returncode, run.stdout, run.stderr) == (3, "given\n", "said\n")


@pytest.mark.parametrize(
    ("command", "exit_code", "said"),
    [
        pytest.param("no-such-command", 127, "no-such-command: no such command", id="not-there"),
        pytest.param("/etc/passwd", 126, "/etc/passwd: Permission denied", id="not-executable"),
    ],
)
def test_what_cannot_be_started(workspace: Workspace, command: str, exit_code: int, said: str) -> None:
    """One line and the exit code of a shell."""
    run = workspace.behind([], command).finish(60)
    assert (run.returncode, run.stderr) == (exit_code, f"resilient-pip: error: {said}\n")


def test_a_command_that_a_signal_ended(workspace: Workspace) -> None:
    """128 + N, as a shell says it."""
    assert workspace.behind([], "sh", "-c", "kill -KILL $$").finish(60).returncode == 137


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name)
def test_signals_are_passed_on(workspace: Workspace, number: signal.Signals) -> None:
    """Whoever signals this program means the command, and how that ends is how this ends."""
    running = workspace.behind([], sys.executable, "-c", COUNTS)
    running.wait_for_line(lambda line: line == "ready", 30)
    running.process.send_signal(number)
    run = running.finish(60)
    assert (run.returncode, run.stdout.splitlines()) == (9, ["ready", number.name])


def test_ctrl_c_reaches_the_command_once(workspace: Workspace) -> None:
    """The terminal sends it to the command by itself."""
    place = ("--file-cache", str(workspace.cache))
    words = (*workspace.program, "exec", *place, "--", sys.executable, "-c", COUNTS)
    run = workspace.other(sys.executable, "-c", ON_A_TERMINAL, *words).finish(60)
    assert (run.returncode, run.stdout.count("SIGINT")) == (9, 1), run.output


def test_the_deadline_ends_all_that_was_started(workspace: Workspace) -> None:
    """The command and what it has started in its turn; the exit code says why."""
    words = ("sh", "-c", f"MARK={workspace.root}/mark sh -c 'trap : TERM; sleep 300 & wait; sleep 300'; true")
    run = workspace.behind(["--deadline", "2s"], *words).finish(60)
    assert run.returncode == 124
    assert run.block["cause"].startswith("the run")
    eventually(lambda: not living(f"MARK={workspace.root}/mark"))


def test_clients_of_any_kind_are_served(index: FaultyIndex, workspace: Workspace) -> None:
    """Pages are whole; files come by range too; metadata and HEAD are answered; URLs last from run to run."""
    wheel = make_wheel("aaa", "1.0")
    index.add(replace(wheel, filename="aaa-1.0-cp27-cp27m-win32.whl"))
    index.add(wheel)
    told = workspace.write("asks.py", ASKS)
    answers = []
    url = ""
    for _ in range(2):
        command = (sys.executable, str(told), *url.split())
        run = workspace.behind(["--index-url", index.url], *command).finish(60)
        assert run.returncode == 0, run.output
        asked, answer = run.stdout.splitlines()
        assert url in {"", asked}
        url = asked
        answers.append(answer)
    assert [json.loads(answer) for answer in answers] == 2 * [
        {
            "names": ["aaa-1.0-cp27-cp27m-win32.whl", wheel.filename],
            "head": 200,
            "range": [206, 22],
            "metadata": "Name: aaa",
        }
    ]


def test_what_could_not_be_had_is_named(index: FaultyIndex, workspace: Workspace) -> None:
    """The command's own failure becomes that of the file; its tries are counted, and it is tried no more."""
    wheel = index.add(make_wheel("aaa", "1.0", size=200_000))
    index.script(wheel.path, [Reset(70_000)])
    options = [*QUICK, "--index-url", index.url]
    run = workspace.behind(options, *PIP, "download", "--dest", "files", "aaa").finish(60)
    assert run.returncode == 75, run.output
    block = run.block
    assert block[""] == "resilient-pip: FAILED  phase download"
    assert block["package"] == f"aaa  ({wheel.filename}, {wheel.size / 1000:.1f} kB)"
    assert block["from"] == index.url_of(wheel.path)
    assert block["cause"].startswith("connection reset at 70.0 kB")
    assert block["tries"].startswith("4 in ")
    assert len(index.requests_for(wheel.path)) == 4


def test_success_without_what_was_asked_for_is_failure(index: FaultyIndex, workspace: Workspace) -> None:
    """Pip steps back to a version that does not need what failed, and ends with 0: that is not believed."""
    index.add(make_wheel("aaa", "2.0", ["bbb"]))
    index.add(make_wheel("aaa", "1.0"))
    index.add(make_wheel("bbb", "1.0"))
    index.script(index.page_path("bbb"), [Status(503)])
    options = [*QUICK, "--index-url", index.url]
    run = workspace.behind(options, *PIP, "download", "--dest", "files", "aaa").finish(60)
    assert [path.name for path in (workspace.root / "files").iterdir()] == ["aaa-1.0-py3-none-any.whl"]
    assert run.returncode == 75, run.output
    assert "ended with 0, but did not get all that it asked for" in run.stderr
    assert (run.block["package"], run.block["cause"]) == ("bbb", "HTTP 503")


def test_only_waiting_is_told(index: FaultyIndex, workspace: Workspace) -> None:
    """A heartbeat says what the command waits for; none comes while it is busy itself; stdout is its own."""
    index.add(make_wheel("aaa", "1.0"))
    index.script(index.page_path("aaa"), [SlowHeaders(4.0), Ok()])
    told = workspace.write("asks.py", ASKS)
    options = ["--heartbeat", "1s", "--index-url", index.url]
    run = workspace.behind(options, "sh", "-c", f"sleep 3; {sys.executable} {told} >&2").finish(60)
    assert (run.returncode, run.stdout) == (0, "")
    beats = [line for line in run.lines if line.text.startswith("resilient-pip: [")]
    assert len(beats) >= 2, run.output
    assert all("waiting for" in line.text and "/simple/aaa/" in line.text for line in beats), run.output
    assert beats[0].at_s > 3


def test_pip_conf_holds_but_for_places(index: FaultyIndex, workspace: Workspace) -> None:
    """Its index is read by the gateway, and all else by the command's pip as before."""
    for version in ("1.0", "2.0"):
        index.add(make_wheel("aaa", version))
    constraints = workspace.write("constraints.txt", "aaa<2")
    configuration = workspace.write(
        "pip.conf", "[global]", f"index-url = {index.url}", f"constraint = {constraints}", "timeout = 1"
    )
    script = f"env | grep ^PIP_; {' '.join(PIP)} download --quiet --dest files aaa"
    env = {"PIP_CONFIG_FILE": str(configuration), "PIP_NO_COLOR": "1"}
    run = workspace.behind([], "sh", "-c", script, env=env).finish(60)
    assert run.returncode == 0, run.output
    assert [path.name for path in (workspace.root / "files").iterdir()] == ["aaa-1.0-py3-none-any.whl"]
    variables = dict(line.split("=", 1) for line in run.stdout.splitlines())
    address = variables.pop("PIP_INDEX_URL")
    assert address.startswith("http://127.0.0.1:")
    assert index.url not in address
    assert (
        variables.items()
        >= {
            "PIP_CACHE_DIR": f"{workspace.cache}/clients/pip",
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_CONSTRAINT": str(constraints),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_COLOR": "1",
            "PIP_TIMEOUT": "3600",
        }.items()
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["exec"], "a command is missing", id="no-command"),
        pytest.param(["exec", "--upgrade", "true"], "no such option: --upgrade", id="foreign-option"),
        pytest.param(["exec", "--", "uv", "lock"], "uv lock writes the URLs of the index", id="refused"),
    ],
)
def test_usage_errors(workspace: Workspace, words: list[str], said: str) -> None:
    """One line, and nothing is started."""
    run = workspace.other(*workspace.program, *words).finish(60)
    assert run.returncode == 2
    assert run.stderr.startswith(f"resilient-pip: error: {said}")
    assert len(run.stderr.splitlines()) == 1
