"""The second step: one joint dry run of pip through the gateway, and the plan made of its report."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import anyio
from packaging.requirements import InvalidRequirement, Requirement

from resilient_pip.child.pip import Pip
from resilient_pip.child.process import Supervisor
from resilient_pip.detour import NO_DETOUR, Detour, detour
from resilient_pip.direct import DirectDownloads, DirectFile, direct_files
from resilient_pip.dry_run import DryRun
from resilient_pip.errors import PlanError, ResilientPipError
from resilient_pip.events import Emit
from resilient_pip.failing import RunFailed, locate
from resilient_pip.fetch import Downloads
from resilient_pip.gateway.blame import naming_root_cause
from resilient_pip.gateway.server import Gateway
from resilient_pip.gateway.wanted import hashes_of, named
from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.index.hashes import SECURE
from resilient_pip.job import Job
from resilient_pip.model import Failure, Install, Phase, Plan, ProjectName, RemoteFile, project_name
from resilient_pip.plan.planning import make_plan
from resilient_pip.plan.report import Report, read_report
from resilient_pip.policy.deadlines import usual_terms
from resilient_pip.target.environment import Target
from resilient_pip.workspace import Workspace

_UPGRADES = ("--upgrade", "--force-reinstall")
_M_MMAP_THRESHOLD = -3  # malloc.h
_LARGE_BLOCK = 128 * 1024
_WAITS = 5
"""How often pip may wait for a byte in the time after which a child counts as hung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """Finds out what pip would install."""

    job: Job
    workspace: Workspace
    target: Target
    gateway: Gateway
    downloads: Downloads
    supervisor: Supervisor
    pip: Pip
    emit: Emit

    async def run(self) -> Plan:
        """Make the plan.

        Raises:
            RunFailed: a source failed to produce what is needed, or pip found no set of files that fits.
            ResilientPipError: pip could not be run to its end.
        """
        _give_back_large_blocks()
        with _uncollected():
            return await self._run()

    async def _run(self) -> Plan:
        install = self.job.install
        installed = {} if self.job.to_save or looks_at_nothing(install) else self.target.installed
        versions = {name: project.version for name, project in installed.items()}
        kept = {} if any(word.startswith(_UPGRADES) for word in install.plan_options) else versions
        self.gateway.start(named(install.requirements), hashes_of(install.requirements, versions), kept)
        markers = TargetMarkers(environment=self.target.markers, tags=self.target.tags)
        wanted = tuple(direct_files(install.requirements, markers, cwd=self.job.cwd))
        known = await self._fetch(wanted)
        with naming_root_cause(self.gateway, Failure(phase=Phase.PLAN)):
            document = await self._ask(wanted, detour(wanted, known, install, self.gateway.file_url))
        self.gateway.hold()

        def resolve(url: str) -> RemoteFile | None:
            return self.gateway.remote_file(url) or known.get(url)

        report = read_report(document, resolve=resolve, installed=installed)
        if self.job.to_save or install.report:
            report = await self._with_hashes(report)
        report = report.with_sizes(await self._sizes(report))
        plan = make_plan(
            report,
            install=install,
            installed=installed,
            settings=self.job.settings,
            cwd=self.job.cwd,
        )
        self.gateway.end_early_downloads(self._as_begun(plan))
        return plan

    def _as_begun(self, plan: Plan) -> frozenset[str]:
        """Give the URLs of files with the usual terms, which downloads have that were begun before."""
        return frozenset(
            planned.file.url
            for planned in plan.files
            if planned.terms == usual_terms(planned.file.size, self.job.settings)
        )

    async def _ask(self, wanted: Sequence[DirectFile], way: Detour) -> dict[str, Any]:
        """Let pip plan; once more without the detour, which contradicts a dependency on the same URL."""
        install = self.job.install
        dry_run = DryRun(
            run=partial(self.supervisor.run, stop=self.gateway.failed, busy=self.gateway.is_busy),
            pip=self.pip,
            install=install,
            asked=way.there(install, cwd=self.job.cwd),
            workspace=self.workspace,
            emit=self.emit,
            words=self._words(wanted, way),
        )
        try:
            report = await dry_run.report()
            if not self.gateway.was_too_brief():
                return way.back(report)
        except RunFailed as failed:
            if not isinstance(failed.error, PlanError):
                raise
            if self.gateway.was_too_brief():
                return await self._ask(wanted, way)
            if way == NO_DETOUR:
                raise RunFailed(failed.error, self._placed(failed.failure)) from failed
            return await self._ask(wanted, NO_DETOUR)
        return await self._ask(wanted, way)

    def _placed(self, failure: Failure) -> Failure:
        """Add where a project was looked for that pip found nothing of."""
        try:
            wanted = Requirement(failure.package or "")
        except InvalidRequirement:
            return failure
        return replace(failure, url=failure.url or self.gateway.page_url(project_name(wanted.name)))

    def _words(self, wanted: Sequence[DirectFile], way: Detour) -> tuple[str, ...]:
        """Say how pip finds what was fetched by URL; what it reads past the gateway may stall.

        Its time-out is far longer than that of a hung child elsewhere, for the sake of the gateway, which
        takes its time. Where the end of pip's patience is to come first, it has to be shorter.
        """
        cache = (f"--cache-dir={self.workspace.direct}",) if wanted else ()
        if self.job.to_save:
            cache = (*cache, "--ignore-installed")
        past_the_gateway = any(one.front not in way.urls and not one.file.is_wheel for one in wanted)
        patience_s = self.job.settings.hung_timeout_s / _WAITS
        return (*cache, f"--timeout={patience_s:g}") if past_the_gateway else cache

    async def _fetch(self, wanted: Iterable[DirectFile]) -> dict[str, RemoteFile]:
        """Fetch what the user names by URL; by the URLs that pip records."""
        downloads = DirectDownloads(
            downloads=self.downloads,
            settings=self.job.settings,
            environment=self.target.markers,
            cache=self.workspace.direct,
        )
        return await downloads.fetch(wanted)

    async def _with_hashes(self, report: Report) -> Report:
        """Fetch the files that the index tells no good hash of: a plan for others and pip's report hold one.

        Raises:
            RunFailed: one cannot be had.
        """
        failed: list[RunFailed] = []
        files = list(report.files)

        async def fetch(number: int) -> None:
            planned = files[number]
            try:
                stored = await self.downloads.fetch(planned.file)
            except ResilientPipError as error:
                failed.append(RunFailed(error, locate(Plan(stages=()), Phase.PLAN, planned=planned)))
                tasks.cancel_scope.cancel()
                return
            hashes = {**planned.file.hashes, "sha256": stored.sha256}
            files[number] = replace(planned, file=replace(planned.file, hashes=hashes, size=stored.size))

        async with anyio.create_task_group() as tasks:
            for number, planned in enumerate(report.files):
                if planned.form.is_fetched and SECURE.isdisjoint(planned.file.hashes):
                    tasks.start_soon(fetch, number)
        if failed:
            raise failed[0]
        return replace(report, files=tuple(files))

    async def _sizes(self, report: Report) -> dict[ProjectName, int]:
        """Ask for the sizes that the index does not tell."""
        sizes: dict[ProjectName, int] = {}

        async def ask(number: int) -> None:
            planned = report.files[number]
            size = await self.gateway.size_of(planned.file)
            if size is not None:
                sizes[planned.project] = size

        async with anyio.create_task_group() as tasks:
            for number, planned in enumerate(report.files):
                if planned.file.size is None and planned.form.is_fetched:
                    tasks.start_soon(ask, number)
        return sizes


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let no garbage be looked for: it took a sixth of the work, as pages make many objects that all stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # else all of that would be looked through in the next round
        gc.enable()


def _give_back_large_blocks() -> None:
    """Let the C library (glibc; others have no such call) return what large pages took once they are read.

    By itself it keeps blocks of up to 32 MiB, in each thread: 30 MB of the 170 that a large plan took.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK)


def looks_at_nothing(install: Install) -> bool:
    """Whether pip takes nothing for installed; with --ignore-installed it leaves two versions behind."""
    flags = ("--target", "--ignore-installed")
    return any(word.startswith(flags) for word in install.plan_options)
