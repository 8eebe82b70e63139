"""What goes wrong with the index page of a project."""

from __future__ import annotations

from collections.abc import Iterator

from tests.lab.failures import BUSY, CUT, NO_PAGE, REDIRECTED, RESET, STALLED, answers, fails
from tests.lab.scenario import Resource, Scenario, twice
from tests.lab.table.passing import passing_scenarios
from tests.support.faults import (
    CaptivePortal,
    Chunked,
    Drip,
    EarlyClose,
    GarbagePage,
    NeverAnswer,
    RedirectLoop,
    Reset,
    SlowHeaders,
    Stall,
    Status,
    Truncate,
    UntilClose,
)


def page_scenarios() -> Iterator[Scenario]:
    """Break, refuse or falsify the page of one project."""
    # In the end the deadline of a page may be over before one more stall is.
    stalled = fails(75, *STALLED.words, "not complete")
    yield from twice("stall", Resource.PAGE, "silence in the middle of the page", Stall(50), stalled)
    yield from twice("never", Resource.PAGE, "no answer to the request for the page", NeverAnswer(), STALLED)
    yield from twice("reset", Resource.PAGE, "RST in the middle of the page", Reset(50), RESET)
    yield from twice("early-close", Resource.PAGE, "FIN in the middle of the page", EarlyClose(50), CUT)
    yield from twice("chunked-cut", Resource.PAGE, "a chunked page without its end", Chunked(50), CUT)
    yield from twice("503", Resource.PAGE, "HTTP 503 for the page", Status(503), BUSY)
    yield from twice(
        "429",
        Resource.PAGE,
        "HTTP 429 for the page",
        Status(429),
        answers(75, 429),
    )
    yield from twice(
        "truncated", Resource.PAGE, "a page whose JSON is cut, at full length", Truncate(100), NO_PAGE
    )
    yield from twice("garbage", Resource.PAGE, "a page that is no JSON", GarbagePage(), NO_PAGE)
    yield from twice("portal", Resource.PAGE, "a login page instead of the page", CaptivePortal(), NO_PAGE)
    yield from twice("redirect-loop", Resource.PAGE, "redirects in a circle", RedirectLoop(), REDIRECTED)
    yield from passing_scenarios(Resource.PAGE)
    for status in (403, 404):
        # 403 counts as "no such project" on an index that has served other pages, as PyTorch's does.
        yield Scenario(
            name=f"page-{status}",
            resource=Resource.PAGE,
            summary=f"HTTP {status} for the page",
            story=(Status(status),),
            failure=fails(1, "no matching distribution", "has no", "not found"),
        )
    yield Scenario(
        name="page-late", resource=Resource.PAGE, summary="the page after 0.7 s", story=(SlowHeaders(0.7),)
    )
    yield Scenario(
        name="page-drip", resource=Resource.PAGE, summary="the page at 300 B/s", story=(Drip(300),)
    )
    yield Scenario(
        name="page-until-close",
        resource=Resource.PAGE,
        summary="a page without a length, ended by FIN",
        story=(UntilClose(),),
    )
