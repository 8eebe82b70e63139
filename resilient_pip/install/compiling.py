"""Byte-compiling a group beside the installation of the next, in processes of its own.

More than half of pip's time with local wheels goes into compiling them, one file after the other. So the
install child leaves that out where the same can be done here: the same .pyc files, by the target's own
interpreter, with the same rows in RECORD. What comes out is what pip leaves; the journal tells the next run
of a group that was unpacked and not yet compiled.
"""

from __future__ import annotations

import heapq
import importlib.resources
import itertools
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio import to_thread

from resilient_pip.child.again import again_if_killed
from resilient_pip.child.command import Command
from resilient_pip.child.success import RunChild, succeed
from resilient_pip.disk.storing import storing
from resilient_pip.errors import ResilientPipError
from resilient_pip.events import Emit
from resilient_pip.install.dist_info import digest, dist_infos
from resilient_pip.install.layout import Layout
from resilient_pip.install.processors import processors
from resilient_pip.install.record import add_bytecode
from resilient_pip.install.scheme import Scheme, path_from
from resilient_pip.install.survey import Survey
from resilient_pip.model import PlannedFile, ProjectName

COMPILER = importlib.resources.files("resilient_pip.install").joinpath("compiler.py").read_text("utf-8")
"""The program that compiles, as text: this package need not be a folder."""

SHARE = 10**6
"""Bytes of source that are worth a process: some 0.2 s, ten times its start."""

Modules: TypeAlias = Mapping[ProjectName, frozenset[Path]]
"""Where the .py files of each project of a group go, as absolute paths."""
Source: TypeAlias = tuple[str, str]
"""The folder that a .dist-info is in, and the path of a file from there."""


def modules_to_compile(
    files: Iterable[PlannedFile], layouts: Mapping[ProjectName, Layout], scheme: Scheme
) -> Modules:
    """List what has to be compiled once these files are unpacked; nothing where that is left to pip.

    Left to pip is a group with .py files among the headers of a wheel (it is not known where they go) or with
    the same .py file in two wheels (pip compiles the first one before it is replaced), and everything with
    --target, where pip compiles in a temporary folder whose name the bytecode keeps.

    Args:
        files: what `Installer.left_to_compile` gives.
        layouts: those of their wheels.
        scheme: where they go.
    """
    if scheme.moved:
        return {}
    modules: dict[ProjectName, frozenset[Path]] = {}
    seen: set[Path] = set()
    for file in files:
        own = layouts[file.project].modules
        if own is None or not seen.isdisjoint(own):
            return {}
        modules[file.project] = own
        seen |= own
    return modules


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """A project whose files are there, but for the bytecode."""

    info: Path
    """Its .dist-info."""
    sources: tuple[Source, ...]


def unpacked(modules: Modules, survey: Survey, scheme: Scheme) -> tuple[Unpacked, ...]:
    """Find what an install child has brought: the .dist-info folders that were not there before."""
    known = {(old.info, old.record) for one in survey.pending for old in one.before}
    return tuple(
        Unpacked(
            info=info.path,
            sources=tuple(
                (str(info.path.parent), path_from(path, info.path.parent))
                for path in sorted(modules[info.project])
            ),
        )
        for info in dist_infos(scheme.libraries)
        if info.project in modules and (info.path, digest(info.record)) not in known
    )


def divided(sizes: Mapping[Source, int], most: int) -> list[list[Source]]:
    """Divide sources among at most so many processes, each with about as many bytes."""
    count = max(1, min(most, sum(sizes.values()) // SHARE))
    loads = [(0, number) for number in range(count)]
    found: list[list[Source]] = [[] for _ in loads]
    for source in sorted(sizes, key=sizes.__getitem__, reverse=True):
        load, number = heapq.heappop(loads)
        found[number].append(source)
        heapq.heappush(loads, (load + sizes[source], number))
    return found


class Compiling:
    """Compiles the groups of one plan, one after the other.

    Args:
        python: the target's interpreter.
        env: the environment that pip gets: it may say where bytecode goes and how it is optimised.
        folder: a private folder.
        emit: hears where a process is run again.
    """

    def __init__(self, *, python: str, env: Mapping[str, str], folder: Path, emit: Emit) -> None:
        self._python = python
        self._env = env
        self._folder = folder
        self._emit = emit
        self._numbers = itertools.count(1)
        self._turn = anyio.Lock()
        self._waiting: dict[str, frozenset[Path]] = {}
        """The .py files of each group that is not compiled yet."""

    async def leave_alone(self, files: AbstractSet[Path] | None) -> None:
        """Wait until none of these files (None: no file at all) is still to be compiled."""
        while any(files is None or not files.isdisjoint(waiting) for waiting in self._waiting.values()):
            async with self._turn:
                pass

    async def compile(
        self,
        group: str,
        modules: Modules,
        *,
        ahead: Callable[[], Awaitable[Sequence[Path]]],
        find: Callable[[], tuple[Unpacked, ...]],
        run: RunChild,
    ) -> None:
        """Compile a group that is unpacked, and add that to the RECORD of each of its projects.

        Args:
            group: its name.
            modules: its .py files.
            ahead: gives what `Ahead` has made of it.
            find: finds what there is to compile, in a thread.
            run: runs a child within the limits of this group.

        Raises:
            ResilientPipError: a process failed, or something cannot be written.
        """
        self._waiting[group] = frozenset().union(*modules.values())
        try:
            async with self._turn:
                done = await ahead()
                projects = await to_thread.run_sync(find)
                tasks = await to_thread.run_sync(self._lay_out, group, projects, done)
                await self._run(tasks, run)
                await to_thread.run_sync(_record, projects, tasks)
        finally:
            del self._waiting[group]

    def _lay_out(self, what: str, projects: Iterable[Unpacked], ahead: Sequence[Path]) -> list[_Task]:
        """Write what each process has to do."""
        sizes = {source: _size(source) for project in projects for source in project.sources}
        if not sizes:
            return []
        folder = self._folder / f"compile-{next(self._numbers)}"
        program = folder / "compiler.py"
        tasks = []
        with storing(folder):
            folder.mkdir()
            program.write_text(COMPILER, encoding="utf-8")
            for number, share in enumerate(divided(sizes, processors()), 1):
                task, result = (folder / f"{name}-{number}.json" for name in ("task", "result"))
                task.write_text(
                    json.dumps({"sources": share, "ahead": list(map(str, ahead))}), encoding="utf-8"
                )
                command = Command(
                    what=f"compile {what}" + (f" ({number})" if number > 1 else ""),
                    # Without site: what is just being unpacked beside it must not run in it.
                    argv=(self._python, "-S", str(program), str(task), str(result)),
                    env=self._env,
                )
                tasks.append(_Task(command=command, sources=share, result=result))
        return tasks

    async def _run(self, tasks: Iterable[_Task], run: RunChild) -> None:
        """Run the processes side by side; the first that fails ends the others."""
        failed: list[ResilientPipError] = []

        async def attend(command: Command) -> None:
            try:
                await again_if_killed(partial(succeed, run, command), self._emit)
            except ResilientPipError as error:  # carried past the task group, which would wrap it
                failed.append(error)
                processes.cancel_scope.cancel()

        async with anyio.create_task_group() as processes:
            for task in tasks:
                processes.start_soon(attend, task.command)
        if failed:
            raise failed[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What one process does."""

    command: Command
    sources: Sequence[Source]
    result: Path
    """It writes the bytecode's path for each source here, null where there is none."""


def _record(projects: Iterable[Unpacked], tasks: Iterable[_Task]) -> None:
    bytecode: dict[Source, str | None] = {}
    for task in tasks:
        with storing(task.result):
            paths = json.loads(task.result.read_text(encoding="utf-8"))
        bytecode.update(zip(task.sources, paths, strict=True))
    for project in projects:
        add_bytecode(project.info, filter(None, map(bytecode.__getitem__, project.sources)))


def _size(source: Source) -> int:
    try:
        return Path(*source).stat().st_size
    except OSError:  # the process will see what there is
        return 0
