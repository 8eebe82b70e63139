"""What a run that has something to do sets up: its pip and cache; and what an earlier one left half done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from resilient_pip.cache.place import cache_folder
from resilient_pip.cache.store import Store
from resilient_pip.errors import StorageError
from resilient_pip.events import Emit, Noted
from resilient_pip.first_look import Found, inspect_offline
from resilient_pip.install.repair import Repaired
from resilient_pip.install.scheme import Scheme
from resilient_pip.install.unfinished import note_earlier, repair_earlier
from resilient_pip.job import Job
from resilient_pip.target.environment import Target
from resilient_pip.target.pip_copy import PipCopy, copy_pip
from resilient_pip.target.usable import Destination
from resilient_pip.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was found out and set up."""

    copy: PipCopy
    target: Target
    destination: Destination
    scheme: Scheme
    """Where in the destination what goes."""
    repaired: tuple[Repaired, ...]
    """What an earlier run had left half installed, and is not there any more."""
    store: Store
    cache: Path | None
    """The folder that lasts beyond the run, which may be one that is only read; None: there is none."""


async def prepare(job: Job, workspace: Workspace, found: Found, emit: Emit) -> Prepared:
    """Set up what all later steps need, before gigabytes are transferred.

    Raises:
        TargetRefused: pip is missing here.
        StorageError: the folder that --file-cache names cannot be used; or what an earlier run has left half
            installed cannot be removed.
    """
    await to_thread.run_sync(copy_pip, found.copy)
    store, cache = await _open_store(job, workspace, emit)
    target = found.target
    repaired: tuple[Repaired, ...] = ()
    if job.plan_only:
        note_earlier(found.scheme, emit)
    elif repaired := await repair_earlier(found.scheme, emit):
        target = await inspect_offline(job, workspace, found.copy)
    return Prepared(
        copy=found.copy,
        target=target,
        destination=found.destination,
        scheme=found.scheme,
        repaired=repaired,
        store=store,
        cache=cache,
    )


async def _open_store(job: Job, workspace: Workspace, emit: Emit) -> tuple[Store, Path | None]:
    """Open the cache; one that cannot be written is read where it can be, and the run keeps its own files.

    Raises:
        StorageError: --file-cache names what can be neither written nor read.
    """
    folder = cache_folder(job.settings, job.install.pip_cache_dir)
    temporary = Store.temporary(workspace.root / "files")
    if folder is not None:
        store = Store(folder)
        try:
            await to_thread.run_sync(store.prepare)
        except StorageError as error:
            if await to_thread.run_sync(_look_in, temporary, folder):
                emit(Noted(message=f"{error}; what is there is used, nothing is kept for the next run"))
            elif job.settings.file_cache:
                raise
            else:
                folder = None
                emit(Noted(message=f"{error}; nothing is kept for the next run"))
        else:
            if not store.has_locks:
                emit(
                    Noted(message=f"{folder}: no file locks there; no other run shares or resumes downloads")
                )
            return store, folder
    await to_thread.run_sync(temporary.prepare)
    return temporary, folder


def _look_in(store: Store, folder: Path) -> bool:
    """Let a store find what is in a folder that only can be read; say whether it can."""
    if not (folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)):
        return False
    try:
        store.look_in(folder)
    except StorageError:
        return False
    return True
