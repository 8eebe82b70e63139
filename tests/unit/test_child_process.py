"""Tests of `resilient_pip.child.process`, on real children."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest

from resilient_pip.child.command import Command
from resilient_pip.child.output import TAIL_LINES
from resilient_pip.child.process import ChildResult, Supervisor
from resilient_pip.errors import ChildFailed, ChildHung, StorageError
from resilient_pip.events import ChildFinished, ChildOutput, ChildStarted, Event
from resilient_pip.model import Outcome
from resilient_pip.settings import Settings
from resilient_pip.units import format_seconds

IGNORE_TERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
SLEEP = "import time; time.sleep(60)\n"
SPIN = "import time; end = time.monotonic() + 2\nwhile time.monotonic() < end: pass\n"
SPAWN = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {code!r}])\n"


class Stage:
    """A supervisor and what it told."""

    def __init__(self, folder: Path, *, hung_timeout_s: float = 60.0) -> None:
        self.events: list[Event] = []
        self._changed = anyio.Event()
        self.supervisor = Supervisor(
            emit=self.emit, settings=Settings(hung_timeout_s=hung_timeout_s), log_folder=folder
        )

    def emit(self, event: Event) -> None:
        """Take an event as the hub would."""
        self.events.append(event)
        self._changed.set()
        self._changed = anyio.Event()

    async def printed(self, count: int) -> None:
        """Wait until that many lines were told."""
        while len(self.lines) < count:
            await self._changed.wait()

    @property
    def lines(self) -> list[str]:
        """All lines that were told."""
        return [event.line for event in self.events if isinstance(event, ChildOutput)]

    @property
    def finished(self) -> list[Event]:
        """Every event of an end."""
        return [event for event in self.events if isinstance(event, ChildFinished)]

    async def run(
        self,
        code: str,
        *,
        stop: anyio.Event | None = None,
        limit_s: float | None = None,
        busy: Callable[[], bool] | None = None,
    ) -> ChildResult:
        """Run Python code under the supervisor."""
        command = Command(what="install torch", argv=(sys.executable, "-c", code), env={})
        return await self.supervisor.run(command, stop=stop, limit_s=limit_s, busy=busy)


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine, for no longer than half a minute."""

    async def bounded() -> None:
        with anyio.fail_after(30):
            await main()

    anyio.run(bounded)


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def gone(pid: int) -> None:
    """Wait until a process that is nobody's child here has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    await anyio.wait_readable(handle)
    os.close(handle)


def test_a_child_is_told_from_start_to_end(tmp_path: Path) -> None:
    """Both streams become events, lines and a log; the exit code is the child's; every start has its end."""

    async def main() -> None:
        stage = Stage(tmp_path)

        result = await stage.run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")

        log = tmp_path / "01-install-torch.log"
        what = "install torch"
        assert result.log == log
        assert (result.returncode, sorted(result.lines), result.stopped) == (3, ["err", "out"], False)
        assert sorted(log.read_text(encoding="utf-8").split()) == ["err", "out"]
        assert stage.events[0] == ChildStarted(what=what)
        assert sorted(stage.lines) == ["err", "out"]
        assert stage.events[3:] == [ChildFinished(what=what, outcome=Outcome.FAILED, returncode=3)]

    run(main)


def test_each_child_has_a_log_of_its_own(tmp_path: Path) -> None:
    """Two children with the same name do not write over each other's log."""

    async def main() -> None:
        stage = Stage(tmp_path)

        first, second = await stage.run("print(1)"), await stage.run("print(2)")

        assert (first.log.name, second.log.name) == ("01-install-torch.log", "02-install-torch.log")
        assert (first.lines, second.lines) == (("1",), ("2",))
        assert [event.outcome for event in stage.events if isinstance(event, ChildFinished)] == [
            Outcome.DONE,
            Outcome.DONE,
        ]

    run(main)


def test_a_child_can_ask_nobody(tmp_path: Path) -> None:
    """Its stdin is at its end at once, and it has no terminal."""

    async def main() -> None:
        code = (
            "import os, sys\n"
            "print(repr(sys.stdin.read()), os.getsid(0) == os.getpid())\n"
            "try: open('/dev/tty')\n"
            "except OSError: print('no terminal')\n"
        )

        result = await Stage(tmp_path).run(code)

        assert result.lines == ("'' True", "no terminal")

    run(main)


def test_half_a_line_is_not_lost(tmp_path: Path) -> None:
    """What a child prints last without ending the line is told when it ends."""

    async def main() -> None:
        stage = Stage(tmp_path)

        result = await stage.run("print('10 %', end='\\r'); print('Password: ', end='')")

        assert result.lines == ("10 %", "Password:")
        assert stage.lines == ["10 %", "Password:"]

    run(main)


def test_a_flood_is_kept_in_the_log_only(tmp_path: Path) -> None:
    """However much a child prints, memory holds the last lines and the log all of them."""

    async def main() -> None:
        count = 50_000

        result = await Stage(tmp_path).run(f"for number in range({count}): print(number)")

        assert result.lines == tuple(str(number) for number in range(count - TAIL_LINES, count))
        assert len(result.log.read_text(encoding="utf-8").splitlines()) == count

    run(main)


def test_stop_ends_a_child_at_once(tmp_path: Path) -> None:
    """The child gets SIGTERM, may say its last words, and the result says that it was stopped."""

    async def main() -> None:
        stage, stop = Stage(tmp_path), anyio.Event()
        code = (
            "import os, signal\n"
            "def end(*_): os.write(1, b'bye\\n'); os._exit(7)\n"  # print must not be entered twice
            "signal.signal(signal.SIGTERM, end)\n"
            "print('ready', flush=True)\n" + SLEEP
        )

        async def stop_when_ready() -> None:
            await stage.printed(1)
            stop.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stop_when_ready)
            result = await stage.run(code, stop=stop)

        assert (result.returncode, result.lines, result.stopped) == (7, ("ready", "bye"), True)
        assert stage.finished == [
            ChildFinished(what="install torch", outcome=Outcome.CANCELLED, returncode=7)
        ]

    run(main)


def test_a_child_that_ignores_term_is_killed(tmp_path: Path) -> None:
    """After a while SIGTERM is followed by SIGKILL."""

    async def main() -> None:
        stage, stop = Stage(tmp_path), anyio.Event()

        async def stop_when_ready() -> None:
            await stage.printed(1)
            stop.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stop_when_ready)
            result = await stage.run(IGNORE_TERM + "print('ready', flush=True)\n" + SLEEP, stop=stop)

        assert (result.returncode, result.stopped) == (-signal.SIGKILL, True)

    run(main)


def test_cancelling_leaves_no_process_behind(tmp_path: Path) -> None:
    """Child and grandchildren end, in whatever process group and deaf to SIGTERM; the end is told."""

    async def main() -> None:
        stage = Stage(tmp_path)
        deaf = IGNORE_TERM + "import os; os.setpgid(0, 0); print(os.getpid(), flush=True)\n" + SLEEP
        code = SPAWN.format(code=deaf) + SPAWN.format(code=SLEEP) + "print(p.pid, flush=True)\np.wait()\n"

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.run, code)
            await stage.printed(2)
            started = time.monotonic()
            tasks.cancel_scope.cancel()

        assert time.monotonic() - started < 7
        assert [is_alive(int(line)) for line in stage.lines] == [False, False]
        assert stage.finished == [
            ChildFinished(what="install torch", outcome=Outcome.CANCELLED, returncode=-signal.SIGTERM)
        ]

    run(main)


def test_a_grandchild_that_holds_the_pipe_delays_nothing(tmp_path: Path) -> None:
    """The child's end is the end; what it left running in its session is ended with it."""

    async def main() -> None:
        code = SPAWN.format(code=SLEEP) + "print(p.pid, flush=True)"

        result = await Stage(tmp_path).run(code)

        assert result.returncode == 0
        assert not is_alive(int(result.lines[0]))

    run(main)


def test_a_daemon_that_floods_the_pipe_delays_nothing(tmp_path: Path) -> None:
    """A process that has left the session cannot keep the run from going on by printing for ever."""

    async def main() -> None:
        daemon = "import os\nos.setsid()\nwhile True: os.write(1, b'x' * 999 + b'\\n')\n"
        code = SPAWN.format(code=daemon) + "import time; time.sleep(0.3); print()\nprint('pid', p.pid)"

        result = await Stage(tmp_path).run(code)

        assert result.returncode == 0
        pid = next(int(line.split()[1]) for line in _logged(result) if line.startswith("pid "))
        await gone(pid)  # the closed pipe ends it

    run(main)


def _logged(result: ChildResult) -> list[str]:
    return result.log.read_text(encoding="utf-8").splitlines()


def test_a_child_without_a_sign_of_life_is_hung(tmp_path: Path) -> None:
    """It is ended, and the error says for how long nothing moved, and what came last."""

    async def main() -> None:
        stage = Stage(tmp_path, hung_timeout_s=1.0)

        with pytest.raises(ChildHung) as caught:
            await stage.run("print('ready', flush=True)\n" + SLEEP)

        error = caught.value
        silent = format_seconds(error.silent_s)
        reason = f"no output, CPU time or I/O for {silent}"
        assert str(error) == f"install torch: {reason}; it last said:\n  ready"
        assert 1.0 <= error.silent_s < 10.0
        assert stage.finished == [
            ChildFinished(what="install torch", outcome=Outcome.FAILED, returncode=-signal.SIGTERM)
        ]

    run(main)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(SPIN, id="child"),
        pytest.param(SPAWN.format(code=SPIN) + "p.wait()", id="grandchild"),
    ],
)
def test_silent_work_is_not_hanging(tmp_path: Path, code: str) -> None:
    """A compiler that prints nothing for longer than the limit is left alone, also below the child."""

    async def main() -> None:
        result = await Stage(tmp_path, hung_timeout_s=1.0).run(code)

        assert result.returncode == 0

    run(main)


def test_waiting_for_somebody_at_work_is_not_hanging(tmp_path: Path) -> None:
    """While the gateway works for it, a child may be as quiet as it likes."""

    async def main() -> None:
        stage = Stage(tmp_path, hung_timeout_s=0.2)

        result = await stage.run("import time; time.sleep(1)", busy=lambda: True)

        assert result.returncode == 0

    run(main)


def test_a_child_may_not_run_longer_than_its_limit(tmp_path: Path) -> None:
    """However lively it is, it is ended when its time is over."""

    async def main() -> None:
        stage = Stage(tmp_path)

        with pytest.raises(ChildHung, match=r"install torch: ran longer than 0\.5 s"):
            await stage.run("while True: print('busy', flush=True)", limit_s=0.5)

        assert stage.finished == [
            ChildFinished(what="install torch", outcome=Outcome.FAILED, returncode=-signal.SIGTERM)
        ]

    run(main)


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    """A child that cannot be started is a failure like any other, with its start and end told."""

    async def main() -> None:
        stage = Stage(tmp_path)
        command = Command(what="plan", argv=("/nonexistent/python", "-V"), env={})

        with pytest.raises(ChildFailed) as caught:
            await stage.supervisor.run(command)

        assert (caught.value.returncode, str(caught.value)) == (
            127,
            "cannot start /nonexistent/python: No such file or directory",
        )
        assert stage.events == [
            ChildStarted(what="plan"),
            ChildFinished(what="plan", outcome=Outcome.FAILED, returncode=None),
        ]

    run(main)


def test_a_missing_log_folder_is_a_storage_error(tmp_path: Path) -> None:
    """Nothing is started, and the start that was told has its end."""

    async def main() -> None:
        stage = Stage(tmp_path / "missing")

        with pytest.raises(StorageError):
            await stage.run("print()")

        assert stage.events == [
            ChildStarted(what="install torch"),
            ChildFinished(what="install torch", outcome=Outcome.FAILED, returncode=None),
        ]

    run(main)
