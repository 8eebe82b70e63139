"""The steps of a run, in their order: prepare, plan, deliver, check."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from anyio import to_thread

from resilient_pip.build.builder import Builder
from resilient_pip.build.traits import read_traits
from resilient_pip.child.command import child_environment
from resilient_pip.child.pip import Pip
from resilient_pip.child.process import Supervisor
from resilient_pip.delivery import Delivery
from resilient_pip.errors import ChildFailed, StorageError
from resilient_pip.events import Emit, PlanReady
from resilient_pip.failing import RunFailed, locate
from resilient_pip.fetch import Downloads, StoredFile
from resilient_pip.gateway.blame import naming_root_cause
from resilient_pip.gateway.server import Gateway
from resilient_pip.gateway.sources import order_sources
from resilient_pip.gateway.wanted import routes_of, specifiers
from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.install.check import differences
from resilient_pip.install.installer import Installer
from resilient_pip.install.size import unpacked_size
from resilient_pip.install.unfinished import forgetting_unfinished
from resilient_pip.job import Job
from resilient_pip.model import Failure, Group, Phase, Plan, PlannedFile, ProjectName
from resilient_pip.phases import phase
from resilient_pip.plan.report import Report
from resilient_pip.planning import Planning, looks_at_nothing
from resilient_pip.policy.deadlines import install_limit_s
from resilient_pip.preparation import Prepared, prepare
from resilient_pip.target.environment import inspect
from resilient_pip.target.pip_copy import pip_argv
from resilient_pip.target.room import check_room
from resilient_pip.transport.client import Client
from resilient_pip.transport.credentials import Credentials
from resilient_pip.transport.small import SmallReader
from resilient_pip.workspace import Workspace


async def carry_out(job: Job, workspace: Workspace, emit: Emit) -> None:
    """Bring everything that the job asks for into its target.

    Raises:
        RunFailed: a failure whose place in the plan is known.
        ResilientPipError: any other.
    """
    async with phase(emit, Phase.PREPARE):
        prepared = await prepare(job, workspace, emit)
    async with AsyncExitStack() as lifetimes:
        run = await _open(job, workspace, prepared, emit, lifetimes)
        async with phase(emit, Phase.PLAN):
            plan, report = await run.planning.run()
        emit(PlanReady(plan=plan))
        if job.plan_only or not plan.groups:
            return
        await run.deliver(plan, report)
        async with phase(emit, Phase.CHECK):
            await run.check(plan)


async def _open(
    job: Job, workspace: Workspace, prepared: Prepared, emit: Emit, lifetimes: AsyncExitStack
) -> _Run:
    """Start what the steps need: client, gateway, supervisor."""
    install, settings = job.install, job.settings
    routes = routes_of(install)
    sources = order_sources(
        find_links=install.find_links,
        index_urls=install.index_urls,
        routes=routes,
        skippable=settings.index_failure_skip,
    )
    credentials = Credentials([source.url for source in sources], job.environ)
    client = await lifetimes.enter_async_context(
        Client(network=install.network, settings=settings, credentials=credentials)
    )
    downloads = Downloads(client=client, store=prepared.store, settings=settings, emit=emit)
    gateway = await lifetimes.enter_async_context(
        Gateway(
            sources=sources,
            routes=routes,
            reader=SmallReader(client, settings, emit),
            downloads=downloads,
            emit=emit,
            target=TargetMarkers(environment=prepared.target.markers, tags=prepared.target.tags),
            constraints=specifiers(install.constraints),
        )
    )
    supervisor = Supervisor(
        emit=emit,
        settings=settings,
        log_folder=workspace.logs,
        clean=gateway.in_upstreams_words,
    )

    def pip(cache_dir: str | None) -> Pip:
        env = child_environment(
            job.environ,
            index_urls=gateway.index_urls,
            temp=workspace.temporary,
            cache_dir=cache_dir,
            proxy=install.network.proxy,
        )
        return Pip(argv=pip_argv(prepared.target.python, prepared.copy), env=env, cwd=job.cwd)

    return _Run(
        job=job,
        workspace=workspace,
        emit=emit,
        prepared=prepared,
        gateway=gateway,
        downloads=downloads,
        supervisor=supervisor,
        pip=pip(None),
        caching_pip=pip(install.pip_cache_dir),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """The steps that need the gateway."""

    job: Job
    workspace: Workspace
    emit: Emit
    prepared: Prepared
    gateway: Gateway
    downloads: Downloads
    supervisor: Supervisor
    pip: Pip
    caching_pip: Pip
    """Uses the user's cache: for what it reads past the gateway (direct URLs, VCS)."""

    @property
    def planning(self) -> Planning:
        return Planning(
            job=self.job,
            workspace=self.workspace,
            target=self.prepared.target,
            gateway=self.gateway,
            downloads=self.downloads,
            supervisor=self.supervisor,
            pip=self.caching_pip,
        )

    async def deliver(self, plan: Plan, report: Report) -> None:
        """Fetch, build and install."""
        install = self.job.install
        await to_thread.run_sync(self._check_room, plan)
        builder = await self._builder(report)
        installer = Installer(
            pip=self.pip,
            options=(*install.install_options, *install.network_options),
            planned=plan.files,
            environment=report.environment,
            folder=self.workspace.root,
            one_call=install.one_call,
        )

        await Delivery(
            plan=plan,
            downloads=self.downloads,
            build=partial(self._build, builder, plan),
            install=partial(self._install, installer, plan),
            emit=self.emit,
            everything_first=plan.replaces or install.one_call,
        ).run()

    def _check_room(self, plan: Plan) -> None:
        """See that cache and target can hold at least what is downloaded; unpacked it is more."""
        store = self.prepared.store
        missing = sum(store.missing(planned.file) for planned in plan.files)
        size = sum(group.size for group in plan.groups)
        try:
            check_room([(store.root, missing), (Path(self.prepared.destination.folder), size)])
        except StorageError as error:
            raise RunFailed(error, Failure(phase=Phase.DOWNLOAD)) from error

    async def _build(
        self, builder: Builder, plan: Plan, planned: PlannedFile, stored: StoredFile | None
    ) -> Path | None:
        with naming_root_cause(self.gateway, locate(plan, Phase.BUILD, planned=planned)):
            return await builder.wheel_of(planned, stored)

    async def _install(
        self, installer: Installer, plan: Plan, group: Group, wheels: Mapping[ProjectName, Path]
    ) -> None:
        run = partial(self.supervisor.run, stop=self.gateway.failed)
        limit_s = install_limit_s(await to_thread.run_sync(unpacked_size, group, wheels))
        builds = max(1, sum(planned.form.is_built_in_place for planned in group.files))
        building_limit_s = limit_s + builds * self.job.settings.build_timeout_s
        places = (Path(self.prepared.destination.folder), Path(self.prepared.target.platlib))
        with (
            naming_root_cause(self.gateway, locate(plan, Phase.INSTALL, group=group)),
            forgetting_unfinished(group.files, places),
        ):
            await installer.install_group(
                group,
                plan.groups.index(group) + 1,
                wheels,
                run=partial(run, limit_s=limit_s),
                run_building=partial(run, limit_s=building_limit_s, busy=self.gateway.is_busy),
            )

    async def _builder(self, report: Report) -> Builder:
        install = self.job.install
        traits = await to_thread.run_sync(
            partial(
                read_traits,
                environment=report.environment,
                tag=self.prepared.target.tags[0],
                options=(*install.build_options, *install.network_options),
                environ=self.pip.env,
                cwd=Path(self.job.cwd),
            )
        )
        return Builder(
            run=partial(
                self.supervisor.run,
                stop=self.gateway.failed,
                limit_s=self.job.settings.build_timeout_s,
                busy=self.gateway.is_busy,
            ),
            pip=self.pip,
            caching_pip=self.caching_pip,
            traits=traits,
            folder=self.workspace.root / "built",
            cache=self.prepared.cache and self.prepared.cache / "built",
        )

    async def check(self, plan: Plan) -> None:
        """Compare what is installed with the plan; where that cannot be seen, pip's word counts."""
        install = self.job.install
        if install.location or looks_at_nothing(install):
            return
        target = await inspect(install.python, self.prepared.copy, self.pip.env)
        versions = {project: found.version for project, found in target.installed.items()}
        wrong = [str(difference) for group in plan.groups for difference in differences(group, versions)]
        if wrong:
            raise ChildFailed(what="comparing with the plan", returncode=0, message="\n".join(wrong))
