"""What goes wrong with a file."""

from __future__ import annotations

from collections.abc import Iterator

from tests.lab.failures import BUSY, CUT, REDIRECTED, RESET, STALLED, answers, fails
from tests.lab.scenario import KB, Layout, Resource, Scenario, twice
from tests.lab.table.passing import passing_scenarios
from tests.support.faults import (
    CaptivePortal,
    Chunked,
    CutEvery,
    Drip,
    EarlyClose,
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


def broken_transfers() -> Iterator[Scenario]:
    """Break the transfer, or slow it down."""
    yield from twice("stall", Resource.FILE, "silence after 70 kB", Stall(70 * KB), STALLED)
    yield from twice("never", Resource.FILE, "no answer to the request for the file", NeverAnswer(), STALLED)
    yield from twice("tail", Resource.FILE, "silence 1 kB before the end", Stall(399 * KB), STALLED)
    yield from twice("reset", Resource.FILE, "RST after 90 kB", Reset(90 * KB), RESET)
    yield from twice("early-close", Resource.FILE, "FIN after 200 kB", EarlyClose(200 * KB), CUT)
    yield from twice("chunked-cut", Resource.FILE, "a chunked body without its end", Chunked(70 * KB), CUT)
    yield from twice(
        "unframed-cut", Resource.FILE, "no length, and FIN after 70 kB", UntilClose(70 * KB), CUT
    )
    yield Scenario(
        name="file-cuts", resource=Resource.FILE, summary="RST after every 90 kB", story=(CutEvery(90 * KB),)
    )
    yield Scenario(
        name="file-all-in-turn",
        resource=Resource.FILE,
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
        yield Scenario(name=f"file-{name}", resource=Resource.FILE, summary=summary, story=(fault,))


def refusals() -> Iterator[Scenario]:
    """Answer with a status that refuses the file, or sends on."""
    yield from twice("503", Resource.FILE, "HTTP 503 for the file", Status(503), BUSY)
    yield from twice("403", Resource.FILE, "HTTP 403 for a listed file", Status(403), answers(69, 403))
    yield from twice("404", Resource.FILE, "HTTP 404 for a listed file", Status(404), answers(1, 404))
    yield from twice(
        "429",
        Resource.FILE,
        "HTTP 429 for the file",
        Status(429),
        answers(75, 429),
    )
    yield from twice("redirect-loop", Resource.FILE, "redirects in a circle", RedirectLoop(), REDIRECTED)
    yield from passing_scenarios(Resource.FILE)
    yield Scenario(
        name="file-429-tomorrow",
        resource=Resource.FILE,
        summary="HTTP 429 for the file, with Retry-After: 86400",
        story=(Status(429, retry_after=86_400),),
        failure=answers(75, 429),
    )


def wrong_answers() -> Iterator[Scenario]:
    """Answer with something else than what was asked for."""
    yield from twice(
        "wrong-bytes", Resource.FILE, "a wrong byte", WrongBytes(), fails(65, "sha256", "hash"), resumes=False
    )
    yield from twice(
        "truncated",
        Resource.FILE,
        "70 kB, declared as the whole file",
        Truncate(70 * KB),
        fails(65, "instead of 4", "hash", "zip"),
        resumes=False,
    )
    yield from twice(
        "portal",
        Resource.FILE,
        "a login page instead of the file",
        CaptivePortal(),
        fails(65, "web page", "hash", "zip"),
        resumes=False,
    )
    for name, summary, fault in (
        ("range-ignored", "RST after 90 kB, then Range is ignored", IgnoreRange()),
        ("wrong-offset", "RST after 90 kB, then 206 at another offset", WrongOffset(KB)),
        ("new-etag", "RST after 90 kB, then another ETag with every answer", NewEtag()),
    ):
        yield Scenario(
            name=f"file-{name}",
            resource=Resource.FILE,
            summary=summary,
            story=(Reset(90 * KB), fault),
            resumes=False,
        )
    yield Scenario(
        name="file-no-ranges-once",
        resource=Resource.FILE,
        summary="RST after 90 kB, once, from a server without ranges",
        story=(Reset(90 * KB), Ok()),
        layout=Layout(ranges=False),
        resumes=False,
    )
    yield Scenario(
        name="file-no-ranges-always",
        resource=Resource.FILE,
        summary="RST after 90 kB, every time, from a server without ranges",
        story=(Reset(90 * KB),),
        layout=Layout(ranges=False),
        failure=RESET,
        resumes=False,
    )
