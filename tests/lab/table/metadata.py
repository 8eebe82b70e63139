"""What goes wrong with the metadata of a wheel."""

from __future__ import annotations

from collections.abc import Iterator

from tests.lab.scenario import Resource, Scenario, twice
from tests.support.faults import (
    CaptivePortal,
    Chunked,
    EarlyClose,
    NeverAnswer,
    Ok,
    Reset,
    Stall,
    Status,
    WrongBytes,
)


def metadata_scenarios() -> Iterator[Scenario]:
    """Break, refuse or falsify the metadata file that an index offers beside a wheel."""
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
        yield from twice(name, Resource.METADATA, summary, fault, None)
    for status in (403, 404):
        yield Scenario(
            name=f"metadata-{status}",
            resource=Resource.METADATA,
            summary=f"HTTP {status} for metadata that the index offers",
            story=(Status(status),),
            resumes=False,
        )
    yield Scenario(
        name="metadata-429-retry-after",
        resource=Resource.METADATA,
        summary="HTTP 429 for the metadata, with Retry-After: 1",
        story=(Status(429, retry_after=1), Ok()),
    )
