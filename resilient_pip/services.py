"""What the steps of a run work with: the way to the network, the gateway, and the pips that go through it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from anyio import to_thread

from resilient_pip.cache.answers import Answers
from resilient_pip.cache.store import Store
from resilient_pip.child.command import child_environment
from resilient_pip.child.pip import Pip
from resilient_pip.child.process import Supervisor
from resilient_pip.events import Emit, Noted
from resilient_pip.fetch import Downloads
from resilient_pip.gateway.address import lasting_address
from resilient_pip.gateway.early import MOST
from resilient_pip.gateway.server import Gateway
from resilient_pip.gateway.sources import Routes, Source, order_sources
from resilient_pip.gateway.wanted import routes_of, sdists_do_not_matter, specifiers
from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.index.filenames import is_distribution, last_segment
from resilient_pip.index.usable import UsableWheels
from resilient_pip.job import Job
from resilient_pip.mirrors import Mirrors, Relisted, main_index
from resilient_pip.model import RemoteFile
from resilient_pip.pip_options import is_foreign
from resilient_pip.preparation import Prepared
from resilient_pip.target.environment import Target
from resilient_pip.target.pip_copy import pip_argv, planning_argv
from resilient_pip.transport.access import make_client
from resilient_pip.transport.places import Find
from resilient_pip.transport.small import SmallReader
from resilient_pip.transport.tls import write_trusted
from resilient_pip.transport.trusted import TrustedHosts
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
    gateway, downloads = await open_gateway(
        job, prepared.cache.store, emit, lifetimes, target=prepared.target
    )
    supervisor = Supervisor(
        emit=emit,
        settings=job.settings,
        log_folder=workspace.logs,
        clean=gateway.in_upstreams_words,
    )

    trusted = await to_thread.run_sync(write_trusted, job.install.network, workspace.temporary)

    def pip(cache_dir: str | None) -> Pip:
        env = child_environment(
            job.environ,
            index_urls=gateway.index_urls,
            temp=workspace.temporary,
            cache_dir=cache_dir,
            proxy=job.install.network.proxy,
            certificates=trusted,
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


async def open_gateway(
    job: Job, store: Store, emit: Emit, lifetimes: AsyncExitStack, *, target: Target | None
) -> tuple[Gateway, Downloads]:
    """Start the gateway; `lifetimes` ends it.

    Args:
        job: where files come from, and how patiently.
        store: where they go.
        emit: hears of every transfer.
        lifetimes: of what is started.
        target: what files are for; None: for clients that choose by themselves, at an address that lasts.

    Raises:
        UsageError: the proxy or a certificate that the user named is no good.
    """
    install, settings = job.install, job.settings
    routes = routes_of(install)
    sources = tuple(_sources(job, routes, emit))
    urls = [source.url for source in sources]
    upstream = [*urls, *settings.mirror]
    client = await lifetimes.enter_async_context(make_client(job, upstream, emit))
    client.prepare(upstream)
    mirrors = Mirrors(
        settings.mirror,
        index=main_index(install.index_urls, urls),
        reader=SmallReader(client, settings, emit),
        emit=emit,
    )
    relisted = Relisted(urls, reader=SmallReader(client, settings, emit), emit=emit)

    def places(file: RemoteFile) -> tuple[Find, ...]:
        # A plan may be old, and the host that it names be gone.
        again = relisted.of_file(file) if job.plan_files else None
        return (*((again,) if again else ()), *mirrors.of_file(file))

    answers = Answers(store.root) if store.persistent else None
    lasts = store.persistent and target is None
    downloads = Downloads(
        client=client, store=store, settings=settings, emit=emit, places=places, relisted=relisted.of_file
    )
    gateway = Gateway(
        sources=sources,
        routes=routes,
        reader=SmallReader(client, settings, emit, answers=answers),
        downloads=downloads,
        emit=emit,
        target=TargetMarkers(environment=target.markers, tags=target.tags) if target else None,
        wheels=UsableWheels(target.tags) if target and not is_foreign(install.plan_options) else None,
        thins=target is not None and sdists_do_not_matter(install),
        constraints=specifiers(install.constraints),
        mirrors=mirrors.of_metadata,
        answers=answers,
        address=lasting_address(store.root, [source.safe_url for source in sources]) if lasts else None,
        downloads_early=target is not None and await to_thread.run_sync(_may_download_early, job, store),
    )
    return await lifetimes.enter_async_context(gateway), downloads


def _sources(job: Job, routes: Routes, emit: Emit) -> Iterator[Source]:
    """List them, without what pip passes over with a warning: pages from another host without TLS."""
    install = job.install
    trusted = TrustedHosts(install.network.trusted_hosts)
    for source in order_sources(
        find_links=install.find_links,
        index_urls=install.index_urls,
        routes=routes,
        skippable=job.settings.index_failure_skip,
        locked=install.locked,
    ):
        if trusted.admit(source.url) or is_distribution(last_segment(source.url)):
            yield source
        else:
            host = urlsplit(source.url).hostname
            message = f"{source.safe_url} is passed over, as it is neither https nor trusted:"
            emit(Noted(message=f"{message} --trusted-host {host} allows it"))


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
