"""The beginning of every run: a first look, which is the end too where everything is installed already.

Most of this program is needed only by a run that goes on. It is imported here, all at once, and before
anything in the target is changed: what is installed may be the very packages that it consists of.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from anyio import to_thread

from resilient_pip.events import Emit, PlanReady
from resilient_pip.first_look import Found, look
from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.job import Job
from resilient_pip.model import Phase
from resilient_pip.phases import phase
from resilient_pip.plan.planning import make_plan
from resilient_pip.plan.report import Report
from resilient_pip.target.pip_copy import copy_pip
from resilient_pip.workspace import Workspace, write_build_constraints


async def carry_out(job: Job, workspace: Workspace, emit: Emit) -> None:
    """Bring everything that the job asks for into its target.

    Raises:
        RunFailed: a failure whose place in the plan is known.
        ResilientPipError: any other.
    """
    async with phase(emit, Phase.PREPARE):
        if job.install.unread:
            from resilient_pip.remote_requirements import read_remote_files  # noqa: PLC0415 - see above

            job = await read_remote_files(job, emit)
        found = await look(job, workspace, emit)
        if job.install.waits_for_target:
            target = TargetMarkers(environment=found.target.markers, tags=found.target.tags)
            job = replace(job, install=job.reread(job.fetched, target))
        install = await to_thread.run_sync(write_build_constraints, workspace, job.install)
        job = replace(job, install=install)
        go_on: Callable[[], Awaitable[None]] = partial(_plan_nothing, job, found, emit)
        if not found.satisfies(job):
            go_on = await _prepared(job, workspace, found, emit)
    await go_on()


async def _prepared(
    job: Job, workspace: Workspace, found: Found, emit: Emit
) -> Callable[[], Awaitable[None]]:
    """Copy pip, which waits for the disk, while the rest of this program is imported, which computes."""
    with ThreadPoolExecutor(1) as beside:
        copied = beside.submit(copy_pip, found.copy)
        from resilient_pip.steps import prepared_steps  # noqa: PLC0415 - see above

        await to_thread.run_sync(copied.result)
    return await prepared_steps(job, workspace, found, emit)


async def _plan_nothing(job: Job, found: Found, emit: Emit) -> None:
    """Tell what is installed, as if pip had been asked."""
    async with phase(emit, Phase.PLAN):
        plan = make_plan(
            Report(files=(), environment=found.target.markers),
            install=job.install,
            installed=found.target.installed,
            settings=job.settings,
            cwd=job.cwd,
        )
    emit(PlanReady(plan=plan))
