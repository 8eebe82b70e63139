"""The first step: what the target is, whether it and the cache can be written; nothing is transferred yet."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from resilient_pip.cache.place import cache_folder
from resilient_pip.cache.store import Store
from resilient_pip.child.command import child_environment
from resilient_pip.errors import StorageError, UsageError
from resilient_pip.events import Emit, Noted
from resilient_pip.install.repair import Repaired
from resilient_pip.install.scheme import Scheme, scheme_of
from resilient_pip.install.unfinished import note_earlier, repair_earlier
from resilient_pip.job import Job
from resilient_pip.model import Requirement
from resilient_pip.target.environment import Target, inspect
from resilient_pip.target.pip_copy import PipCopy, copy_pip
from resilient_pip.target.usable import Destination, check_usable
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


async def prepare(job: Job, workspace: Workspace, emit: Emit) -> Prepared:
    """Look at everything that can be wrong before gigabytes are transferred.

    Raises:
        UsageError: a directive asks for what is not supported.
        TargetRefused: the target must not or cannot be installed into.
        StorageError: the target, or the folder that --file-cache names, cannot be used; or what an earlier
            run has left half installed cannot be removed.
    """
    install = job.install
    for warning in install.warnings:
        emit(Noted(message=warning))
    _refuse_stages(install.requirements)
    copy = await to_thread.run_sync(copy_pip, workspace.root)
    offline = child_environment(job.environ, index_urls=(), temp=workspace.temporary)
    target = await inspect(install.python, copy, offline)
    destination = check_usable(target, install)
    if destination.by_default:
        emit(
            Noted(message=f"installing to {destination.folder}, as the normal site-packages is not writable")
        )
    store, cache = await _open_store(job, workspace, emit)
    scheme = scheme_of(target, install, destination)
    repaired: tuple[Repaired, ...] = ()
    if job.plan_only:
        note_earlier(scheme, emit)
    elif repaired := await repair_earlier(scheme, emit):
        target = await inspect(install.python, copy, offline)
    return Prepared(
        copy=copy,
        target=target,
        destination=destination,
        scheme=scheme,
        repaired=repaired,
        store=store,
        cache=cache,
    )


def _refuse_stages(requirements: Iterable[Requirement]) -> None:
    for requirement in requirements:
        if requirement.directive.no_build_isolation:
            message = "no-build-isolation: building a group in a stage of its own is not supported yet"
            raise UsageError(message=message, source=requirement.directive.source)


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
