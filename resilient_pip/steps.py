"""The steps of a run that has something to do, in their order: plan, deliver, check; once for each stage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from anyio import to_thread

from resilient_pip.build.builder import Builder
from resilient_pip.build.traits import read_traits
from resilient_pip.delivery import Delivery
from resilient_pip.errors import ChildFailed, PlanError, StorageError
from resilient_pip.events import Emit, Noted, PlanReady
from resilient_pip.failing import RunFailed, locate
from resilient_pip.fetch import StoredFile
from resilient_pip.first_look import Found
from resilient_pip.frozen import FrozenPlanning
from resilient_pip.gateway.blame import naming_root_cause
from resilient_pip.install.ahead import Ahead
from resilient_pip.install.check import differences
from resilient_pip.install.compiling import Compiling
from resilient_pip.install.installation import Installation
from resilient_pip.install.installer import Installer
from resilient_pip.install.layout import Layouts
from resilient_pip.install.unfinished import Unfinished
from resilient_pip.job import Job
from resilient_pip.model import Failure, Phase, Plan, PlannedFile
from resilient_pip.phases import phase
from resilient_pip.plan.planning import ONLY_DEPS
from resilient_pip.plan.selection import select
from resilient_pip.plan.stages import Asked, added, divide, hold, naming_pins
from resilient_pip.planning import Planning, looks_at_nothing
from resilient_pip.preparation import Prepared, prepare
from resilient_pip.services import Services, open_services
from resilient_pip.target.environment import Target, inspect
from resilient_pip.target.room import check_room, fullest
from resilient_pip.workspace import Workspace


async def prepared_steps(
    job: Job, workspace: Workspace, found: Found, emit: Emit
) -> Callable[[], Awaitable[None]]:
    """Prepare, and give what then is left to do: plan, and bring what is planned into the target.

    Raises:
        RunFailed: a failure whose place in the plan is known; this and the next by what is given, too.
        ResilientPipError: any other.
    """
    prepared = await prepare(job, workspace, found, emit)
    return partial(_plan_and_deliver, job, workspace, prepared, emit)


async def _plan_and_deliver(job: Job, workspace: Workspace, prepared: Prepared, emit: Emit) -> None:
    async with AsyncExitStack() as lifetimes:
        lifetimes.callback(prepared.cache.store.close)
        services = await open_services(job, workspace, prepared, emit, lifetimes)
        compiling = Compiling(
            python=prepared.target.python, env=services.pip.env, folder=workspace.root, emit=emit
        )
        stages = divide(job.install)
        plan = Plan(stages=(), later=tuple(asked.group for asked in stages if asked.group))
        for number, asked in enumerate(stages):
            if asked.group and asked.group not in plan.later:
                continue  # it is not wanted
            target = prepared.target
            held = hold(asked, plan, stages[:number], target.installed, target.markers, cwd=job.cwd)
            stage = _Stage(
                asked=held,
                job=replace(job, install=held.install),
                workspace=workspace,
                emit=emit,
                prepared=prepared,
                services=services,
                compiling=compiling,
            )
            async with phase(emit, Phase.PLAN, group=asked.group):
                plan = await stage.plan(plan)
            emit(PlanReady(plan=plan))
            if not plan.later:
                stage.note_what_is_gone(plan)
            if not plan.latest.groups:
                continue
            if job.plan_only:
                return
            await stage.deliver(plan)
            async with phase(emit, Phase.CHECK):
                prepared = replace(prepared, target=await stage.check(plan))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """The steps of one stage, which need the gateway."""

    asked: Asked
    job: Job
    """The run's, with what this stage is asked for as all that there is."""
    workspace: Workspace
    emit: Emit
    prepared: Prepared
    services: Services
    compiling: Compiling

    async def plan(self, before: Plan) -> Plan:
        """Add to the plan of the stages before: out of the files that hold it, else made; what is wanted."""
        job, target = self.job, self.prepared.target
        installed = {} if looks_at_nothing(job.install) else target.installed
        if job.plan_files:
            self.services.gateway.hold()
            frozen = FrozenPlanning(job=job, target=target, scheme=self.prepared.scheme, installed=installed)
            plan = await frozen.run()
        else:
            plan = await self._make()
        return select(
            added(before, plan, self.asked),
            job.install_groups,
            job.from_install_group,
            installed=installed,
            environment=target.markers,
        )

    async def _make(self) -> Plan:
        planning = Planning(
            job=self.job,
            workspace=self.workspace,
            target=self.prepared.target,
            gateway=self.services.gateway,
            downloads=self.services.downloads,
            supervisor=self.services.supervisor,
            pip=self.services.planning_pip,
            emit=self.emit,
        )
        try:
            return await planning.run()
        except RunFailed as failed:
            if not isinstance(failed.error, PlanError):
                raise
            raise RunFailed(naming_pins(failed.error, self.asked.pins), failed.failure) from failed

    def note_what_is_gone(self, plan: Plan) -> None:
        """Say which projects, half installed by an earlier run, this one does not bring back."""
        planned = {file.project for file in plan.files}
        for one in self.prepared.repaired:
            if one.project not in planned:
                old = f" ({one.replaced} was there before)" if one.replaced else ""
                self.emit(Noted(message=f"{one.name} is gone, and nothing here asks for it{old}"))

    async def deliver(self, plan: Plan) -> None:
        """Fetch, build and install."""
        install = self.job.install
        await to_thread.run_sync(self._check_room, plan)
        builder = await self._builder()
        installer = Installer(
            pip=self.services.pip,
            options=(*install.install_options, *install.network_options),
            planned=plan.latest.files,
            environment=self.prepared.target.markers,
            folder=self.workspace.root,
            one_call=install.one_call,
            only_deps=ONLY_DEPS in plan.options,
        )
        layouts = Layouts(self.prepared.scheme)
        ahead = Ahead(
            python=self.prepared.target.python,
            env=self.services.pip.env,
            folder=self.workspace.root,
            layouts=layouts,
            supervisor=self.services.supervisor,
        )
        installation = Installation(
            plan=plan,
            installer=installer,
            scheme=self.prepared.scheme,
            layouts=layouts,
            unfinished=Unfinished(self.prepared.scheme, self.emit),
            compiling=self.compiling,
            ahead=ahead,
            gateway=self.services.gateway,
            supervisor=self.services.supervisor,
            build_timeout_s=self.job.settings.build_timeout_s,
            ignores_installed=looks_at_nothing(install),
            emit=self.emit,
        )
        await Delivery(
            plan=plan,
            downloads=self.services.downloads,
            build=partial(self._build, builder, plan),
            install=installation.install,
            wheel_stored=installation.stored,
            beside=ahead.run,
            emit=self.emit,
            everything_first=plan.latest.replaces or install.one_call,
            own=self.workspace.root,
        ).run()

    def _check_room(self, plan: Plan) -> None:
        """See that cache and target can hold at least what is downloaded; unpacked it is more."""
        store, target = self.prepared.cache.store, Path(self.prepared.destination.folder)
        groups = plan.latest.groups
        coming = [sum(store.missing(planned.file) for planned in group.files) for group in groups]
        size = sum(group.size for group in groups)
        try:
            for downloaded, installed in fullest(
                coming, size, stay=store.persistent, all_first=plan.latest.replaces
            ):
                check_room([(store.root, downloaded), (target, installed)])
        except StorageError as error:
            raise RunFailed(error, Failure(phase=Phase.DOWNLOAD)) from error

    async def _build(
        self, builder: Builder, plan: Plan, planned: PlannedFile, stored: StoredFile | None
    ) -> Path | None:
        with naming_root_cause(self.services.gateway, locate(plan, Phase.BUILD, planned=planned)):
            return await builder.wheel_of(planned, stored)

    async def _builder(self) -> Builder:
        install = self.job.install
        traits = await to_thread.run_sync(
            partial(
                read_traits,
                environment=self.prepared.target.markers,
                tag=self.prepared.target.tags[0],
                options=(*install.build_options, *install.network_options),
                environ=self.services.pip.env,
                cwd=Path(self.job.cwd),
            )
        )
        return Builder(
            run=partial(
                self.services.supervisor.run,
                stop=self.services.gateway.failed,
                limit_s=self.job.settings.build_timeout_s,
                busy=self.services.gateway.is_busy,
            ),
            pip=self.services.pip,
            caching_pip=self.services.caching_pip,
            traits=traits,
            folder=self.workspace.root / "built",
            cache=self.prepared.cache.built,
            keeps=self.prepared.cache.store.persistent,
            emit=self.emit,
        )

    async def check(self, plan: Plan) -> Target:
        """Compare what is installed with the plan, and give the target as it is now.

        Where that cannot be seen, pip's word counts.
        """
        install = self.job.install
        if install.location or looks_at_nothing(install):
            return self.prepared.target
        target = await inspect(install.python, self.prepared.copy, self.services.pip.env)
        versions = {project: found.version for project, found in target.installed.items()}
        wrong = [
            str(difference) for group in plan.latest.groups for difference in differences(group, versions)
        ]
        if wrong:
            raise ChildFailed(what="comparing with the plan", returncode=0, message="\n".join(wrong))
        return target
