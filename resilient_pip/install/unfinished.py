"""No installation stays half way: what one that failed or was killed leaves is removed.

There is one way for all cases. The journal is written before an install child starts; where the installation
does not come to its end, what it names is repaired: at once by the run itself, if it lives, else by the next
run that changes this destination.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager

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
    if (left := read_journal(scheme)) is not None:
        names = ", ".join(f"{one.name} {one.version}" for one in left.pending)
        emit(Noted(message=f"perhaps half installed, by an earlier run or one that is at work: {names}"))


@asynccontextmanager
async def journalled(
    look: Callable[[], Survey], scheme: Scheme, emit: Emit
) -> AsyncIterator[tuple[int, ...]]:
    """Keep the journal around an installation, and repair what this leaves where it does not come to its end.

    Gives the descriptors that the install child has to inherit. On a file system without locks there is no
    journal: two runs could not be told from one that was killed.

    Args:
        look: makes the survey, in a thread, once nobody else installs there.
        scheme: where the installation goes.
        emit: hears of what had to be removed.

    Raises:
        StorageError: the journal cannot be written.
    """
    journal, _ = await _opened(scheme, emit)
    if journal is None:
        yield ()
        return
    done, survey = False, None
    try:
        survey = await to_thread.run_sync(look)
        await to_thread.run_sync(journal.write, survey)
        yield (journal.fileno(),)
        done = True
    finally:
        if done or survey is None:
            journal.remove()
        else:
            with anyio.CancelScope(shield=True):
                await _repair_own(journal, survey, scheme, emit)


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
        left = await to_thread.run_sync(read_journal, scheme)
        repaired = await to_thread.run_sync(repair, left, scheme) if left else ()
        otherwise.pop_all()
    for one in repaired:
        emit(Noted(message=f"{one} was half installed when an earlier run was ended: removed"))
    return journal, repaired


async def _repair_own(journal: Journal, survey: Survey, scheme: Scheme, emit: Emit) -> None:
    try:
        repaired = await to_thread.run_sync(repair, survey, scheme)
    except StorageError as error:  # why the installation failed is what the run ends with
        journal.leave()
        emit(Noted(message=f"{error}; the next run tries again to remove what is half installed"))
        return
    journal.remove()
    for one in repaired:
        emit(Noted(message=f"{one} was half installed: removed"))
