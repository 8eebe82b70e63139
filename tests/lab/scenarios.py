"""Every fault that the laboratory knows, once and repeated: one table.

A scenario asks for a few small projects, each in an install group of its own, and then for `torch`, whose
page, metadata, file or host is afflicted. "-once" means the first request, "-always" every request.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.lab.scenario import KB, Failure, Layout, Resource, Scenario, ToOtherHost, Trust
from tests.support.faults import (
    CaptivePortal,
    Chunked,
    CutEvery,
    Deaf,
    Drip,
    EarlyClose,
    Fault,
    GarbagePage,
    HangUp,
    HoldTail,
    IgnoreRange,
    NeverAnswer,
    NewEtag,
    Ok,
    RedirectLoop,
    Reset,
    SlowHeaders,
    Stall,
    Status,
    Truncate,
    UntilClose,
    WrongBytes,
    WrongOffset,
)

PAGE, METADATA, FILE, HOST = Resource
MB = 1000 * KB


def _fails(exit_code: int, *words: str) -> Failure:
    return Failure(exit_codes=frozenset({exit_code}), words=words)


def _answers(exit_code: int, status: int) -> Failure:
    whose = "client" if status < 500 else "server"
    return _fails(exit_code, f"http {status}", f"{status} {whose} error")  # a bare number may be a port


# The first word is what resilient-pip says, the others what pip and uv say of the same.
STALLED = _fails(75, "stalled", "timed out", "timeout")
RESET = _fails(75, "connection reset", "reset by peer", "connectionreset")
CUT = _fails(75, "ended early", "incompleteread", "end of file", "incomplete", "unexpected eof")
BUSY = _answers(75, 503)
NO_PAGE = _fails(65, "not an index page", "captive portal", "content-type", "not json", "invalid json")
REDIRECTED = _fails(65, "redirects", "redirect")
NO_NAME = _fails(69, "dns", "name or service not known", "name resolution", "lookup address")
CLOSED = _fails(69, "connection refused")
DISTRUSTED = _fails(69, "tls", "certificate")


def _twice(
    name: str, resource: Resource, summary: str, fault: Fault, always: Failure | None, *, resumes: bool = True
) -> Iterator[Scenario]:
    """One fault, met by the first request, and met by every request; only files can be resumed."""
    resumes = resumes and resource is FILE
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


def _pages() -> Iterator[Scenario]:
    # In the end the deadline of a page may be over before one more stall is.
    stalled = _fails(75, *STALLED.words, "not complete")
    yield from _twice("stall", PAGE, "silence in the middle of the page", Stall(50), stalled)
    yield from _twice("never", PAGE, "no answer to the request for the page", NeverAnswer(), STALLED)
    yield from _twice("reset", PAGE, "RST in the middle of the page", Reset(50), RESET)
    yield from _twice("early-close", PAGE, "FIN in the middle of the page", EarlyClose(50), CUT)
    yield from _twice("chunked-cut", PAGE, "a chunked page without its end", Chunked(50), CUT)
    yield from _twice("503", PAGE, "HTTP 503 for the page", Status(503), BUSY)
    yield from _twice(
        "429",
        PAGE,
        "HTTP 429 for the page",
        Status(429),
        _answers(75, 429),
    )
    yield from _twice("truncated", PAGE, "a page whose JSON is cut, at full length", Truncate(100), NO_PAGE)
    yield from _twice("garbage", PAGE, "a page that is no JSON", GarbagePage(), NO_PAGE)
    yield from _twice("portal", PAGE, "a login page instead of the page", CaptivePortal(), NO_PAGE)
    yield from _twice("redirect-loop", PAGE, "redirects in a circle", RedirectLoop(), REDIRECTED)
    for status in (500, 502, 504):
        yield Scenario(
            name=f"page-{status}-once",
            resource=PAGE,
            summary=f"HTTP {status} for the page, once",
            story=(Status(status), Ok()),
        )
    yield Scenario(
        name="page-429-retry-after",
        resource=PAGE,
        summary="HTTP 429 for the page, with Retry-After: 1",
        story=(Status(429, retry_after=1), Ok()),
    )
    for status in (403, 404):
        # 403 counts as "no such project" on an index that has served other pages, as PyTorch's does.
        yield Scenario(
            name=f"page-{status}",
            resource=PAGE,
            summary=f"HTTP {status} for the page",
            story=(Status(status),),
            failure=_fails(1, "no matching distribution", "has no", "not found"),
        )
    yield Scenario(name="page-late", resource=PAGE, summary="the page after 0.7 s", story=(SlowHeaders(0.7),))
    yield Scenario(name="page-drip", resource=PAGE, summary="the page at 300 B/s", story=(Drip(300),))
    yield Scenario(
        name="page-until-close",
        resource=PAGE,
        summary="a page without a length, ended by FIN",
        story=(UntilClose(),),
    )
    yield Scenario(
        name="page-other-host",
        resource=PAGE,
        summary="the page by a redirect to another host, which must not get the credentials",
        story=(ToOtherHost(),),
        layout=Layout(credentials=True),
    )


def _metadata() -> Iterator[Scenario]:
    # What the wheel holds as well has to be read from there.
    for name, summary, fault in (
        ("stall", "silence in the middle of the metadata", Stall(50)),
        ("never", "no answer to the request for the metadata", NeverAnswer()),
        ("reset", "RST in the middle of the metadata", Reset(50)),
        ("early-close", "FIN in the middle of the metadata", EarlyClose(50)),
        ("chunked-cut", "chunked metadata without its end", Chunked(50)),
        ("500", "HTTP 500 for the metadata", Status(500)),
        ("503", "HTTP 503 for the metadata", Status(503)),
        ("wrong-bytes", "metadata with a wrong byte", WrongBytes()),
        ("portal", "a login page instead of the metadata", CaptivePortal()),
    ):
        yield from _twice(name, METADATA, summary, fault, None)
    for status in (403, 404):
        yield Scenario(
            name=f"metadata-{status}",
            resource=METADATA,
            summary=f"HTTP {status} for metadata that the index offers",
            story=(Status(status),),
            resumes=False,
        )
    yield Scenario(
        name="metadata-429-retry-after",
        resource=METADATA,
        summary="HTTP 429 for the metadata, with Retry-After: 1",
        story=(Status(429, retry_after=1), Ok()),
    )


def _broken_transfers() -> Iterator[Scenario]:
    yield from _twice("stall", FILE, "silence after 70 kB", Stall(70 * KB), STALLED)
    yield from _twice("never", FILE, "no answer to the request for the file", NeverAnswer(), STALLED)
    yield from _twice("tail", FILE, "silence 1 kB before the end", Stall(399 * KB), STALLED)
    yield from _twice("reset", FILE, "RST after 90 kB", Reset(90 * KB), RESET)
    yield from _twice("early-close", FILE, "FIN after 200 kB", EarlyClose(200 * KB), CUT)
    yield from _twice("chunked-cut", FILE, "a chunked body without its end", Chunked(70 * KB), CUT)
    yield from _twice("unframed-cut", FILE, "no length, and FIN after 70 kB", UntilClose(70 * KB), CUT)
    yield Scenario(
        name="file-cuts", resource=FILE, summary="RST after every 90 kB", story=(CutEvery(90 * KB),)
    )
    yield Scenario(
        name="file-all-in-turn",
        resource=FILE,
        summary="silence, RST, HTTP 503 and FIN, one after the other",
        story=(Stall(70 * KB), Reset(90 * KB), Status(503), EarlyClose(300 * KB), Ok()),
    )
    for name, summary, fault in (
        ("chunked", "a chunked body", Chunked()),
        ("unframed", "no length, ended by FIN", UntilClose()),
        ("drip", "200 kB/s", Drip(200 * KB)),
        ("tail-held", "the last kB after 0.5 s", HoldTail(0.5, KB)),
        ("late", "the first byte after 1.5 s, every time", SlowHeaders(1.5)),
    ):
        yield Scenario(name=f"file-{name}", resource=FILE, summary=summary, story=(fault,))


def _refusals() -> Iterator[Scenario]:
    yield from _twice("503", FILE, "HTTP 503 for the file", Status(503), BUSY)
    yield from _twice("403", FILE, "HTTP 403 for a listed file", Status(403), _answers(69, 403))
    yield from _twice("404", FILE, "HTTP 404 for a listed file", Status(404), _answers(1, 404))
    yield from _twice(
        "429",
        FILE,
        "HTTP 429 for the file",
        Status(429),
        _answers(75, 429),
    )
    yield from _twice("redirect-loop", FILE, "redirects in a circle", RedirectLoop(), REDIRECTED)
    for status in (500, 502, 504):
        yield Scenario(
            name=f"file-{status}-once",
            resource=FILE,
            summary=f"HTTP {status} for the file, once",
            story=(Status(status), Ok()),
        )
    yield Scenario(
        name="file-429-retry-after",
        resource=FILE,
        summary="HTTP 429 for the file, with Retry-After: 1",
        story=(Status(429, retry_after=1), Ok()),
    )
    yield Scenario(
        name="file-429-tomorrow",
        resource=FILE,
        summary="HTTP 429 for the file, with Retry-After: 86400",
        story=(Status(429, retry_after=86_400),),
        failure=_answers(75, 429),
    )
    yield Scenario(
        name="file-other-host",
        resource=FILE,
        summary="the file by a redirect to another host, which must not get the credentials",
        story=(ToOtherHost(),),
        layout=Layout(credentials=True),
    )


def _wrong_answers() -> Iterator[Scenario]:
    yield from _twice(
        "wrong-bytes", FILE, "a wrong byte", WrongBytes(), _fails(65, "sha256", "hash"), resumes=False
    )
    yield from _twice(
        "truncated",
        FILE,
        "70 kB, declared as the whole file",
        Truncate(70 * KB),
        _fails(65, "instead of 4", "hash", "zip"),
        resumes=False,
    )
    yield from _twice(
        "portal",
        FILE,
        "a login page instead of the file",
        CaptivePortal(),
        _fails(65, "web page", "hash", "zip"),
        resumes=False,
    )
    for name, summary, fault in (
        ("range-ignored", "RST after 90 kB, then Range is ignored", IgnoreRange()),
        ("wrong-offset", "RST after 90 kB, then 206 at another offset", WrongOffset(KB)),
        ("new-etag", "RST after 90 kB, then another ETag with every answer", NewEtag()),
    ):
        yield Scenario(
            name=f"file-{name}",
            resource=FILE,
            summary=summary,
            story=(Reset(90 * KB), fault),
            resumes=False,
        )
    yield Scenario(
        name="file-no-ranges-once",
        resource=FILE,
        summary="RST after 90 kB, once, from a server without ranges",
        story=(Reset(90 * KB), Ok()),
        layout=Layout(ranges=False),
        resumes=False,
    )
    yield Scenario(
        name="file-no-ranges-always",
        resource=FILE,
        summary="RST after 90 kB, every time, from a server without ranges",
        story=(Reset(90 * KB),),
        layout=Layout(ranges=False),
        failure=RESET,
        resumes=False,
    )


def _hosts() -> Iterator[Scenario]:
    for where, elsewhere in (("index", False), ("files", True)):
        of = f"the host of the {'files' if elsewhere else 'index'}"
        layout = Layout(files_elsewhere=elsewhere)
        for name, summary, failure, broken in (
            ("no-dns", "has no address", NO_NAME, Layout(files_elsewhere=elsewhere, resolves=False)),
            ("closed", "refuses connections", CLOSED, Layout(files_elsewhere=elsewhere, closed_for_s=1e6)),
            (
                "distrusted",
                "has a certificate that nobody knows",
                DISTRUSTED,
                Layout(files_elsewhere=elsewhere, tls=Trust.UNKNOWN),
            ),
        ):
            yield Scenario(
                name=f"{where}-{name}",
                resource=HOST,
                summary=f"{of} {summary}",
                layout=broken,
                failure=failure,
            )
        yield Scenario(
            name=f"{where}-opens-late",
            resource=HOST,
            summary=f"{of} refuses connections for the first 4 s",
            layout=Layout(files_elsewhere=elsewhere, closed_for_s=4),
            limits=("--tries", "30", "--backoff-base", "0.5s", "--backoff-cap", "1s"),
        )
        yield Scenario(
            name=f"{where}-deaf-once",
            resource=HOST,
            summary=f"{of} takes a connection and never reads from it, once",
            connections=(Deaf(), Ok()),
            layout=layout,
        )
        yield Scenario(
            name=f"{where}-deaf-always",
            resource=HOST,
            summary=f"{of} takes connections and never reads from them",
            connections=(Deaf(),),
            layout=layout,
            failure=STALLED,
        )
    yield Scenario(
        name="index-hangs-up-once",
        resource=HOST,
        summary="the host of the index answers a connection with RST, once",
        connections=(HangUp(), Ok()),
    )
    yield Scenario(
        name="index-hangs-up-always",
        resource=HOST,
        summary="the host of the index answers connections with RST",
        connections=(HangUp(),),
        failure=RESET,
    )
    yield from _handshakes()
    yield Scenario(
        name="index-far-away",
        resource=HOST,
        summary="0.2 s of latency, and 12 more projects to find",
        layout=Layout(nodes=12, latency_s=0.2),
    )
    yield Scenario(
        name="link-thin",
        resource=HOST,
        summary="100 kB/s for each connection, 300 kB/s for all",
        layout=Layout(connection_bytes_per_second=100 * KB, bytes_per_second=300 * KB),
    )


def _handshakes() -> Iterator[Scenario]:
    tls = Layout(tls=Trust.TRUSTED)
    yield Scenario(
        name="tls-trusted", resource=HOST, summary="https, with an authority of one's own", layout=tls
    )
    yield Scenario(
        name="tls-reset-once",
        resource=HOST,
        summary="RST in a TLS handshake, once",
        connections=(HangUp(), Ok()),
        layout=tls,
    )
    yield Scenario(
        name="tls-reset-always",
        resource=HOST,
        summary="RST in every TLS handshake",
        connections=(HangUp(),),
        layout=tls,
        failure=_fails(69, "handshake", "reset", "no connection"),
    )
    yield Scenario(
        name="tls-silent-once",
        resource=HOST,
        summary="a TLS handshake without an answer, once",
        connections=(Deaf(), Ok()),
        layout=tls,
    )
    yield Scenario(
        name="tls-silent-always",
        resource=HOST,
        summary="TLS handshakes without an answer",
        connections=(Deaf(),),
        layout=tls,
        failure=_fails(69, "connect-timeout", "timed out", "timeout"),
        limits=("--connect-timeout", "0.5s"),
    )


def _patient() -> Iterator[Scenario]:
    """What takes the tool's own limits: minutes, and large files."""
    for name, resource, summary, fault, layout in (
        ("file-60MB-cuts", FILE, "RST after every 256 KiB of 60 MB", CutEvery(2**18), Layout(size=60 * MB)),
        ("file-first-byte-45s", FILE, "the first byte after 45 s, every time", SlowHeaders(45), Layout()),
        ("file-tail-60s", FILE, "the last kB after 60 s, every time", HoldTail(60, KB), Layout()),
        ("file-drip-4kB", FILE, "100 kB at 4 kB/s", Drip(4 * KB), Layout(size=100 * KB)),
        ("page-drip-20B", PAGE, "the page at 20 B/s", Drip(20), Layout()),
        ("page-first-byte-25s", PAGE, "the page after 25 s, every time", SlowHeaders(25), Layout()),
        (
            "metadata-first-byte-25s",
            METADATA,
            "the metadata after 25 s, every time",
            SlowHeaders(25),
            Layout(),
        ),
    ):
        yield Scenario(
            name=name, resource=resource, summary=summary, story=(fault,), layout=layout, quick=False
        )
    yield Scenario(
        name="file-drip-100B",
        resource=FILE,
        summary="400 kB at 100 B/s, every time",
        story=(Drip(100),),
        failure=_fails(75, "too slow", "timed out", "timeout"),
        quick=False,
    )
    yield Scenario(
        name="page-drip-2B",
        resource=PAGE,
        summary="the page at 2 B/s, every time",
        story=(Drip(2),),
        failure=_fails(75, "too slow", "timed out", "timeout"),
        quick=False,
    )
    yield Scenario(
        name="index-far-away-large",
        resource=HOST,
        summary="1 s of latency, and 40 more projects to find",
        layout=Layout(nodes=40, latency_s=1),
        quick=False,
    )
    yield Scenario(
        name="link-thin-large",
        resource=HOST,
        summary="5 MB at 100 kB/s",
        layout=Layout(size=5 * MB, bytes_per_second=100 * KB),
        quick=False,
    )


SCENARIOS: tuple[Scenario, ...] = (
    *_pages(),
    *_metadata(),
    *_broken_transfers(),
    *_refusals(),
    *_wrong_answers(),
    *_hosts(),
    *_patient(),
)
QUICK_SCENARIOS = tuple(scenario for scenario in SCENARIOS if scenario.quick)
