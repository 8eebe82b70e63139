"""Logins from keyring, asked as pip asks it, but always in a process of its own, and not for ever."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE

import anyio

from resilient_pip.events import Emit, Noted
from resilient_pip.transport.login import Login

LONGEST_S = 60.0
"""A backend that asks a token server is done long before; one that waits for a person never is."""

_IMPORT = """
import json, sys
sys.path[:] = [place for place in sys.path if place]
try:
    import keyring
except ImportError:
    sys.exit(3)
service, user = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
if hasattr(keyring, "get_credential"):
    found = keyring.get_credential(service, user)
    login = found and {"username": found.username, "password": found.password}
else:
    password = user is not None and keyring.get_password(service, user)
    login = password and {"username": user, "password": password}
print(json.dumps(login or None))
"""
"""What pip's provider "import" does; 3: there is no keyring to import."""
_NOT_THERE = 3
_TOO_OLD = 2
_ARGUMENTS = ("--mode=creds", "--output=json", "get")


class Keyring:
    """Asks for logins. What fails once is asked no more, with one word about it, as with pip.

    Args:
        provider: that of --keyring-provider: "auto", "disabled", "import", "subprocess".
        python: the interpreter that pip would run on, whose `keyring` "import" means.
        environ: what it is started with.
        emit: is told what goes wrong.
        longest_s: how long one answer may take.
    """

    def __init__(
        self,
        provider: str,
        *,
        python: str,
        environ: Mapping[str, str],
        emit: Emit,
        longest_s: float = LONGEST_S,
    ) -> None:
        self._ways = _ways(provider, python, environ.get("PATH"))
        self._environ = {**environ, "PYTHONIOENCODING": "utf-8"}
        self._emit = emit
        self._longest_s = longest_s

    async def find(self, services: Sequence[str], user: str | None) -> Login | None:
        """Give the login for the first of these services that has one."""
        for service in services:
            login = await self._ask(service, user)
            if login is not None:
                return login
        return None

    async def _ask(self, service: str, user: str | None) -> Login | None:
        while self._ways:
            words = [*self._ways[0], service, *([] if user is None else [user])]
            status, output, errors = await self._run(words)
            if status == _NOT_THERE and self._ways[0][-1] == _IMPORT:
                self._ways = self._ways[1:]
            elif status and self._ways[0][-1] == _IMPORT:
                self._give_up(f"it fails with {''.join(errors.splitlines()[-1:])[:200]}")
            elif status == _TOO_OLD and "unrecognized arguments" in errors and "--mode=creds" in errors:
                self._give_up("it is older than 25.2.1 and has to be upgraded")
            elif status is None:
                self._give_up(errors)
            else:
                return self._read(output) if status == 0 else None
        return None

    async def _run(self, words: Sequence[str]) -> tuple[int | None, str, str]:
        """Give exit status and what was printed; no status where it did not end by itself, with why."""
        try:
            process = await anyio.open_process(
                words, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=self._environ, start_new_session=True
            )
        except OSError as error:
            return None, "", f"{words[0]} cannot be run: {error.strerror}"
        printed: dict[str, bytes] = {"stdout": b"", "stderr": b""}

        async def read(name: str) -> None:
            async for chunk in getattr(process, name):
                printed[name] += chunk

        status: int | None = None
        try:
            with anyio.move_on_after(self._longest_s):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(read, "stdout")
                    tasks.start_soon(read, "stderr")
                status = await process.wait()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            with anyio.CancelScope(shield=True):
                await process.aclose()
        if status is None:
            return None, "", f"no answer within {self._longest_s:.0f} s"
        return status, printed["stdout"].decode(errors="replace"), printed["stderr"].decode(errors="replace")

    def _read(self, output: str) -> Login | None:
        try:
            found = json.loads(output)
            if found is None:
                return None
            return Login(user=found["username"], password=found["password"], source="keyring")
        except (ValueError, KeyError, TypeError, RecursionError):
            self._give_up("its answer is not what was asked for")
            return None

    def _give_up(self, why: str) -> None:
        self._ways = ()
        self._emit(Noted(message=f"keyring is not asked any more: {why}"))


def _ways(provider: str, python: str, path: str | None) -> tuple[tuple[str, ...], ...]:
    """List the commands of a provider, in pip's order."""
    ways: list[tuple[str, ...]] = []
    if provider in {"auto", "import"}:
        ways.append((python, "-c", _IMPORT))
    if provider in {"auto", "subprocess"} and (program := _program(python, path)):
        ways.append((program, *_ARGUMENTS))
    return tuple(ways)


def _program(python: str, path: str | None) -> str | None:
    """Find the keyring on PATH; that of the target itself is what "import" means."""
    scripts = Path(python).parent
    places = (path or os.defpath).split(os.pathsep)
    return shutil.which("keyring", path=os.pathsep.join(place for place in places if Path(place) != scripts))
