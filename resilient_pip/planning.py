"""The second step: one joint dry run of pip through the gateway, and the plan made of its report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import anyio

from resilient_pip.child.pip import Pip
from resilient_pip.child.process import Supervisor
from resilient_pip.dry_run import DryRun
from resilient_pip.gateway.blame import naming_root_cause
from resilient_pip.gateway.server import Gateway
from resilient_pip.gateway.wanted import named
from resilient_pip.job import Job
from resilient_pip.model import Failure, Install, Phase, Plan, ProjectName, RequirementForm
from resilient_pip.plan.planning import make_plan
from resilient_pip.plan.report import Report, read_report
from resilient_pip.policy.deadlines import transfer_limit_s
from resilient_pip.target.environment import Target
from resilient_pip.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """Finds out what pip would install."""

    job: Job
    workspace: Workspace
    target: Target
    gateway: Gateway
    supervisor: Supervisor
    pip: Pip

    async def run(self) -> tuple[Plan, Report]:
        """Make the plan.

        Raises:
            RunFailed: a source failed to produce what pip asked for.
            PlanError: no set of files fits.
            ResilientPipError: pip failed otherwise.
        """
        install = self.job.install
        self.gateway.start(named(install.requirements))
        dry_run = DryRun(
            run=partial(self.supervisor.run, stop=self.gateway.failed, busy=self.gateway.is_busy),
            pip=self.pip,
            install=install,
            workspace=self.workspace,
        )
        with naming_root_cause(self.gateway, Failure(phase=Phase.PLAN)):
            document = await dry_run.report()
        self.gateway.hold()
        installed = {} if looks_at_nothing(install) else self.target.installed
        report = read_report(document, resolve=self.gateway.remote_file, installed=installed)
        report = report.with_sizes(await self._sizes(report))
        plan = make_plan(
            report,
            install=install,
            installed=installed,
            settings=self.job.settings,
            limit_s=transfer_limit_s,
            cwd=self.job.cwd,
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


def looks_at_nothing(install: Install) -> bool:
    """Whether pip takes nothing for installed; with --ignore-installed it leaves two versions behind."""
    flags = ("--target", "--ignore-installed")
    return any(word.startswith(flags) for word in install.plan_options)
