"""What a scenario is: something on loopback that goes wrong, and what must come of it."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.faults import ConnectionFault, Fault, Ok

KB = 1000
MB = 1000 * KB
AFFLICTED = "torch"
"""The project that goes wrong."""
EARLY = ("early-one", "early-two")
"""Projects that are required before it and are well."""
RESIDENT = "resident"
"""A project that is in the environment already."""


class Resource(enum.Enum):
    """What of the afflicted project goes wrong."""

    PAGE = "page"
    METADATA = "metadata"
    FILE = "file"
    HOST = "host"
    """That of the files where they have one of their own, else that of the index."""


class Trust(enum.Enum):
    """What a client thinks of the certificate of the afflicted host."""

    TRUSTED = "trusted"
    """The client is told to trust the authority that signed it."""
    UNKNOWN = "unknown"
    """It is signed by an authority that nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the network looks like; bandwidths in bytes a second."""

    size: int = 400 * KB
    """Of the afflicted file."""
    nodes: int = 0
    """Further projects that torch requires, in a graph of their own."""
    ranges: bool = True
    """Whether the servers know byte ranges."""
    files_elsewhere: bool = False
    """Whether files come from another host than pages."""
    resolves: bool = True
    """Whether the afflicted host's name has an address; `.invalid` names never have one (RFC 6761)."""
    closed_for_s: float = 0.0
    """For how long the afflicted host refuses connections at first."""
    tls: Trust | None = None
    """None: the afflicted host speaks plain HTTP."""
    credentials: bool = False
    """Whether the index asks for a user and password."""
    latency_s: float = 0.0
    bytes_per_second: int | None = None
    connection_bytes_per_second: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How an installation that cannot succeed has to end."""

    exit_codes: frozenset[int]
    words: tuple[str, ...]
    """Lower case; one of them has to stand in what is told, as the cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToOtherHost:
    """302 to where another host has the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that goes wrong, and what must come of it."""

    name: str
    resource: Resource
    summary: str
    """One sentence for a table."""
    story: tuple[Fault | ToOtherHost, ...] = (Ok(),)
    """What requests for the afflicted resource meet; of a host, requests for torch's file."""
    connections: tuple[ConnectionFault, ...] = (Ok(),)
    """What connections to the afflicted host meet."""
    layout: Layout = Layout()
    failure: Failure | None = None
    """None: it has to succeed."""
    resumes: bool = True
    """Whether ranges work, so that little may be sent twice."""
    quick: bool = True
    """Whether it takes seconds under short limits; the others make sense at the tool's own only."""
    limits: tuple[str, ...] = ()
    """Options that it needs beside resilient-pip's short limits."""

    @property
    def keeps(self) -> frozenset[str]:
        """What has to be in the environment in the end; a page or host that fails lets nothing be planned."""
        if self.failure is None:
            return frozenset({RESIDENT, *EARLY, AFFLICTED})
        return frozenset({RESIDENT, *EARLY} if self.resource is Resource.FILE else {RESIDENT})

    @property
    def outcome(self) -> str:
        """What must come of it, for a table."""
        if self.failure is None:
            return "success"
        return "exit " + " or ".join(map(str, sorted(self.failure.exit_codes)))


def twice(
    name: str, resource: Resource, summary: str, fault: Fault, always: Failure | None, *, resumes: bool = True
) -> Iterator[Scenario]:
    """One fault, met by the first request, and met by every request; only files can be resumed."""
    resumes = resumes and resource is Resource.FILE
    yield Scenario(
        name=f"{resource.value}-{name}-once",
        resource=resource,
        summary=f"{summary}, once",
        story=(fault, Ok()),
        resumes=resumes,
    )
    yield Scenario(
        name=f"{resource.value}-{name}-always",
        resource=resource,
        summary=f"{summary}, every time",
        story=(fault,),
        failure=always,
        resumes=resumes,
    )
