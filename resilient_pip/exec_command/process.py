"""The command as a process: it has our streams and terminal, gets our signals, and its end is ours."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

import anyio
import anyio.abc
from anyio import to_thread

from resilient_pip.child import tree
from resilient_pip.child.process import KILL_S, TERM_S
from resilient_pip.errors import CommandUnusable

_LOOK_S = 0.05
_NOT_FOUND = frozenset({errno.ENOENT, errno.ENOTDIR})
_TERMINAL = "/dev/tty"


class CommandProcess:
    """A command that runs in our process group, so that it may use the terminal as we may."""

    def __init__(self, process: anyio.abc.Process) -> None:
        self._process = process
        self._interrupts = 0

    async def wait(self) -> int:
        """Wait for its end and give its exit code, 128 + N where signal N ended it."""
        returncode = await self._process.wait()
        return 128 - returncode if returncode < 0 else returncode

    def pass_on(self, number: signal.Signals) -> None:
        """Send it a signal that we got, unless it got the same one from the terminal.

        Ctrl-C reaches the whole foreground group. That a second one may reach it twice does no harm: where
        the first was meant for us alone (kill -INT), it has to get at least that.
        """
        if number is signal.SIGINT:
            self._interrupts += 1
            if self._interrupts == 1 and _is_in_foreground():
                return
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def end(self) -> None:
        """End it and all that it has started: SIGTERM, a while, SIGKILL, a while. Cannot be cancelled."""
        with anyio.CancelScope(shield=True):
            asked_at = anyio.current_time()
            asked: set[int] = set()
            family = {self._process.pid}
            # Anew in each round: they may start others meanwhile.
            while family := await to_thread.run_sync(tree.family, family):
                waited_s = anyio.current_time() - asked_at
                if waited_s > TERM_S + KILL_S:
                    return
                is_late = waited_s > TERM_S
                _send(family if is_late else family - asked, signal.SIGKILL if is_late else signal.SIGTERM)
                asked |= family
                await anyio.sleep(_LOOK_S)


async def start(command: Sequence[str], env: Mapping[str, str]) -> CommandProcess:
    """Start a command.

    Raises:
        CommandUnusable: it is not there, or cannot be started.
    """
    try:
        process = await anyio.open_process(list(command), stdin=None, stdout=None, stderr=None, env=env)
    except OSError as error:
        reason = "no such command" if error.errno in _NOT_FOUND else error.strerror or str(error)
        found = error.errno not in _NOT_FOUND
        raise CommandUnusable(message=f"{command[0]}: {reason}", found=found) from error
    return CommandProcess(process)


def _is_in_foreground() -> bool:
    """Whether what is typed on the terminal reaches our process group."""
    try:
        terminal = os.open(_TERMINAL, os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _send(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
