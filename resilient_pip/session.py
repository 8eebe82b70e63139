"""One run from the command line's values to its result: lifetimes, signals, the deadline, the outcome."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import anyio

from resilient_pip.beginning import carry_out
from resilient_pip.errors import ChildFailed, DeadlineExceeded, Interrupted, ResilientPipError, SourceError
from resilient_pip.events import (
    CacheOpened,
    Emit,
    Event,
    GroupFinished,
    GroupStarted,
    Kind,
    PhaseFinished,
    PhaseStarted,
    PlanReady,
    Subject,
    TransferFinished,
    TransferStarted,
)
from resilient_pip.failing import RunFailed, locate
from resilient_pip.job import Job
from resilient_pip.logs import appending_logs, keep_log
from resilient_pip.model import Group, Outcome, Phase, Plan, RunResult
from resilient_pip.statistics import Tally
from resilient_pip.transport.proxies import proxy_name, read_proxies
from resilient_pip.workspace import open_workspace


async def run(job: Job, emit: Emit) -> RunResult:
    """Do the whole job and say how it ended; signals and the deadline end it in order."""
    started = anyio.current_time()
    tally, place = Tally(), _Place()

    def tell(event: Event) -> None:
        tally.handle(event)
        place.handle(event)
        emit(event)

    failed = place.with_group(_with_proxy(job, await _guarded(job, tell, place)))
    names = (*(group.name for group in place.plan.groups), *place.plan.later) if place.plan else ()
    failed_group = failed.failure.group if failed else None
    return RunResult(
        exit_code=failed.error.exit_code if failed else 0,
        plan=place.plan,
        installed=tuple(place.installed),
        not_reached=tuple(
            name for name in names if failed and name not in place.installed and name != failed_group
        ),
        error=failed.error if failed else None,
        failure=failed.failure if failed else None,
        statistics=tally.statistics(),
        elapsed_s=anyio.current_time() - started,
        resumes=place.cache is None or place.cache.keeps,
        cache_mount=place.cache.mount if place.cache else "",
    )


@dataclass
class _Place:
    """Where the run is, folded from its events: for an end that no part of it caused."""

    cache: CacheOpened | None = None
    plan: Plan | None = None
    planning: str | None = None
    """The group that is planned alone; it is not in the plan before that has succeeded."""
    latest: Phase = Phase.PREPARE
    under_way: list[Phase] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    """Being installed, the first one first."""
    installed: list[str] = field(default_factory=list)
    transfers: dict[Subject, None] = field(default_factory=dict)
    """Under way, the longest first."""

    def handle(self, event: Event) -> None:
        match event:
            case CacheOpened():
                self.cache = event
            case PlanReady(plan=plan):
                self.plan = plan
            case PhaseStarted(phase=phase, group=group):
                self.latest, self.planning = phase, group
                self.under_way.append(phase)
            case PhaseFinished(phase=phase, outcome=Outcome.DONE):
                self.under_way.remove(phase)
            case GroupStarted(group=group):
                self.groups.append(group)
            case GroupFinished(group=group, outcome=outcome):
                self.groups.remove(group)
                if outcome is Outcome.DONE:
                    self.installed.append(group.name)
            case TransferStarted(subject=subject):
                self.transfers[subject] = None
            case TransferFinished(subject=subject):
                self.transfers.pop(subject, None)
            case _:
                pass

    def failed(self, error: ResilientPipError) -> RunFailed:
        """Make a failure of this place."""
        failure = locate(self._plan, self._phase, group=next(iter(self.groups), None))
        if isinstance(error, ChildFailed) and error.package:
            failure = replace(failure, package=error.package)
        return RunFailed(error, failure)

    def ended(self, error: ResilientPipError) -> RunFailed:
        """Make a failure of this place that names what was waited for."""
        phase = self._phase
        # Of files that are fetched while pip plans nobody waits for one.
        small = (subject for subject in self.transfers if subject.kind is not Kind.FILE)
        subject = next(small, next(iter(self.transfers), None))
        if subject is None or phase not in {Phase.PREPARE, Phase.PLAN, Phase.DOWNLOAD}:
            return self.failed(error)
        planned = next((file for file in self._plan.files if file.file.safe_url == subject.url), None)
        failure = locate(self._plan, phase, planned=planned)
        if planned is None:
            filename = None if subject.kind is Kind.PAGE else subject.name
            failure = replace(failure, package=subject.project, filename=filename, url=subject.url)
        return RunFailed(error, failure)

    def with_group(self, failed: RunFailed | None) -> RunFailed | None:
        """Name the group that could not be planned."""
        if failed is None or self.planning is None or failed.failure.phase is not Phase.PLAN:
            return failed
        return RunFailed(failed.error, replace(failed.failure, group=self.planning))

    @property
    def _plan(self) -> Plan:
        return self.plan or Plan(stages=())

    @property
    def _phase(self) -> Phase:
        if self.groups:
            return Phase.INSTALL
        return self.under_way[-1] if self.under_way else self.latest


async def _guarded(job: Job, emit: Emit, place: _Place) -> RunFailed | None:
    """Run until the end, a signal or the deadline; give what ended it early."""
    failed: RunFailed | None = None
    ended: list[RunFailed] = []
    # Received until all is tidied up: a second Ctrl-C must not leave half of it.
    with anyio.open_signal_receiver(*handled_signals()) as signals:
        async with anyio.create_task_group() as tasks:

            def end(error: ResilientPipError) -> None:
                ended.append(place.ended(error))
                tasks.cancel_scope.cancel()

            tasks.start_soon(_watch_signals, signals, end)
            if job.settings.deadline_s is not None:
                tasks.start_soon(_watch_deadline, job.settings.deadline_s, end)
            failed = await _outcome(job, emit, place)
            tasks.cancel_scope.cancel()
    return ended[0] if ended else failed


async def _outcome(job: Job, emit: Emit, place: _Place) -> RunFailed | None:
    # As a value: an exception would leave the task group wrapped.
    try:
        with (
            open_workspace() as workspace,
            appending_logs(workspace.logs, job.install.log),
            _keeping_log(),
        ):
            await carry_out(job, workspace, emit)
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


def _with_proxy(job: Job, failed: RunFailed | None) -> RunFailed | None:
    """Name the proxy on the way to what failed."""
    url = failed.failure.url if failed else None
    if failed is None or url is None or not isinstance(failed.error, (SourceError, DeadlineExceeded)):
        return failed
    proxy = read_proxies(job.install.network, job.environ).of(url)
    return RunFailed(failed.error, replace(failed.failure, proxy=proxy_name(proxy) if proxy else None))


def handled_signals() -> list[signal.Signals]:
    """Give the signals that end a run; what whoever started it had ignored (nohup) stays ignored."""
    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    return [number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN]


async def _watch_signals(signals: AsyncIterator[signal.Signals], end: Callable[[Interrupted], None]) -> None:
    async for number in signals:
        end(Interrupted(signal=number))


async def _watch_deadline(limit_s: float, end: Callable[[DeadlineExceeded], None]) -> None:
    await anyio.sleep(limit_s)
    end(DeadlineExceeded(scope="the run", limit_s=limit_s))
