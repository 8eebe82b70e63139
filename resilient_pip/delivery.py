"""Bring a plan into the environment: all files fetched side by side, groups built and installed in order.

Group 1 is unpacked while group 2 still downloads, and compiled while group 2 is unpacked. Only where
something installed is replaced, or where everything goes in one call, are all files fetched and built first:
then a failure leaves the environment as it was.

What is not kept for the next run goes as soon as its group is installed, so that the disk never holds all
downloads beside all that is installed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from resilient_pip.errors import AttemptsExhausted, DeadlineExceeded, ResilientPipError
from resilient_pip.events import Emit, GroupFinished, GroupStarted
from resilient_pip.failing import RunFailed, locate
from resilient_pip.fetch import Downloads, StoredFile
from resilient_pip.install.agreement import see_that_it_is_planned
from resilient_pip.model import Group, Outcome, Phase, Plan, PlannedFile, ProjectName
from resilient_pip.phases import phase

Build: TypeAlias = Callable[[PlannedFile, "StoredFile | None"], Awaitable["Path | None"]]
"""Give the wheel of a file, built where it is none; None for what only the install child can build."""
InstallGroup: TypeAlias = Callable[[Group, "dict[ProjectName, Path]", Callable[[], None]], Awaitable[None]]
"""Install a group; the function is called as soon as the next group may begin."""


@dataclass
class Delivery:
    """The latest stage of a plan on its way into the environment."""

    plan: Plan
    downloads: Downloads
    build: Build
    install: InstallGroup
    wheel_stored: Callable[[Path], None]
    """Hears of each wheel of the plan that is there."""
    beside: Callable[[], Coroutine[object, object, None]]
    """Runs as long as there is something to deliver, and fails nothing."""
    emit: Emit
    everything_first: bool
    """Fetch and build all groups before the first is installed."""
    own: Path
    """The run's own folder: files in it are not kept, but for this run."""

    def __post_init__(self) -> None:
        self._stored: dict[ProjectName, StoredFile] = {}
        self._errors: dict[ProjectName, ResilientPipError] = {}
        self._changed = anyio.Event()
        self._failed: RunFailed | None = None
        self._spent: set[Path] = set()
        self._under_way = 0
        """How many groups are being installed."""
        self._counted_to = 0.0
        """Up to when the time in which any was has been told."""

    async def run(self) -> None:
        """Fetch, build and install everything.

        Raises:
            RunFailed: what could not be fetched, built or installed, with its place in the plan.
        """
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._fetch_all)
            tasks.start_soon(self.beside)
            await self._install_all()
            tasks.cancel_scope.cancel()
        if self._failed:
            raise self._failed

    async def _fetch_all(self) -> None:
        wanted = [planned for planned in self.plan.latest.files if planned.form.is_fetched]
        if not wanted:
            return
        async with phase(self.emit, Phase.DOWNLOAD), anyio.create_task_group() as tasks:
            for planned in wanted:
                tasks.start_soon(self._fetch, planned)

    async def _fetch(self, planned: PlannedFile) -> None:
        try:
            stored = await self.downloads.fetch(planned.file, terms=planned.terms)
            if planned.file.is_wheel:
                await to_thread.run_sync(see_that_it_is_planned, planned, stored.path)
                self.wheel_stored(stored.path)
            self._stored[planned.project] = stored
        except ResilientPipError as error:
            self._errors[planned.project] = error
        self._changed.set()
        self._changed = anyio.Event()

    async def _install_all(self) -> None:
        """Install one group after the other until one fails; those before it come to their end."""
        groups = self.plan.latest.groups
        before = len(self.plan.groups) - len(groups)
        wheels: dict[str, dict[ProjectName, Path]] = {}
        async with anyio.create_task_group() as installing:
            try:
                if self.everything_first:
                    await self._arrived(self.plan.latest.files)
                    for group in groups:
                        wheels[group.name] = await self._build(group)
                for number, group in enumerate(groups, before + 1):
                    if not self.everything_first:
                        await self._arrived(group.files)
                        wheels[group.name] = await self._build(group)
                    await self._begin(group, number, wheels[group.name], installing)
                    if self._failed:
                        break
            except RunFailed as failed:  # carried past the task group, which would wrap it
                self._failed = failed

    async def _begin(
        self, group: Group, number: int, wheels: dict[ProjectName, Path], installing: TaskGroup
    ) -> None:
        """Begin to install a group, and return once the next one may begin, or this one has failed."""
        next_may_begin = anyio.Event()

        async def install() -> None:
            try:
                await self._install(group, number, wheels, next_may_begin.set)
            except RunFailed as failed:  # as above
                self._failed = self._failed or failed
                if next_may_begin.is_set():
                    installing.cancel_scope.cancel()
            finally:
                next_may_begin.set()

        installing.start_soon(install)
        await next_may_begin.wait()

    async def _arrived(self, files: Sequence[PlannedFile]) -> None:
        """Wait until all these files are stored, or fail as soon as one of them cannot be."""
        wanted = [planned for planned in files if planned.form.is_fetched]
        while True:
            for planned in wanted:
                if error := self._errors.get(planned.project):
                    kept = error.kept if isinstance(error, (AttemptsExhausted, DeadlineExceeded)) else 0
                    raise RunFailed(error, locate(self.plan, Phase.DOWNLOAD, planned=planned, kept=kept))
            if all(planned.project in self._stored for planned in wanted):
                return
            await self._changed.wait()

    async def _build(self, group: Group) -> dict[ProjectName, Path]:
        if not any(planned.is_built_before for planned in group.files):
            return await self._wheels(group)
        async with phase(self.emit, Phase.BUILD):
            return await self._wheels(group)

    async def _wheels(self, group: Group) -> dict[ProjectName, Path]:
        wheels: dict[ProjectName, Path] = {}
        for planned in group.files:
            try:
                wheel = await self.build(planned, self._stored.get(planned.project))
            except ResilientPipError as error:
                raise RunFailed(error, locate(self.plan, Phase.BUILD, planned=planned)) from error
            if wheel is not None:
                wheels[planned.project] = wheel
        return wheels

    async def _install(
        self,
        group: Group,
        number: int,
        wheels: dict[ProjectName, Path],
        begin_next: Callable[[], None],
    ) -> None:
        count = len(self.plan.groups)
        started = anyio.current_time()
        if not self._under_way:
            self._counted_to = started
        self._under_way += 1
        self.emit(GroupStarted(group=group, number=number, count=count))
        outcome = Outcome.CANCELLED
        try:
            await self.install(group, wheels, begin_next)
            outcome = Outcome.DONE
            await self._remove_spent(group, wheels, self.plan.groups[number:])
        except ResilientPipError as error:
            outcome = Outcome.FAILED
            raise RunFailed(error, locate(self.plan, Phase.INSTALL, group=group)) from error
        finally:
            now = anyio.current_time()
            self.emit(
                GroupFinished(
                    group=group,
                    number=number,
                    count=count,
                    outcome=outcome,
                    elapsed_s=now - started,
                    added_s=now - self._counted_to,
                )
            )
            self._counted_to = now
            self._under_way -= 1

    async def _remove_spent(
        self, group: Group, wheels: dict[ProjectName, Path], later: Sequence[Group]
    ) -> None:
        """Remove the files of groups that are installed; while something is still to be built, they stay.

        A build may ask the gateway for the same files, and would have to wait for them once more.
        """
        stored = [self._stored[file.project].path for file in group.files if file.project in self._stored]
        self._spent |= {path for path in (*stored, *wheels.values()) if path.is_relative_to(self.own)}
        if not any(self._is_built_later(planned) for each in later for planned in each.files):
            await to_thread.run_sync(_remove, self._spent)
            self._spent = set()

    def _is_built_later(self, planned: PlannedFile) -> bool:
        if planned.form.is_built_in_place:
            return True
        return planned.is_built_before and not self.everything_first


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):  # what cannot be removed goes with the run's folder
            path.unlink()
