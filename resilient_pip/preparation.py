"""The first step: what the target is, whether it and the cache can be written; nothing is transferred yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from anyio import to_thread

from resilient_pip.cache.opening import OpenCache, open_cache
from resilient_pip.child.command import child_environment
from resilient_pip.errors import UsageError
from resilient_pip.events import CacheOpened, Emit, Noted
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
    cache: OpenCache


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
    cache = await _open_cache(job, workspace, emit)
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
        cache=cache,
    )


def _refuse_stages(requirements: Iterable[Requirement]) -> None:
    for requirement in requirements:
        if requirement.directive.no_build_isolation:
            message = "no-build-isolation: building a group in a stage of its own is not supported yet"
            raise UsageError(message=message, source=requirement.directive.source)


async def _open_cache(job: Job, workspace: Workspace, emit: Emit) -> OpenCache:
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
