"""No installation stays half way: what one that failed or was killed leaves is removed.

There is one way for all cases. The journal is written before an install child starts; where the installation
does not come to its end, what it names is repaired: at once by the run itself, if it lives, else by the next
run that changes this destination.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

import anyio
from anyio import to_thread

from resilient_pip.disk.lock import NO_LOCKS
from resilient_pip.errors import StorageError
from resilient_pip.events import Emit, Noted
from resilient_pip.install.journal import Journal, journal_path, open_journal, read_journal
from resilient_pip.install.repair import Repaired, repair
from resilient_pip.install.scheme import Scheme
from resilient_pip.install.survey import Survey

_LOOK_S = 0.1
_IN_USE = "another run is installing into {}: waiting for it; what it brings, this one did not plan with"


async def repair_earlier(scheme: Scheme, emit: Emit) -> tuple[Repaired, ...]:
    """Repair what a run that was killed has left; wait for one that is still installing.

    Raises:
        StorageError: something cannot be removed.
    """
    if not await to_thread.run_sync(journal_path(scheme).exists):
        return ()
    journal, repaired = await _opened(scheme, emit)
    if journal is not None:
        journal.remove()
    return repaired


def note_earlier(scheme: Scheme, emit: Emit) -> None:
    """Say that something may be half installed, where nothing may be changed."""
    if left := read_journal(scheme):
        names = ", ".join(f"{one.name} {one.version}" for survey in left for one in survey.pending)
        emit(Noted(message=f"perhaps half installed, by an earlier run or one that is at work: {names}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An installation that has begun."""

    survey: Survey
    inherited: tuple[int, ...]
    """The descriptors that its children have to inherit; none where there is no journal."""


class Unfinished:
    """The installations that this run has begun and not finished: several, as groups overlap.

    Args:
        scheme: where they go.
        emit: hears of what had to be removed.
    """

    def __init__(self, scheme: Scheme, emit: Emit) -> None:
        self._scheme = scheme
        self._emit = emit
        self._journal: Journal | None = None
        self._numbers = itertools.count(1)
        self._under_way = 0
        self._is_clean = True

    @asynccontextmanager
    async def begun(self, look: Callable[[], Survey]) -> AsyncIterator[Begun]:
        """Keep an installation in the journal, and repair what it leaves where it does not come to its end.

        On a file system without locks there is no journal: two runs could not be told from one that was
        killed.

        Args:
            look: makes the survey, in a thread, once no other run installs there.

        Raises:
            StorageError: the journal cannot be written.
        """
        if self._journal is None:
            self._journal, _ = await _opened(self._scheme, self._emit)
        journal = self._journal
        if journal is None:
            yield Begun(survey=await to_thread.run_sync(look), inherited=())
            return
        self._under_way += 1
        try:
            survey = await to_thread.run_sync(look)
            async with self._written(journal, survey):
                yield Begun(survey=survey, inherited=(journal.fileno(),))
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._journal = None
                journal.remove() if self._is_clean else journal.leave()

    @asynccontextmanager
    async def _written(self, journal: Journal, survey: Survey) -> AsyncIterator[None]:
        number = next(self._numbers)
        done = False
        try:
            await to_thread.run_sync(journal.begin, number, survey)
            yield
            done = True
        finally:
            with anyio.CancelScope(shield=True):
                if done or await self._repair(survey):
                    await to_thread.run_sync(journal.finish, number)

    async def _repair(self, survey: Survey) -> bool:
        """Repair, and say whether that could be done."""
        try:
            repaired = await to_thread.run_sync(repair, survey, self._scheme)
        except StorageError as error:  # why the installation failed is what the run ends with
            self._is_clean = False
            self._emit(Noted(message=f"{error}; the next run tries again to remove what is half installed"))
            return False
        for one in repaired:
            self._emit(Noted(message=f"{one} was half installed: removed"))
        return True


async def _opened(scheme: Scheme, emit: Emit) -> tuple[Journal | None, tuple[Repaired, ...]]:
    """Open the journal and repair what it tells of; None where there are no locks."""
    try:
        journal = open_journal(scheme)
        if journal is None:
            emit(Noted(message=_IN_USE.format(scheme.home)))
        while journal is None:
            await anyio.sleep(_LOOK_S)
            journal = open_journal(scheme)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            path = str(journal_path(scheme))
            raise StorageError(path=path, reason=error.strerror or str(error)) from error
        journal_path(scheme).unlink(missing_ok=True)
        return None, ()
    with ExitStack() as otherwise:
        otherwise.callback(journal.leave)
        repaired = await to_thread.run_sync(_repair_left, scheme)
        otherwise.pop_all()
    for one in repaired:
        emit(Noted(message=f"{one} was half installed when an earlier run was ended: removed"))
    return journal, repaired


def _repair_left(scheme: Scheme) -> tuple[Repaired, ...]:
    """Repair what the journal tells of, the latest first: what an earlier group shares with it stays so."""
    return tuple(one for survey in reversed(read_journal(scheme)) for one in repair(survey, scheme))
