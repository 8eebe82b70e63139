"""A scenario on loopback: its servers, and what a tool is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from tests.lab.scenario import AFFLICTED, EARLY, Layout, Resource, Scenario, ToOtherHost, Trust
from tests.support.certificates import Authority
from tests.support.faults import Fault, RedirectTo
from tests.support.faultserver import FaultyIndex
from tests.support.graphs import random_graph, wheels_of
from tests.support.large import write_large_wheel
from tests.support.wheels import Distribution, make_wheel

OTHER_HOST = "127.0.0.2"
NO_HOST = "nowhere.invalid"
_MOST_IN_MEMORY = 100_000_000
_CREDENTIALS = ("ann", "s3cret-p4ss")


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A scenario whose servers are up."""

    index_url: str
    requirements: tuple[str, ...]
    cert: Path | None
    culprits: frozenset[str]
    """Projects, one of which has to be named where it fails."""
    url: str
    """What has to be named beside: the URL, or the host, of what is afflicted."""
    index: FaultyIndex
    other: FaultyIndex
    """A host that must not get the credentials of the index."""


@contextmanager
def staged(scenario: Scenario, folder: Path) -> Iterator[Staged]:
    """Serve a scenario; `folder` takes the certificate bundle, and a wheel that is too large for memory."""
    layout = scenario.layout
    authority = Authority()
    with ExitStack() as servers:
        other = servers.enter_context(_other_host(layout, authority))
        index = servers.enter_context(_index(layout, authority, other))
        torch = _serve(index, other, layout, folder)
        path = index.page_path(AFFLICTED) if scenario.resource is Resource.PAGE else torch.path
        keeper = other if layout.files_elsewhere else index
        suffix = ".metadata" if scenario.resource is Resource.METADATA else ""
        keeper.script(path + suffix, _story(scenario.story, other, path))
        keeper.script_connections(scenario.connections)
        yield Staged(
            index_url=_index_url(layout, index),
            requirements=(*(f"{name}  # resilient-pip: group={name}" for name in EARLY), AFFLICTED),
            cert=authority.write_bundle(folder / "authority.pem") if layout.tls is Trust.TRUSTED else None,
            culprits=frozenset({AFFLICTED, *EARLY} if scenario.resource is Resource.HOST else {AFFLICTED}),
            url=_blamed_host(layout, keeper) if scenario.resource is Resource.HOST else index.url_of(path),
            index=index,
            other=other,
        )


def _other_host(layout: Layout, authority: Authority) -> FaultyIndex:
    if not layout.files_elsewhere:
        return FaultyIndex(address=OTHER_HOST)
    return FaultyIndex(
        address=OTHER_HOST,
        closed_for_s=layout.closed_for_s,
        tls=authority.server_context(OTHER_HOST) if layout.tls else None,
    )


def _index(layout: Layout, authority: Authority, other: FaultyIndex) -> FaultyIndex:
    alone = not layout.files_elsewhere
    return FaultyIndex(
        ranges=layout.ranges,
        credentials=_CREDENTIALS if layout.credentials else None,
        latency_s=layout.latency_s,
        bytes_per_second=layout.bytes_per_second,
        connection_bytes_per_second=layout.connection_bytes_per_second,
        closed_for_s=layout.closed_for_s if alone else 0.0,
        tls=authority.server_context("127.0.0.1") if layout.tls and alone else None,
        files_url=None if alone else _unless_nowhere(layout, other.url_of("")),
    )


def _serve(index: FaultyIndex, other: FaultyIndex, layout: Layout, folder: Path) -> Distribution:
    """Put all projects onto both hosts and return torch."""
    if layout.size > _MOST_IN_MEMORY:
        torch = write_large_wheel(folder, AFFLICTED, "1.0", layout.size)
    else:
        torch = _torch(layout.size, layout.nodes)
    for wheel in (*wheels_of(dict.fromkeys(EARLY, ())), *_nodes(layout.nodes), torch):
        index.add(wheel)
        other.add(wheel)
    return torch


@cache
def _torch(size: int, nodes: int) -> Distribution:
    return make_wheel(AFFLICTED, "1.0", ["node-0"] if nodes else [], size=size)


@cache
def _nodes(count: int) -> Sequence[Distribution]:
    return wheels_of(random_graph(count, seed=count))


def _story(story: Sequence[Fault | ToOtherHost], other: FaultyIndex, path: str) -> list[Fault]:
    there = RedirectTo(other.url_of(path))
    return [there if isinstance(fault, ToOtherHost) else fault for fault in story]


def _index_url(layout: Layout, index: FaultyIndex) -> str:
    if layout.credentials:
        return index.url_with_credentials
    return index.url if layout.files_elsewhere else _unless_nowhere(layout, index.url)


def _blamed_host(layout: Layout, keeper: FaultyIndex) -> str:
    return keeper.host if layout.resolves else NO_HOST


def _unless_nowhere(layout: Layout, url: str) -> str:
    """Give the URL, or what it is where its host's name has no address."""
    parts = urlsplit(url)
    # Not plain http: pip passes such an index over unless it is trusted.
    return url if layout.resolves else parts._replace(scheme="https", netloc=NO_HOST).geturl()
