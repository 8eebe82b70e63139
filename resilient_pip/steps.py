"""The steps of a run, in their order: prepare, plan, deliver, check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread

from resilient_pip.build.builder import Builder
from resilient_pip.build.traits import read_traits
from resilient_pip.cache.store import Store
from resilient_pip.child.command import child_environment
from resilient_pip.child.process import Supervisor
from resilient_pip.delivery import Delivery
from resilient_pip.dry_run import DryRun
from resilient_pip.errors import ChildFailed, ResilientPipError, SourceError, StorageError, UsageError
from resilient_pip.events import Emit, Kind, Noted, PlanReady
from resilient_pip.failing import RunFailed, locate
from resilient_pip.fetch import Downloads, StoredFile
from resilient_pip.gateway.server import Gateway
from resilient_pip.gateway.sources import order_sources
from resilient_pip.gateway.wanted import named, routes_of, specifiers
from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.install.check import differences
from resilient_pip.install.installer import Installer
from resilient_pip.model import (
    Failure,
    Group,
    Install,
    Phase,
    Plan,
    PlannedFile,
    ProjectName,
    RequirementForm,
)
from resilient_pip.phases import phase
from resilient_pip.plan.planning import make_plan
from resilient_pip.plan.report import Report, read_report
from resilient_pip.policy.deadlines import install_limit_s, transfer_limit_s
from resilient_pip.settings import Settings
from resilient_pip.target.environment import Target, inspect
from resilient_pip.target.pip_copy import PipCopy, copy_pip, pip_argv
from resilient_pip.target.usable import Destination, check_usable, free_space
from resilient_pip.transport.client import Client
from resilient_pip.transport.credentials import Credentials
from resilient_pip.transport.small import SmallReader
from resilient_pip.workspace import Workspace

CACHE_FOLDER = "resilient-pip"
"""Inside `pip cache dir`, so that the usual cache mount keeps it."""


async def carry_out(
    install: Install,
    *,
    workspace: Workspace,
    settings: Settings,
    environ: Mapping[str, str],
    cwd: str,
    plan_only: bool,
    emit: Emit,
) -> None:
    """Bring everything that `install` asks for into its target.

    Raises:
        RunFailed: a failure whose place in the plan is known.
        ResilientPipError: any other.
    """
    async with phase(emit, Phase.PREPARE):
        ready = await _prepare(install, workspace, settings, environ, emit)
    routes = routes_of(install)
    sources = order_sources(
        find_links=install.find_links,
        index_urls=install.index_urls,
        routes=routes,
        skippable=settings.index_failure_skip,
    )
    credentials = Credentials([source.url for source in sources], environ)
    async with Client(network=install.network, settings=settings, credentials=credentials) as client:
        downloads = Downloads(client=client, store=ready.store, settings=settings, emit=emit)
        async with Gateway(
            sources=sources,
            routes=routes,
            reader=SmallReader(client, settings, emit),
            downloads=downloads,
            emit=emit,
            target=TargetMarkers(environment=ready.target.markers, tags=ready.target.tags),
            constraints=specifiers(install.constraints),
        ) as gateway:
            run = _Run(
                install=install,
                workspace=workspace,
                settings=settings,
                cwd=cwd,
                emit=emit,
                ready=ready,
                gateway=gateway,
                downloads=downloads,
                supervisor=Supervisor(
                    emit=emit,
                    settings=settings,
                    log_folder=workspace.logs,
                    clean=lambda line: line.replace(gateway.root, "gateway:"),
                ),
                env=child_environment(
                    environ,
                    index_urls=gateway.index_urls,
                    temp=workspace.temporary,
                    cache_dir=install.pip_cache_dir,
                    proxy=install.network.proxy,
                ),
            )
            async with phase(emit, Phase.PLAN):
                plan, report = await run.plan()
            emit(PlanReady(plan=plan))
            if plan_only or not plan.groups:
                return
            await run.deliver(plan, report)
            async with phase(emit, Phase.CHECK):
                await run.check(plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """What preparing found out and set up."""

    copy: PipCopy
    target: Target
    destination: Destination
    store: Store
    cache: Path | None
    """The folder that lasts beyond the run; None: nothing does."""


async def _prepare(
    install: Install, workspace: Workspace, settings: Settings, environ: Mapping[str, str], emit: Emit
) -> _Ready:
    """See that the target can be installed into and the cache written, before anything is transferred."""
    for warning in install.warnings:
        emit(Noted(message=warning))
    for requirement in install.requirements:
        if requirement.directive.no_build_isolation:
            message = "no-build-isolation: building a group in a stage of its own is not supported yet"
            raise UsageError(message=message, source=requirement.directive.source)
    copy = await to_thread.run_sync(copy_pip, workspace.root)
    offline = child_environment(environ, index_urls=(), temp=workspace.temporary)
    target = await inspect(install.python, copy, offline)
    destination = check_usable(target, install)
    if destination.by_default:
        emit(
            Noted(message=f"installing to {destination.folder}, as the normal site-packages is not writable")
        )
    store, cache = await to_thread.run_sync(_open_store, install, workspace, settings, emit)
    return _Ready(copy=copy, target=target, destination=destination, store=store, cache=cache)


def _open_store(
    install: Install, workspace: Workspace, settings: Settings, emit: Emit
) -> tuple[Store, Path | None]:
    """Open the cache; where pip's cache folder cannot be written, do without as pip does, and say so."""
    folder = settings.file_cache or (install.pip_cache_dir and f"{install.pip_cache_dir}/{CACHE_FOLDER}")
    if folder:
        store = Store(Path(folder))
        try:
            store.prepare()
        except StorageError as error:
            if settings.file_cache:
                raise
            emit(Noted(message=f"{error}; nothing is kept for the next run"))
        else:
            return store, Path(folder)
    store = Store.temporary(workspace.root / "files")
    store.prepare()
    return store, None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """The steps that need the gateway."""

    install: Install
    workspace: Workspace
    settings: Settings
    cwd: str
    emit: Emit
    ready: _Ready
    gateway: Gateway
    downloads: Downloads
    supervisor: Supervisor
    env: Mapping[str, str] = field(repr=False)

    @property
    def pip_argv(self) -> tuple[str, ...]:
        return pip_argv(self.ready.target.python, self.ready.copy)

    @property
    def _looks_at_nothing(self) -> bool:
        """Whether pip takes nothing for installed; with --ignore-installed it leaves two versions behind."""
        flags = ("--target", "--ignore-installed")
        return any(word.startswith(flags) for word in self.install.plan_options)

    async def plan(self) -> tuple[Plan, Report]:
        """Ask pip what it would install and divide that into groups."""
        install, target = self.install, self.ready.target
        self.gateway.start(named(install.requirements))
        dry_run = DryRun(
            run=partial(self.supervisor.run, stop=self.gateway.failed, busy=self.gateway.is_busy),
            pip_argv=self.pip_argv,
            env=self.env,
            cwd=self.cwd,
            install=install,
            workspace=self.workspace,
        )
        with self._naming_root_cause(Failure(phase=Phase.PLAN)):
            document = await dry_run.report()
        self.gateway.hold()
        installed = {} if self._looks_at_nothing else target.installed
        report = read_report(document, resolve=self.gateway.remote_file, installed=installed)
        report = report.with_sizes(await self._sizes(report))
        plan = make_plan(
            report,
            install=install,
            installed=installed,
            settings=self.settings,
            limit_s=transfer_limit_s,
            cwd=self.cwd,
        )
        return plan, report

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
                if planned.file.size is None and planned.form in {
                    RequirementForm.NAMED,
                    RequirementForm.DIRECT,
                }:
                    tasks.start_soon(ask, number)
        return sizes

    async def deliver(self, plan: Plan, report: Report) -> None:
        """Fetch, build and install."""
        size = sum(group.size for group in plan.groups)
        await to_thread.run_sync(free_space, self.ready.destination.folder, size)
        builder = await self._builder(report)
        installer = Installer(
            run=self.supervisor.run,
            pip_argv=self.pip_argv,
            env=self.env,
            cwd=self.cwd,
            options=(*self.install.install_options, *self.install.network_options),
            planned=plan.files,
            environment=report.environment,
            folder=self.workspace.root,
        )

        async def build(planned: PlannedFile, stored: StoredFile | None) -> Path | None:
            with self._naming_root_cause(locate(plan, Phase.BUILD, planned=planned)):
                return await builder.wheel_of(planned, stored)

        async def install(group: Group, wheels: Mapping[ProjectName, Path]) -> None:
            limit_s = install_limit_s(group.size)
            run = partial(self.supervisor.run, stop=self.gateway.failed, limit_s=limit_s)
            number = plan.groups.index(group) + 1
            with self._naming_root_cause(locate(plan, Phase.INSTALL, group=group)):
                await replace(installer, run=run).install_group(group, number, wheels)

        await Delivery(
            plan=plan,
            downloads=self.downloads,
            build=build,
            install=install,
            emit=self.emit,
            everything_first=plan.replaces or self.install.one_call,
            default_tries=self.settings.tries,
        ).run()

    async def _builder(self, report: Report) -> Builder:
        traits = await to_thread.run_sync(
            partial(
                read_traits,
                environment=report.environment,
                tag=self.ready.target.tags[0],
                options=(*self.install.build_options, *self.install.network_options),
                environ=self.env,
                cwd=Path(self.cwd),
            )
        )
        return Builder(
            run=partial(
                self.supervisor.run,
                stop=self.gateway.failed,
                limit_s=self.settings.build_timeout_s,
                busy=self.gateway.is_busy,
            ),
            pip_argv=self.pip_argv,
            env=self.env,
            cwd=self.cwd,
            traits=traits,
            folder=self.workspace.root / "built",
            cache=self.ready.cache and self.ready.cache / "built",
        )

    @contextmanager
    def _naming_root_cause(self, place: Failure) -> Iterator[None]:
        """Fail with what the gateway failed to produce, whatever the child made of that: even success."""
        try:
            yield
        except ResilientPipError:
            self._raise_gateway_failure(place)
            raise
        self._raise_gateway_failure(place)

    def _raise_gateway_failure(self, place: Failure) -> None:
        failure = self.gateway.failure
        if failure is None:
            return
        if not isinstance(failure.error, ResilientPipError):
            raise failure.error
        subject = failure.subject
        raise RunFailed(
            failure.error,
            replace(
                place,
                package=subject.project,
                filename=None if subject.kind is Kind.PAGE else subject.name,
                size=failure.file.size if failure.file else None,
                url=failure.error.url if isinstance(failure.error, SourceError) else subject.url,
            ),
        )

    async def check(self, plan: Plan) -> None:
        """Compare what is installed with the plan; where that cannot be seen, pip's word counts."""
        if self.install.location or self._looks_at_nothing:
            return
        target = await inspect(self.install.python, self.ready.copy, self.env)
        versions = {project: found.version for project, found in target.installed.items()}
        wrong: Sequence[str] = [
            str(difference) for group in plan.groups for difference in differences(group, versions)
        ]
        if wrong:
            raise ChildFailed(what="comparing with the plan", returncode=0, message="\n".join(wrong))
