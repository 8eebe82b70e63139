"""Snapshots see every difference, and runs are read line by line."""

from __future__ import annotations

import py_compile
import sys
from pathlib import Path

import pytest

from tests.support.environments import Environment, Line, Run, Running, eventually, living


def compile_at(path: Path, source: str) -> None:
    """Write a module and compile it."""
    path.write_text(source)
    py_compile.compile(str(path), cfile=f"{path}c", dfile=str(path))


def test_a_snapshot_of_the_same_files_is_equal(tmp_path: Path) -> None:
    """Times differ, and the order of RECORD's rows: neither counts."""
    environment = Environment(root=tmp_path / "env")
    info = environment.root / "a-1.dist-info"
    info.mkdir(parents=True)
    snapshots = []
    for rows in ("a,,\nb,,\n", "b,,\na,,\n"):
        (info / "RECORD").write_text(rows)
        compile_at(environment.root / "a.py", "def f():\n    return {1, 2} | {3}\n")
        snapshots.append(environment.snapshot())
    assert snapshots[0] == snapshots[1]
    assert list(snapshots[0]) == ["a-1.dist-info", "a-1.dist-info/RECORD", "a.py", "a.pyc"]


@pytest.mark.parametrize("change", ["bytes", "mode", "added", "link", "record", "bytecode", "folder"])
def test_a_snapshot_tells_any_change(tmp_path: Path, change: str) -> None:
    """One changed thing, one changed entry."""
    root = tmp_path / "env"
    (root / "a.dist-info").mkdir(parents=True)
    (root / "data").write_bytes(b"1")
    (root / "link").symlink_to("data")
    (root / "a.dist-info" / "RECORD").write_text("a,,\n")
    compile_at(root / "m.py", "x = lambda: 1\n")
    before = Environment(root=root).snapshot()
    match change:
        case "bytes":
            (root / "data").write_bytes(b"2")
        case "mode":
            (root / "data").chmod(0o755)
        case "added":
            (root / "new").touch()
        case "link":
            (root / "link").unlink()
            (root / "link").symlink_to("m.py")
        case "record":
            (root / "a.dist-info" / "RECORD").write_text("a,,\na,,\n")
        case "bytecode":
            py_compile.compile(str(root / "m.py"), cfile=str(root / "m.pyc"), dfile="elsewhere.py")
        case _:
            (root / "a.dist-info").chmod(0o700)
    after = Environment(root=root).snapshot()
    assert len(set(map(str, before.items())) ^ set(map(str, after.items()))) == (
        1 if change == "added" else 2
    )


def test_a_run_is_read_line_by_line(tmp_path: Path) -> None:
    """Both streams, in order, with an exit code."""
    program = "import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(3)"
    run = Running([sys.executable, "-c", program], env={}, cwd=tmp_path).finish(20)
    assert (run.returncode, run.stdout, run.stderr) == (3, "out\n", "err\n")


def test_a_run_that_does_not_end_is_killed(tmp_path: Path) -> None:
    """And the test fails with what it printed."""
    program = "import signal; print('waiting', flush=True); signal.pause()"
    running = Running([sys.executable, "-c", program], env={}, cwd=tmp_path)
    running.wait_for_line(lambda text: text == "waiting", 20)
    with pytest.raises(AssertionError, match="waiting"):
        running.finish(0.01)
    assert running.process.returncode == -9


def test_the_longest_silence_counts_both_ends() -> None:
    """From the start to the first line, between lines, and from the last line to the end."""
    lines = (Line(1.0, "stdout", "a"), Line(1.5, "stderr", "b"))
    assert Run(returncode=0, elapsed_s=2.0, lines=lines).longest_silence_s == 1.0
    assert Run(returncode=0, elapsed_s=4.0, lines=lines).longest_silence_s == 2.5
    assert Run(returncode=0, elapsed_s=4.0, lines=()).longest_silence_s == 4.0


@pytest.mark.parametrize(
    ("stderr", "block"),
    [
        pytest.param([], {}, id="none"),
        pytest.param(
            [
                "note",
                "resilient-pip: FAILED  phase plan",
                "  cause     HTTP 503",
                "            again",
                "  tries  3",
            ],
            {"": "resilient-pip: FAILED  phase plan", "cause": "HTTP 503\nagain", "tries": "3"},
            id="last",
        ),
        pytest.param(["resilient-pip: FAILED", "  cause  HTTP 503", "Traceback"], {}, id="not-last"),
    ],
)
def test_the_failure_block_counts_only_at_the_end(stderr: list[str], block: dict[str, str]) -> None:
    """It is the last thing on stderr, or it is none."""
    lines = tuple(Line(0.0, "stderr", text) for text in stderr)
    assert Run(returncode=1, elapsed_s=0.0, lines=lines).block == block


def test_living_processes_are_found_by_argument_and_environment(tmp_path: Path) -> None:
    """While they live, and no longer."""
    marker = str(tmp_path)
    program = "import signal; print('waiting', flush=True); signal.pause()"
    by_argument = Running([sys.executable, "-c", program, marker], env={}, cwd=tmp_path)
    by_environment = Running([sys.executable, "-c", program], env={"MARK": marker}, cwd=tmp_path)
    for running in (by_argument, by_environment):
        running.wait_for_line(lambda text: text == "waiting", 20)
    assert living(marker).keys() == {by_argument.process.pid, by_environment.process.pid}
    for running in (by_argument, by_environment):
        running.kill()
    eventually(lambda: not living(marker))


def test_eventually_gives_up() -> None:
    """A condition that does not come true fails the test."""
    with pytest.raises(AssertionError, match="not met"):
        eventually(lambda: False, 0.05)
