"""What goes wrong with a host, or with the way to it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.lab.failures import CLOSED, DISTRUSTED, NO_NAME, RESET_AT_ONCE, STALLED, fails
from tests.lab.scenario import KB, Failure, Layout, Resource, Scenario, Trust
from tests.support.faults import ConnectionFault, Deaf, HangUp, Ok


def host_scenarios() -> Iterator[Scenario]:
    """Give the afflicted host no address, no connections, no certificate, or a thin or long way to it."""
    yield from _host("index", "the host of the index", files_elsewhere=False)
    yield from _host("files", "the host of the files", files_elsewhere=True)
    yield from _twice_connecting(
        "index-hangs-up", "the host of the index answers with RST", HangUp(), Layout(), RESET_AT_ONCE
    )
    yield from _handshakes()
    yield Scenario(
        name="index-far-away",
        resource=Resource.HOST,
        summary="0.2 s of latency, and 12 more projects to find",
        layout=Layout(nodes=12, latency_s=0.2),
    )
    yield Scenario(
        name="link-thin",
        resource=Resource.HOST,
        summary="100 kB/s for each connection, 300 kB/s for all",
        layout=Layout(connection_bytes_per_second=100 * KB, bytes_per_second=300 * KB),
    )


def _twice_connecting(
    name: str, summary: str, fault: ConnectionFault, layout: Layout, always: Failure, *limits: str
) -> Iterator[Scenario]:
    """One fault, met by the first connection, and met by every connection (under these limits)."""
    yield Scenario(
        name=f"{name}-once",
        resource=Resource.HOST,
        summary=f"{summary}, once",
        connections=(fault, Ok()),
        layout=layout,
    )
    yield Scenario(
        name=f"{name}-always",
        resource=Resource.HOST,
        summary=f"{summary}, every time",
        connections=(fault,),
        layout=layout,
        failure=always,
        limits=limits,
    )


def _host(name: str, host: str, *, files_elsewhere: bool) -> Iterator[Scenario]:
    for kind, summary, failure, layout in (
        ("no-dns", "has no address", NO_NAME, Layout(files_elsewhere=files_elsewhere, resolves=False)),
        ("closed", "refuses connections", CLOSED, Layout(files_elsewhere=files_elsewhere, closed_for_s=1e6)),
        (
            "distrusted",
            "has a certificate that nobody knows",
            DISTRUSTED,
            Layout(files_elsewhere=files_elsewhere, tls=Trust.UNKNOWN),
        ),
    ):
        yield Scenario(
            name=f"{name}-{kind}",
            resource=Resource.HOST,
            summary=f"{host} {summary}",
            layout=layout,
            failure=failure,
        )
    yield Scenario(
        name=f"{name}-opens-late",
        resource=Resource.HOST,
        summary=f"{host} refuses connections for the first 4 s",
        layout=Layout(files_elsewhere=files_elsewhere, closed_for_s=4),
        limits=("--tries", "30", "--backoff-base", "0.5s", "--backoff-cap", "1s"),
    )
    yield from _twice_connecting(
        f"{name}-deaf",
        f"{host} takes a connection and never reads from it",
        Deaf(),
        Layout(files_elsewhere=files_elsewhere),
        STALLED,
    )


def _handshakes() -> Iterator[Scenario]:
    tls = Layout(tls=Trust.TRUSTED)
    yield Scenario(
        name="tls-trusted",
        resource=Resource.HOST,
        summary="https, with an authority of one's own",
        layout=tls,
    )
    yield from _twice_connecting(
        "tls-reset", "RST in a TLS handshake", HangUp(), tls, fails(69, "handshake", "reset", "no connection")
    )
    yield from _twice_connecting(
        "tls-silent",
        "a TLS handshake without an answer",
        Deaf(),
        tls,
        fails(69, "connect-timeout", "timed out", "timeout"),
        *("--connect-timeout", "0.5s"),
    )
