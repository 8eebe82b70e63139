"""Builds that are slow, hang, run too long, break or are killed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.environments import Environment, Run, Workspace, living
from tests.support.faultserver import FaultyIndex
from tests.support.stuck import DEAF
from tests.support.wheels import make_sdist

CPU = "while time.monotonic() < end: pass"
WRITING = "while time.monotonic() < end: print('x' * 99_999, file=sink); time.sleep(0.05)"
WORK = """
import os, time
sink = open(os.devnull, "w")
end = time.monotonic() + 7
{loop}
"""
FLOOD = """
import time
while True: print("compiling", flush=True); time.sleep(0.05)
"""
BROKEN = """
print("gcc -c fast.c", flush=True)
raise SystemExit("fast.c:1:10: fatal error: fast.h: No such file or directory")
"""
KILLED = """
import os, signal
print("gcc -c fast.c", flush=True)
os.kill(os.{whose}(), signal.{name})
"""
ONCE = """
if open({record!r}).read() == "x":
"""


@pytest.fixture
def record(workspace: Workspace) -> Path:
    """A file that gets a letter for each time that a build is begun."""
    return workspace.root / "record"


def begin(record: Path) -> str:
    """Code that notes that a build is begun."""
    return f"with open({str(record)!r}, 'a') as file: file.write('x')\n"


def indented(code: str) -> str:
    """Code for below an `if`."""
    return "".join(f"    {line}\n" for line in code.splitlines() if line)


def build(index: FaultyIndex, workspace: Workspace, environment: Environment, code: str, *words: str) -> Run:
    """Install an sdist whose backend runs this code before it makes the wheel."""
    index.add(make_sdist("flash", "1.0", before_build=code))
    return workspace.tool(environment, "install", "--index-url", index.url, *words, "flash")


@pytest.mark.parametrize("loop", [pytest.param(CPU, id="cpu"), pytest.param(WRITING, id="io")])
def test_silent_work_is_left_alone_and_shown(
    index: FaultyIndex, workspace: Workspace, environment: Environment, loop: str
) -> None:
    """Beyond the idle limit nothing is ended, and each heartbeat says what the build does."""
    words = ("--hung-timeout", "3s", "--heartbeat", "1s")
    run = build(index, workspace, environment, WORK.format(loop=loop), *words)
    assert run.returncode == 0, run.output
    assert environment.versions() == {"flash": "1.0"}
    fact = re.compile(
        r"build of flash 1\.0 \(.* s\): no output for (?P<quiet>\S+) s, "
        r"(?P<cpu>\S+) s of CPU, (?P<io>\S+) (?P<unit>\S+) read or written"
    )
    facts = [found for line in run.lines if (found := fact.search(line.text))]
    assert facts, run.output
    if loop is CPU:
        assert float(facts[-1]["cpu"]) > 0.1  # of a machine that may be busy
    else:
        assert facts[-1]["unit"] == "MB"


def test_a_build_that_hangs_is_ended_and_named(
    index: FaultyIndex, workspace: Workspace, environment: Environment, record: Path
) -> None:
    """With what it has started, deaf to SIGTERM as that may be; with the last lines that it printed."""
    mark = str(workspace.root / "deaf")
    code = (
        begin(record) + "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {DEAF!r}, {mark!r}])\n"
        "for part in range(9): print('compiling part', part, flush=True)\n"
        "time.sleep(600)\n"
    )
    run = build(index, workspace, environment, code, "--hung-timeout", "3s")
    assert run.returncode == 75, run.output
    assert Path(mark).exists()
    assert living(str(workspace.root)) == {}
    cause = run.block["cause"].splitlines()
    assert re.fullmatch(r"build of flash 1\.0: no output, CPU time or I/O for .* s; it last said:", cause[0])
    assert cause[1:] == [f"compiling part {part}" for part in range(4, 9)]
    assert run.block["package"].startswith("flash 1.0")
    assert record.read_text() == "x"


def test_a_build_may_not_run_longer_than_its_limit(
    index: FaultyIndex, workspace: Workspace, environment: Environment, record: Path
) -> None:
    """However lively it is."""
    run = build(index, workspace, environment, begin(record) + FLOOD, "--build-timeout", "3s")
    assert run.returncode == 75, run.output
    cause = run.block["cause"].splitlines()
    assert cause[0] == "build of flash 1.0: ran longer than 3.0 s; it last said:"
    assert set(cause[1:]) == {"compiling"}
    assert living(str(workspace.root)) == {}
    assert record.read_text() == "x"


def test_a_compiler_error_is_not_tried_again(
    index: FaultyIndex, workspace: Workspace, environment: Environment, record: Path
) -> None:
    """The same sources fail the same way: the block shows the compiler's words."""
    run = build(index, workspace, environment, begin(record) + BROKEN)
    assert run.returncode == 1, run.output
    assert record.read_text() == "x"
    assert run.block["cause"].splitlines()[-2:] == [
        "gcc -c fast.c",
        "fast.c:1:10: fatal error: fast.h: No such file or directory",
    ]


@pytest.mark.parametrize("whose", [pytest.param("getpid", id="build"), pytest.param("getppid", id="pip")])
def test_a_build_that_was_killed_is_run_once_more(
    index: FaultyIndex, workspace: Workspace, environment: Environment, record: Path, whose: str
) -> None:
    """Memory may be there the second time; a note says what happened."""
    killed = KILLED.format(whose=whose, name="SIGKILL")
    code = (
        begin(record)
        + ONCE.format(record=str(record))
        + indented(killed)
        + indented("import time; time.sleep(60)")
    )
    run = build(index, workspace, environment, code)
    assert run.returncode == 0, run.output
    assert record.read_text() == "xx"
    assert "note: build of flash 1.0 was ended by SIGKILL (out of memory?); it is run once more" in run.stderr


def test_a_build_that_is_killed_twice_is_named(
    index: FaultyIndex, workspace: Workspace, environment: Environment, record: Path
) -> None:
    """There is no third time."""
    killed = KILLED.format(whose="getpid", name="SIGSEGV")
    run = build(index, workspace, environment, begin(record) + killed)
    assert run.returncode == 1, run.output
    assert record.read_text() == "xx"
    cause = run.block["cause"].splitlines()
    assert (cause[0], cause[-1]) == ("build of flash 1.0 was ended by SIGSEGV", "gcc -c fast.c")
    assert run.block["package"].startswith("flash 1.0")
    assert "MAX_JOBS" in run.block["do"]


def test_planning_that_was_killed_is_run_once_more(
    index: FaultyIndex, workspace: Workspace, environment: Environment, record: Path
) -> None:
    """The plan is made the second time, and the installation goes on."""
    first = f"'--dry-run' in sys.orig_argv and not os.path.exists({str(record)!r})"
    kill = f"open({str(record)!r}, 'w').close(), os.kill(os.getpid(), 9)"
    (environment.site_packages / "kill.pth").write_text(f"import os, sys; {first} and ({kill})\n")
    run = build(index, workspace, environment, "")
    assert run.returncode == 0, run.output
    assert "note: plan was ended by SIGKILL (out of memory?); it is run once more" in run.stderr
