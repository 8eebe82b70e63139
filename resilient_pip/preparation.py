"""What a run that has something to do sets up: its cache; and what an earlier one left half done."""

from __future__ import annotations

from dataclasses import dataclass

from anyio import to_thread

from resilient_pip.cache.opening import OpenCache, open_cache
from resilient_pip.events import CacheOpened, Emit, Noted
from resilient_pip.first_look import Found, inspect_offline
from resilient_pip.install.repair import Repaired
from resilient_pip.install.scheme import Scheme
from resilient_pip.install.unfinished import note_earlier, repair_earlier
from resilient_pip.job import Job
from resilient_pip.target.environment import Target
from resilient_pip.target.pip_copy import PipCopy
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
    cache: OpenCache


async def prepare(job: Job, workspace: Workspace, found: Found, emit: Emit) -> Prepared:
    """Set up what all later steps need beside the pip of `found.copy`, before gigabytes are transferred.

    Raises:
        StorageError: the folder that --file-cache names cannot be used; or what an earlier run has left half
            installed cannot be removed.
    """
    cache = await open_run_cache(job, workspace, emit)
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
        cache=cache,
    )


async def open_run_cache(job: Job, workspace: Workspace, emit: Emit) -> OpenCache:
    """Open the cache, and tell what is to be known of it.

    Raises:
        StorageError: the folder that --file-cache names cannot be used.
    """
    own = workspace.root / "files"
    cache = await to_thread.run_sync(open_cache, job.settings, job.install.pip_cache_dir, own)
    for note in cache.notes:
        emit(Noted(message=note))
    emit(
        CacheOpened(
            folder=str(cache.folder or ""),
            keeps=cache.keeping.keeps,
            why=cache.keeping.why,
            by_default=cache.keeping.by_default,
            mount=str(cache.keeping.mount or ""),
        )
    )
    return cache
