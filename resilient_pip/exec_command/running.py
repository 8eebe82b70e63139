"""One `resilient-pip exec`: the gateway and the command, for as long as the command runs."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import anyio

from resilient_pip.cache.place import CLIENTS
from resilient_pip.cache.store import Store
from resilient_pip.errors import DeadlineExceeded, Interrupted, ResilientPipError
from resilient_pip.events import (
    CacheOpened,
    Emit,
    Event,
    Kind,
    Noted,
    Subject,
    TransferFinished,
    TransferStarted,
)
from resilient_pip.exec_command.arguments import Arguments
from resilient_pip.exec_command.environment import GatewayUrls, client_environment
from resilient_pip.exec_command.process import CommandProcess, start
from resilient_pip.failing import RunFailed
from resilient_pip.gateway.blame import naming_root_cause
from resilient_pip.gateway.server import Gateway
from resilient_pip.gateway.sources import SourceKind
from resilient_pip.model import Failure, Phase, RunResult
from resilient_pip.preparation import open_run_cache
from resilient_pip.services import open_gateway
from resilient_pip.session import handled_signals
from resilient_pip.workspace import Workspace, open_workspace

_PLACE = Failure(phase=Phase.DOWNLOAD)


async def run_command(asked: Arguments, emit: Emit) -> RunResult:
    """Run the command behind a gateway, and say how that ended; its own exit code is that of the result.

    Where something that it asked for could not be had, the result is that failure, even where the command
    made a success of it: pip steps back to a version that does not need what failed.
    """
    run = _Run(asked, emit)
    started = anyio.current_time()
    with anyio.open_signal_receiver(*handled_signals()) as signals:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run.pass_on, signals, tasks.cancel_scope)
            if asked.job.settings.deadline_s is not None:
                tasks.start_soon(run.watch_deadline, asked.job.settings.deadline_s, tasks.cancel_scope)
            await run.carry_out()
            tasks.cancel_scope.cancel()
    return replace(run.result(), elapsed_s=anyio.current_time() - started)


class _Run:
    """What is under way and how it ended."""

    def __init__(self, asked: Arguments, emit: Emit) -> None:
        self._asked = asked
        self._emit = emit
        self._process: CommandProcess | None = None
        self._exit_code: int | None = None
        self._failed: RunFailed | None = None
        self._ended_by: RunFailed | None = None
        self._signalled = False
        self._cache: CacheOpened | None = None
        self._transfers: dict[Subject, None] = {}

    async def carry_out(self) -> None:
        """Run the command to its end; what goes wrong is kept, as task groups wrap what is raised."""
        try:
            with open_workspace() as workspace:
                await self._serve(workspace)
        except RunFailed as failed:
            self._failed = failed
        except ResilientPipError as error:
            self._failed = RunFailed(error, _PLACE)

    async def _serve(self, workspace: Workspace) -> None:
        job = self._asked.job
        for warning in job.install.warnings:
            self._tell(Noted(message=warning))
        cache = await open_run_cache(job, workspace, self._tell)
        async with AsyncExitStack() as lifetimes:
            lifetimes.callback(cache.store.close)
            gateway, _ = await open_gateway(job, cache.store, self._tell, lifetimes, target=None)
            env = self._environment(gateway, cache.store)
            self._process = await start(self._asked.command, env)
            with naming_root_cause(gateway, _PLACE):
                self._exit_code = await self._process.wait()

    def _environment(self, gateway: Gateway, store: Store) -> dict[str, str]:
        job = self._asked.job
        return client_environment(
            job.environ,
            urls=GatewayUrls(
                all_sources=gateway.index_urls,
                indexes=gateway.urls_of(SourceKind.INDEX) or (gateway.empty_index_url,),
                find_links=gateway.urls_of(SourceKind.FIND_LINKS),
            ),
            pip=self._asked.pip,
            pip_cache=str(store.root / CLIENTS / "pip") if store.persistent else None,
            network=job.install.network,
            at_once=job.settings.parallel_per_host,
        )

    async def pass_on(self, signals: AsyncIterator[signal.Signals], scope: anyio.CancelScope) -> None:
        """Let the command have the signals that come; before it runs, they end the run."""
        async for number in signals:
            if self._process is None:
                self._ended_by = RunFailed(Interrupted(signal=number), _PLACE)
                scope.cancel()
            else:
                self._signalled = True
                self._process.pass_on(number)

    async def watch_deadline(self, limit_s: float, scope: anyio.CancelScope) -> None:
        """End the command once its time is over."""
        await anyio.sleep(limit_s)
        error = DeadlineExceeded(scope="the run", limit_s=limit_s)
        self._ended_by = RunFailed(error, self._awaited())
        if self._process:
            await self._process.end()
        scope.cancel()

    def _awaited(self) -> Failure:
        """Name what has been under way for the longest."""
        subject = next(iter(self._transfers), None)
        if subject is None:
            return _PLACE
        filename = None if subject.kind is Kind.PAGE else subject.name
        return replace(_PLACE, package=subject.project, filename=filename, url=subject.url)

    def _tell(self, event: Event) -> None:
        match event:
            case CacheOpened():
                self._cache = event
            case TransferStarted(subject=subject):
                self._transfers[subject] = None
            case TransferFinished(subject=subject):
                self._transfers.pop(subject, None)
            case _:
                pass
        self._emit(event)

    def result(self) -> RunResult:
        """Say how it ended."""
        failed = self._ended_by or self._failed
        code = self._exit_code
        if failed is None or (self._signalled and code):
            return RunResult(exit_code=code or 0)
        if code == 0:
            what = f"{self._asked.command[0]} ended with 0, but did not get all that it asked for"
            self._emit(Noted(message=f"{what}: what it has done may be wrong"))
        return RunResult(
            exit_code=failed.error.exit_code,
            error=failed.error,
            failure=failed.failure,
            resumes=self._cache is None or self._cache.keeps,
            cache_mount=self._cache.mount if self._cache else "",
        )
