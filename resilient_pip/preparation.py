"""The first step: what the target is, whether it and the cache can be written; nothing is transferred yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from resilient_pip.cache.store import Store
from resilient_pip.child.command import child_environment
from resilient_pip.errors import StorageError, UsageError
from resilient_pip.events import Emit, Noted
from resilient_pip.job import Job
from resilient_pip.model import Requirement
from resilient_pip.target.environment import Target, inspect
from resilient_pip.target.pip_copy import PipCopy, copy_pip
from resilient_pip.target.usable import Destination, check_usable
from resilient_pip.workspace import Workspace

CACHE_FOLDER = "resilient-pip"
"""Inside `pip cache dir`, so that the usual cache mount keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was found out and set up."""

    copy: PipCopy
    target: Target
    destination: Destination
    store: Store
    cache: Path | None
    """The folder that lasts beyond the run; None: nothing does."""


async def prepare(job: Job, workspace: Workspace, emit: Emit) -> Prepared:
    """Look at everything that can be wrong before gigabytes are transferred.

    Raises:
        UsageError: a directive asks for what is not supported.
        TargetRefused: the target must not or cannot be installed into.
        StorageError: the target, or the folder that --file-cache names, cannot be written.
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
    return Prepared(copy=copy, target=target, destination=destination, store=store, cache=cache)


def _refuse_stages(requirements: Iterable[Requirement]) -> None:
    for requirement in requirements:
        if requirement.directive.no_build_isolation:
            message = "no-build-isolation: building a group in a stage of its own is not supported yet"
            raise UsageError(message=message, source=requirement.directive.source)


async def _open_store(job: Job, workspace: Workspace, emit: Emit) -> tuple[Store, Path | None]:
    """Open the cache; where pip's cache folder cannot be written, do without as pip does, and say so."""
    asked_for = job.settings.file_cache
    pip_cache_dir = job.install.pip_cache_dir
    folder = asked_for or (pip_cache_dir and f"{pip_cache_dir}/{CACHE_FOLDER}")
    if folder:
        store = Store(Path(folder))
        try:
            await to_thread.run_sync(store.prepare)
        except StorageError as error:
            if asked_for:
                raise
            emit(Noted(message=f"{error}; nothing is kept for the next run"))
        else:
            return store, Path(folder)
    store = Store.temporary(workspace.root / "files")
    await to_thread.run_sync(store.prepare)
    return store, None
