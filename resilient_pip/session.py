"""One run from the command line's values to its result: lifetimes, signals, the deadline, the outcome."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import anyio

from resilient_pip.errors import ChildFailed, DeadlineExceeded, Interrupted, ResilientPipError
from resilient_pip.events import Emit, Event, GroupFinished, GroupStarted, PhaseStarted, PlanReady
from resilient_pip.failing import RunFailed, locate
from resilient_pip.model import Group, Install, Outcome, Phase, Plan, RunResult
from resilient_pip.settings import Settings
from resilient_pip.statistics import Tally
from resilient_pip.steps import carry_out
from resilient_pip.workspace import keep_log, open_workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one command line asks for."""

    install: Install
    settings: Settings
    environ: Mapping[str, str] = field(repr=False)
    cwd: str
    plan_only: bool = False


async def run(job: Job, emit: Emit) -> RunResult:
    """Do the whole job and say how it ended; signals and the deadline end it in order."""
    started = anyio.current_time()
    tally, place = Tally(), _Place()

    def tell(event: Event) -> None:
        tally.handle(event)
        place.handle(event)
        emit(event)

    failed = await _guarded(job, tell, place)
    groups = place.plan.groups if place.plan else ()
    failed_group = failed.failure.group if failed else None
    return RunResult(
        exit_code=failed.error.exit_code if failed else 0,
        plan=place.plan,
        installed=tuple(place.installed),
        not_reached=tuple(
            group.name
            for group in groups
            if failed and group.name not in place.installed and group.name != failed_group
        ),
        error=failed.error if failed else None,
        failure=failed.failure if failed else None,
        statistics=tally.statistics(),
        elapsed_s=anyio.current_time() - started,
    )


@dataclass
class _Place:
    """Where the run is, folded from its events: for an end that no part of it caused."""

    plan: Plan | None = None
    phase: Phase = Phase.PREPARE
    group: Group | None = None
    installed: list[str] = field(default_factory=list)

    def handle(self, event: Event) -> None:
        match event:
            case PlanReady(plan=plan):
                self.plan = plan
            case PhaseStarted(phase=phase):
                self.phase = phase
            case GroupStarted(group=group):
                self.phase, self.group = Phase.INSTALL, group
            case GroupFinished(group=group, outcome=outcome):
                self.group = None
                if outcome is Outcome.DONE:
                    self.installed.append(group.name)
            case _:
                pass

    def failed(self, error: ResilientPipError) -> RunFailed:
        """Make a failure of this place."""
        failure = locate(self.plan or Plan(stages=()), self.phase, group=self.group)
        if isinstance(error, ChildFailed) and error.package:
            failure = replace(failure, package=error.package)
        return RunFailed(error, failure)


async def _guarded(job: Job, emit: Emit, place: _Place) -> RunFailed | None:
    """Run until the end, a signal or the deadline; give what ended it early."""
    failed: RunFailed | None = None
    signals: list[int] = []
    deadline_s = job.settings.deadline_s
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_watch_signals, signals, tasks.cancel_scope)
        with anyio.move_on_after(deadline_s) as limit:
            failed = await _outcome(job, emit, place)
        tasks.cancel_scope.cancel()
    if signals:
        return place.failed(Interrupted(signal=signals[0]))
    if limit.cancelled_caught and deadline_s is not None:
        return place.failed(DeadlineExceeded(scope="the run", limit_s=deadline_s))
    return failed


async def _outcome(job: Job, emit: Emit, place: _Place) -> RunFailed | None:
    # As a value: an exception would leave the task group wrapped.
    try:
        with open_workspace() as workspace, _keeping_log():
            await carry_out(
                job.install,
                workspace=workspace,
                settings=job.settings,
                environ=job.environ,
                cwd=job.cwd,
                plan_only=job.plan_only,
                emit=emit,
            )
    except RunFailed as failed:
        return failed
    except ResilientPipError as error:
        return place.failed(error)
    return None


@contextmanager
def _keeping_log() -> Iterator[None]:
    """Save the log that the failure block will name from the end of the workspace."""
    try:
        yield
    except (RunFailed, ChildFailed) as failed:
        error = failed.error if isinstance(failed, RunFailed) else failed
        if isinstance(error, ChildFailed):
            error.log = keep_log(error.log)
        raise


async def _watch_signals(caught: list[int], scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for number in signals:
            caught.append(number)
            scope.cancel()
