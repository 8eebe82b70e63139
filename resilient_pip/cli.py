"""The command line: words to a job, a result to text and an exit code. The one boundary for errors."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

import anyio

from resilient_pip import __version__
from resilient_pip.cache_command.command import run_cache_command
from resilient_pip.config_command.command import run_config_command
from resilient_pip.errors import ResilientPipError, UsageError
from resilient_pip.events import Emit
from resilient_pip.exec_command.arguments import Arguments as ExecArguments
from resilient_pip.exec_command.arguments import read_arguments as read_exec_arguments
from resilient_pip.job import Job
from resilient_pip.lint_command.command import run_lint_command
from resilient_pip.model import RunResult
from resilient_pip.pip_adapter import PIP_COMMANDS, leading_options, read_install
from resilient_pip.plan_command.arguments import (
    INSTALL_OPTIONS,
    PLAN_FLAGS,
    PLAN_OPTIONS,
    read_plan_arguments,
)
from resilient_pip.plan_command.command import show_plan
from resilient_pip.report import failure_block, summary
from resilient_pip.report_file import STDOUT, see_that_it_can_be_written, write_report
from resilient_pip.session import run
from resilient_pip.settings import OPTIONS, resolve_settings
from resilient_pip.ui.beside import Beside
from resilient_pip.ui.choose import open_display, terminal_size
from resilient_pip.ui.hub import Hub, Subscriber
from resilient_pip.ui.lines import write_lines, write_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

COMMANDS = ("install", "plan", "cache", "config", "exec", "lint")
BUG = 70
"""Exit code of a defect of this program (EX_SOFTWARE in sysexits.h)."""
TICK_S = 0.5


def main(argv: Sequence[str]) -> int:
    """Run one command line and give its exit code; never raises."""
    try:
        return _main(list(argv))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except KeyboardInterrupt:
        return 130
    except ResilientPipError as error:
        return _end(RunResult(exit_code=error.exit_code, error=error))
    except Exception:  # noqa: BLE001 - the outermost boundary: whatever comes here is a defect of this program
        return _apologise(traceback.format_exc())


def _main(argv: list[str]) -> int:
    if argv[:1] in (["--version"], ["-V"]):
        write_lines(sys.stdout, [f"resilient-pip {__version__}"])
        return 0
    command = _command(argv)
    if command == "cache":
        return _cache(argv)
    if command == "config":
        return _config(argv)
    if command == "exec":
        return _exec(argv)
    if command == "lint":
        return _lint(argv)
    return _install(command, argv)


def _install(command: str, argv: list[str]) -> int:
    """Carry out `install`, or `plan`, which is one that ends with the plan."""
    folder = _working_folder()
    options, flags = (PLAN_OPTIONS, PLAN_FLAGS) if command == "plan" else (INSTALL_OPTIONS, {})
    # pip admits some options (--platform…) in a dry run only, which a plan is.
    words = ["--dry-run", *argv] if command == "plan" else argv
    read = partial(
        read_install,
        words,
        extra_options=(*OPTIONS, *options),
        flags=flags,
        prog=f"resilient-pip {command}",
    )
    install, given = read()
    arguments = read_plan_arguments(given, one_call=install.one_call)
    settings = resolve_settings(given, os.environ, _table(Path("pyproject.toml")), install.implied)
    job = Job(
        install=install,
        reread=lambda fetched, target: read(fetched, target)[0],
        settings=settings,
        environ=os.environ,
        cwd=folder,
        plan_only=install.dry_run,
        to_save=arguments.to_save,
        plan_files=arguments.plan_files,
        install_groups=arguments.install_groups,
        from_install_group=arguments.from_install_group,
    )
    if install.report:
        see_that_it_can_be_written(install.report)
    result = anyio.run(partial(_show_run, job, sys.stderr))
    if install.report and result.plan is not None:
        write_text(sys.stdout, write_report(install.report, result.plan))
    if result.plan is not None and result.error is None and install.dry_run:
        width = terminal_size(sys.stdout).columns
        lines = show_plan(result.plan, arguments, settings, cwd=folder, width=width)
        write_lines(sys.stdout, () if install.report == STDOUT else lines)
        return result.exit_code
    return _end(result)


def _working_folder() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError as error:
        raise UsageError(message="the working folder is gone: change to another one") from error


def _cache(argv: Sequence[str]) -> int:
    lines = run_cache_command(
        argv,
        environ=os.environ,
        table=_table(Path("pyproject.toml")),
        tell=lambda line: write_lines(sys.stderr, [f"resilient-pip: {line}"]),
    )
    write_lines(sys.stdout, lines)
    return 0


def _config(argv: Sequence[str]) -> int:
    lines = run_config_command(argv, environ=os.environ, table=_table(Path("pyproject.toml")))
    write_lines(sys.stdout, lines)
    return 0


def _exec(argv: Sequence[str]) -> int:
    table = _table(Path("pyproject.toml"))
    asked = read_exec_arguments(argv, environ=os.environ, table=table, cwd=_working_folder(), load=_document)
    result = anyio.run(partial(_show_command, asked, sys.stderr))
    write_lines(sys.stderr, failure_block(result))
    return result.exit_code


def _lint(argv: Sequence[str]) -> int:
    result = run_lint_command(
        argv, stdin=sys.stdin.buffer, tell=lambda line: write_lines(sys.stderr, [f"resilient-pip: {line}"])
    )
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # as a Dockerfile is, whatever the locale
    write_text(sys.stdout, result.output)
    return result.exit_code


def _command(argv: list[str]) -> str:
    """Take the command off the words, which general options may precede; without one it is install.

    Raises:
        UsageError: in its place is a command of pip, which nobody means to install a project by.
    """
    place = leading_options(argv)
    first = argv[place] if place < len(argv) else ""
    if first in COMMANDS:
        return argv.pop(place)
    if first in PIP_COMMANDS:
        message = f"{first} is a command of pip; a project of that name: resilient-pip install {first}"
        raise UsageError(message=message)
    following = argv[place + 1] if first == "pip" and place + 1 < len(argv) else ""
    if following == "install" or following in PIP_COMMANDS:  # a slip; projects of these names exist
        instead = f"pip itself: resilient-pip exec -- pip {following}"
        raise UsageError(message=f"not pip {following}, but resilient-pip install; {instead}")
    return "install"


async def _show_run(job: Job, stream: TextIO) -> RunResult:
    """Run the job while displays show it and time passes for them."""
    display = open_display(
        stream,
        progress=job.settings.progress,
        interval_s=job.settings.heartbeat_s,
        environ=job.environ,
        verbosity=job.install.verbosity,
        started_at=anyio.current_time(),
    )
    return await _showing(display, partial(run, job), stream)


async def _show_command(asked: ExecArguments, stream: TextIO) -> RunResult:
    """Run the command of `exec` and say beside its output what it waits for."""
    # Most of this program, which an installation that has nothing to do is not to load.
    from resilient_pip.exec_command.running import run_command  # noqa: PLC0415 - see above

    display = Beside(
        stream,
        interval_s=asked.job.settings.heartbeat_s,
        started_at=anyio.current_time(),
        verbosity=asked.job.install.verbosity,
    )
    return await _showing(display, partial(run_command, asked), stream)


async def _showing(
    display: Subscriber, work: Callable[[Emit], Awaitable[RunResult]], stream: TextIO
) -> RunResult:
    hub = Hub([display], anyio.current_time)

    async def tick() -> None:
        while True:
            await anyio.sleep(TICK_S)
            hub.tick(anyio.current_time())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        try:
            result = await work(hub.emit)
        finally:
            hub.close()
        write_lines(stream, [f"resilient-pip: a display ended: {reason}" for reason in hub.dropped])
        tasks.cancel_scope.cancel()
    return result


def _table(path: Path) -> Mapping[str, Any]:
    """Read `[tool.resilient-pip]`; empty where there is no such file or table."""
    tool = _document(path).get("tool", {})
    table = tool.get("resilient-pip", {}) if isinstance(tool, dict) else None
    if not isinstance(table, dict):
        raise UsageError(message=f"{path}: [tool.resilient-pip] is not a table")
    return table


def _document(path: Path) -> Mapping[str, Any]:
    """Read a TOML file; empty where there is none."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(message=f"{path}: {error}") from error


def _end(result: RunResult) -> int:
    write_lines(sys.stderr, failure_block(result) if result.error else summary(result))
    return result.exit_code


def _apologise(trace: str) -> int:
    last = trace.strip().splitlines()[-1]
    lines = [f"resilient-pip: this is a defect of resilient-pip itself: {last}"]
    try:
        descriptor, path = tempfile.mkstemp(prefix="resilient-pip-bug-", suffix=".txt")
        with os.fdopen(descriptor, "w") as file:
            file.write(trace)
        lines.append(f"  details   {path}")
    except OSError:
        lines += trace.splitlines()  # there is nowhere else to put it
    write_lines(sys.stderr, lines)
    return BUG
