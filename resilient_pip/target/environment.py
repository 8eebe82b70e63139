"""The environment that is installed into: which interpreter, what it is like, what is installed there."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import anyio
from packaging.specifiers import SpecifierSet

from resilient_pip.errors import TargetRefused, UsageError
from resilient_pip.lines import printable
from resilient_pip.model import ProjectName, project_name
from resilient_pip.target.pip_copy import PipCopy
from resilient_pip.units import format_seconds

PROBE_LIMIT_S = 60.0
"""How long an interpreter may take to tell about itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A project that is installed in the target."""

    name: str
    """As its metadata writes it."""
    version: str
    requires: tuple[str, ...] = ()
    """Requires-Dist lines of its metadata."""
    extras: frozenset[ProjectName] = frozenset()
    """Those that it provides (Provides-Extra), which are normalised as names of projects are (PEP 685)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What this program knows of the environment that it installs into."""

    python: str
    """The interpreter; symbolic links are kept, as they are what makes a virtual environment."""
    sees_global_site: bool
    """Whether packages outside of it are visible: not so in most virtual environments."""
    managers_message: str | None
    """Who manages this environment instead of pip (PEP 668); None: nobody."""
    markers: Mapping[str, str]
    """The variables of environment markers (PEP 508)."""
    tags: tuple[str, ...]
    """Wheel tags, best first."""
    purelib: str
    platlib: str
    user_site: str
    """Where `--user` installs to."""
    has_user_site: bool
    """Whether that is on its sys.path."""
    installed: Mapping[ProjectName, Installed]
    """Everything that pip sees there."""


def find_interpreter(python: str | None) -> str:
    """Find the interpreter that --python names, as pip does: a program, or a virtual environment's folder.

    Raises:
        UsageError: there is none.
    """
    if python is None:
        return sys.executable
    path = Path(python)
    programs = (path / "bin/python", path / "Scripts/python.exe") if path.is_dir() else (path,)
    for program in programs:
        if program.exists():
            return str(program.absolute())
    raise UsageError(message=f"could not locate Python interpreter {python}")


async def inspect(
    python: str | None, copy: PipCopy, environ: Mapping[str, str], *, limit_s: float = PROBE_LIMIT_S
) -> Target:
    """Let the interpreter tell about itself.

    Args:
        python: as --python says it; None: the interpreter that runs this program.
        copy: where the probe is.
        environ: the environment that pip will get, as far as it decides over sys.path.
        limit_s: how long the interpreter may take.

    Raises:
        UsageError: there is no such interpreter.
        TargetRefused: it is too old for pip, or no working Python.
    """
    interpreter = find_interpreter(python)
    returncode, stdout, stderr = await _run(limit_s, environ, interpreter, str(copy.probe), str(copy.folder))
    # Something in its site-packages may print at the start or end of every Python.
    line = next((line for line in reversed(stdout.splitlines()) if line.startswith("{")), None)
    if returncode != 0 or line is None:
        raise TargetRefused(message=await _why_not(interpreter, limit_s, environ, stderr))
    told = json.loads(line)
    _check_version(interpreter, told.pop("version"))
    return _target(interpreter, told)


def _target(interpreter: str, told: dict[str, Any]) -> Target:
    installed = {
        project_name(each["name"]): Installed(
            name=each["name"],
            version=each["version"],
            requires=tuple(each["requires"]),
            extras=frozenset(map(project_name, each["extras"])),
        )
        for each in told.pop("installed")
    }
    tags = tuple(told.pop("tags"))
    return Target(python=interpreter, tags=tags, installed=installed, **told)


async def _run(limit_s: float, environ: Mapping[str, str], *argv: str) -> tuple[int, str, str]:
    """Run a program and give exit code, stdout and stderr.

    Into files and not pipes: a pipe that a grandchild holds open would outlast the limit.
    """
    with TemporaryFile() as stdout, TemporaryFile() as stderr:
        try:
            with anyio.fail_after(limit_s):
                returncode = await _run_session(argv, environ, stdout, stderr)
        except OSError as error:
            raise TargetRefused(message=_no_answer(argv[0], limit_s, error)) from error
        texts = []
        for stream in (stdout, stderr):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    return returncode, texts[0], texts[1]


async def _run_session(
    argv: Sequence[str], environ: Mapping[str, str], stdout: IO[bytes], stderr: IO[bytes]
) -> int:
    """Run a program in a session of its own; what it has started goes with it where this is cancelled."""
    process = await anyio.open_process(
        argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environ, start_new_session=True
    )
    async with process:
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)


def _no_answer(interpreter: str, limit_s: float, error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return f"{interpreter} did not tell about itself within {format_seconds(limit_s)}"
    return f"cannot run {interpreter}: {error.strerror or error}"


async def _why_not(interpreter: str, limit_s: float, environ: Mapping[str, str], stderr: str) -> str:
    """Say why the probe failed: mostly a Python that is too old to read it."""
    code = "import sys; sys.stdout.write('.'.join(map(str, sys.version_info[:3])))"
    returncode, stdout, _ = await _run(limit_s, environ, interpreter, "-c", code)
    if returncode == 0 and stdout[:1].isdigit():
        _check_version(interpreter, stdout)
    last = next((line for line in reversed(stderr.splitlines()) if line.strip()), "it printed nothing")
    return f"{interpreter} does not work as a Python interpreter: {printable(last)}"


def _check_version(interpreter: str, version: str) -> None:
    """Refuse what our pip refuses; its metadata says what that is.

    Raises:
        TargetRefused: the interpreter is too old.
    """
    pip = importlib.metadata.metadata("pip")
    needed = pip["Requires-Python"]
    if needed and not SpecifierSet(needed).contains(version, prereleases=True):
        raise TargetRefused(
            message=f"{interpreter} is Python {version}, but pip {pip['Version']} needs Python {needed}"
        )
