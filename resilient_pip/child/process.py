"""The one place where children are started, watched and ended."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.abc
from anyio import to_thread

from resilient_pip.child import tree
from resilient_pip.child.command import Command
from resilient_pip.child.output import Output
from resilient_pip.child.watchdog import Life
from resilient_pip.errors import ChildFailed, ChildHung, ResilientPipError
from resilient_pip.events import ChildFinished, ChildMeasured, ChildOutput, ChildStarted, Emit
from resilient_pip.model import Outcome
from resilient_pip.settings import Settings
from resilient_pip.units import format_seconds

TERM_S = 2.0
"""How long a child may take to end after SIGTERM."""
KILL_S = 1.0
"""How long the system may take to end it after SIGKILL."""

_POLL_S = 5.0
_LAST_LINES = 5
"""How many lines of its output name what a child was at when it hung."""
_LOOK_S = 0.02
_CANNOT_START = 127  # as a shell says it
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildResult:
    """How a child ended."""

    returncode: int
    """Its exit code; -N where signal N ended it."""
    lines: tuple[str, ...]
    """The last lines of its output (both streams)."""
    log: Path
    """All of its output."""
    stopped: bool
    """Whether it ended because `stop` was set."""


class Supervisor:
    """Runs children, each in a session of its own with stdin closed, and leaves none of them behind.

    Args:
        emit: hears of each child and each line that it prints.
        settings: when a child counts as hung.
        log_folder: gets one file per child.
        clean: takes out of each line what nobody may see.
    """

    def __init__(
        self,
        *,
        emit: Emit,
        settings: Settings,
        log_folder: Path,
        clean: Callable[[str], str] = lambda line: line,
    ) -> None:
        self._emit = emit
        self._hung_timeout_s = settings.hung_timeout_s
        self._log_folder = log_folder
        self._clean = clean
        self._numbers = itertools.count(1)

    async def run(
        self,
        command: Command,
        *,
        stop: anyio.Event | None = None,
        limit_s: float | None = None,
        busy: Callable[[], bool] | None = None,
    ) -> ChildResult:
        """Run a child to its end, whatever exit code that brings.

        What the child has started and left running in its session is ended with it, also when this call is
        cancelled (which then takes up to TERM_S + KILL_S).

        Args:
            command: what to start.
            stop: ends the child as soon as it is set.
            limit_s: how long the child may run, in seconds.
            busy: tells whether somebody is at work for the child just now (the gateway, on a request of
                it): then its silence is not taken for hanging.

        Raises:
            ChildFailed: it could not be started.
            ChildHung: no sign of life for `settings.hung_timeout_s`, or it ran longer than `limit_s`.
            StorageError: the log cannot be written.
        """
        log = self._log_folder / f"{next(self._numbers):02d}-{_UNSAFE.sub('-', command.what)}.log"
        returncode: int | None = None
        outcome = Outcome.CANCELLED

        def tell(line: str) -> None:
            self._emit(ChildOutput(what=command.what, line=line))

        def measured(used: tree.Activity) -> None:
            self._emit(ChildMeasured(what=command.what, cpu_s=used.cpu_s, io=used.io))

        self._emit(ChildStarted(what=command.what))
        try:
            with Output(log, tell, self._clean) as output:
                child = _Child(command.what, await _start(command, output.write_end), output, measured)
                try:
                    stopped = await child.watch(stop, limit_s, busy, self._hung_timeout_s)
                finally:
                    await child.end()
                    returncode = child.returncode
            if not stopped:
                outcome = Outcome.FAILED if returncode else Outcome.DONE
            return ChildResult(
                returncode=child.returncode, lines=tuple(output.tail), log=log, stopped=stopped
            )
        except ResilientPipError:
            outcome = Outcome.FAILED
            raise
        finally:
            self._emit(ChildFinished(what=command.what, outcome=outcome, returncode=returncode))


@dataclass(frozen=True, slots=True)
class _Child:
    """A running child and its output."""

    what: str
    process: anyio.abc.Process
    output: Output
    measured: Callable[[tree.Activity], None]
    """Hears regularly what it has used up to then."""

    @property
    def returncode(self) -> int:
        """Its exit code, once it was ended; -9 also where not even SIGKILL did (stuck in the kernel)."""
        return -signal.SIGKILL if self.process.returncode is None else self.process.returncode

    async def watch(
        self,
        stop: anyio.Event | None,
        limit_s: float | None,
        busy: Callable[[], bool] | None,
        hung_timeout_s: float,
    ) -> bool:
        """Wait until the child ends or has to be ended, and end it; True where `stop` was the reason.

        Raises:
            ChildHung: it hangs, or ran too long.
        """
        over = anyio.Event()
        hung: list[ChildHung] = []

        async def until_exit() -> None:
            await self.process.wait()
            over.set()

        async def until_stop(stop: anyio.Event) -> None:
            await stop.wait()
            over.set()

        async def until_hung() -> None:
            hung.append(await self._hang(limit_s, busy, hung_timeout_s))
            over.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.output.pump)
            tasks.start_soon(until_exit)
            tasks.start_soon(until_hung)
            if stop is not None:
                tasks.start_soon(until_stop, stop)
            await over.wait()
            stopped = stop is not None and stop.is_set() and not hung
            await self.end()  # while its output is still read: a full pipe must not keep it from ending
            tasks.cancel_scope.cancel()
        if hung:
            raise hung[0]
        return stopped

    async def _hang(
        self, limit_s: float | None, busy: Callable[[], bool] | None, hung_timeout_s: float
    ) -> ChildHung:
        """Wait until the child has shown no sign of life for too long, or has run for too long."""
        started = anyio.current_time()
        life = Life(at_s=started)
        while True:
            await anyio.sleep(min(_POLL_S, hung_timeout_s / 20, limit_s or _POLL_S))
            used = await to_thread.run_sync(tree.activity, self.process.pid)
            self.measured(used)
            now = anyio.current_time()
            life = life.observe(now, output=self.output.received, cpu_s=used.cpu_s, io=used.io)
            if busy is not None and busy():
                life = life.excuse(now)
            silent_s = now - life.at_s
            if limit_s is not None and now - started >= limit_s:
                reason = f"ran longer than {format_seconds(limit_s)}"
            elif silent_s >= hung_timeout_s:
                reason = f"no output, CPU time or I/O for {format_seconds(silent_s)}"
            else:
                continue
            last = tuple(self.output.tail)[-_LAST_LINES:]
            return ChildHung(what=self.what, silent_s=silent_s, reason=reason, last=last)

    async def end(self) -> None:
        """End all that is left of the session: SIGTERM, a while, SIGKILL, a while. Cannot be cancelled."""
        session = self.process.pid
        with anyio.CancelScope(shield=True):
            if await self._is_over():
                return
            await to_thread.run_sync(tree.signal_session, session, signal.SIGTERM)
            asked = anyio.current_time()
            while not await self._is_over():
                waited_s = anyio.current_time() - asked
                if waited_s > TERM_S + KILL_S:
                    return
                if waited_s > TERM_S:  # in every round: it may fork while it is being read who there is
                    await to_thread.run_sync(tree.signal_session, session, signal.SIGKILL)
                await anyio.sleep(_LOOK_S)

    async def _is_over(self) -> bool:
        return self.process.returncode is not None and not await to_thread.run_sync(
            tree.members, self.process.pid
        )


async def _start(command: Command, write_end: int) -> anyio.abc.Process:
    try:
        return await anyio.open_process(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=write_end,
            stderr=subprocess.STDOUT,
            cwd=command.cwd,
            env=command.env,
            pass_fds=command.pass_fds,
            start_new_session=True,
        )
    except OSError as error:
        message = f"cannot start {error.filename or command.argv[0]}: {error.strerror or error}"
        raise ChildFailed(what=command.what, returncode=_CANNOT_START, message=message) from error
    finally:
        os.close(write_end)
