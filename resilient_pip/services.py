"""What the steps of a run work with: the way to the network, the gateway, and the pips that go through it."""

from __future__ import annotations

import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from anyio import to_thread

from resilient_pip.cache.answers import Answers
from resilient_pip.cache.store import Store
from resilient_pip.child.command import child_environment
from resilient_pip.child.pip import Pip
from resilient_pip.child.process import Supervisor
from resilient_pip.events import Emit
from resilient_pip.fetch import Downloads
from resilient_pip.gateway.early import MOST
from resilient_pip.gateway.server import Gateway
from resilient_pip.gateway.sources import order_sources
from resilient_pip.gateway.wanted import routes_of, sdists_do_not_matter, specifiers
from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.index.usable import UsableWheels
from resilient_pip.job import Job
from resilient_pip.mirrors import Mirrors, Relisted, main_index
from resilient_pip.model import RemoteFile
from resilient_pip.pip_options import is_foreign
from resilient_pip.preparation import Prepared
from resilient_pip.target.pip_copy import pip_argv, planning_argv
from resilient_pip.transport.client import Client
from resilient_pip.transport.credentials import Credentials
from resilient_pip.transport.places import Find
from resilient_pip.transport.small import SmallReader
from resilient_pip.workspace import Workspace

_AMPLE = 4 * MOST
"""Free bytes of a cache's disk that make early downloads no matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What fetches files and runs children, as long as a run lasts."""

    gateway: Gateway
    downloads: Downloads
    supervisor: Supervisor
    pip: Pip
    planning_pip: Pip
    """Plans; its cache is the user's, too."""
    caching_pip: Pip
    """Uses the user's cache: for what it reads past the gateway (direct URLs, VCS)."""


async def open_services(
    job: Job, workspace: Workspace, prepared: Prepared, emit: Emit, lifetimes: AsyncExitStack
) -> Services:
    """Start them; `lifetimes` ends them.

    Raises:
        UsageError: the proxy or a certificate that the user named is no good.
    """
    gateway, downloads = await _open_gateway(job, prepared, emit, lifetimes)
    supervisor = Supervisor(
        emit=emit,
        settings=job.settings,
        log_folder=workspace.logs,
        clean=gateway.in_upstreams_words,
    )

    def pip(cache_dir: str | None) -> Pip:
        env = child_environment(
            job.environ,
            index_urls=gateway.index_urls,
            temp=workspace.temporary,
            cache_dir=cache_dir,
            proxy=job.install.network.proxy,
        )
        return Pip(argv=pip_argv(prepared.target.python, prepared.copy), env=env, cwd=job.cwd)

    caching_pip = pip(prepared.cache.pip_cache_dir)
    return Services(
        gateway=gateway,
        downloads=downloads,
        supervisor=supervisor,
        pip=pip(None),
        caching_pip=caching_pip,
        planning_pip=replace(caching_pip, argv=planning_argv(prepared.target.python, prepared.copy)),
    )


async def _open_gateway(
    job: Job, prepared: Prepared, emit: Emit, lifetimes: AsyncExitStack
) -> tuple[Gateway, Downloads]:
    install, settings = job.install, job.settings
    routes = routes_of(install)
    sources = order_sources(
        find_links=install.find_links,
        index_urls=install.index_urls,
        routes=routes,
        skippable=settings.index_failure_skip,
    )
    urls = [source.url for source in sources]
    credentials = Credentials([*urls, *settings.mirror], job.environ)
    client = await lifetimes.enter_async_context(
        Client(network=install.network, settings=settings, credentials=credentials)
    )
    mirrors = Mirrors(
        settings.mirror,
        index=main_index(install.index_urls, urls),
        reader=SmallReader(client, settings, emit),
        emit=emit,
    )
    relisted = Relisted(urls, reader=SmallReader(client, settings, emit), emit=emit)

    def places(file: RemoteFile) -> tuple[Find, ...]:
        return (*(relisted.of_file(file) if job.plan_files else ()), *mirrors.of_file(file))

    answers = Answers(prepared.cache.store.root) if prepared.cache.store.persistent else None
    downloads = Downloads(
        client=client, store=prepared.cache.store, settings=settings, emit=emit, mirrors=places
    )
    gateway = Gateway(
        sources=sources,
        routes=routes,
        reader=SmallReader(client, settings, emit, answers=answers),
        downloads=downloads,
        emit=emit,
        target=TargetMarkers(environment=prepared.target.markers, tags=prepared.target.tags),
        wheels=None if is_foreign(install.plan_options) else UsableWheels(prepared.target.tags),
        thins=sdists_do_not_matter(install),
        constraints=specifiers(install.constraints),
        mirrors=mirrors.of_metadata,
        answers=answers,
        downloads_early=await to_thread.run_sync(_may_download_early, job, prepared.cache.store),
    )
    return await lifetimes.enter_async_context(gateway), downloads


def _may_download_early(job: Job, store: Store) -> bool:
    """Whether files may be fetched before it is known what else is needed, and what has room.

    Not where just the files of the next groups are to lie on the disk.
    """
    if job.plan_only or job.to_save or job.plan_files or not store.persistent:
        return False
    try:
        return shutil.disk_usage(store.root).free >= _AMPLE
    except OSError:
        return False
