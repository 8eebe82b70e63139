"""What takes the tool's own limits: minutes, and large files."""

from __future__ import annotations

from collections.abc import Iterator

from tests.lab.failures import fails
from tests.lab.scenario import KB, MB, Layout, Resource, Scenario
from tests.support.faults import CutEvery, Drip, HoldTail, SlowHeaders


def patient_scenarios() -> Iterator[Scenario]:
    """What takes the tool's own limits: minutes, and large files."""
    for name, resource, summary, fault, layout in (
        (
            "file-60MB-cuts",
            Resource.FILE,
            "RST after every 256 KiB of 60 MB",
            CutEvery(2**18),
            Layout(size=60 * MB),
        ),
        (
            "file-first-byte-45s",
            Resource.FILE,
            "the first byte after 45 s, every time",
            SlowHeaders(45),
            Layout(),
        ),
        ("file-tail-60s", Resource.FILE, "the last kB after 60 s, every time", HoldTail(60, KB), Layout()),
        ("file-drip-4kB", Resource.FILE, "100 kB at 4 kB/s", Drip(4 * KB), Layout(size=100 * KB)),
        ("page-drip-20B", Resource.PAGE, "the page at 20 B/s", Drip(20), Layout()),
        ("page-first-byte-25s", Resource.PAGE, "the page after 25 s, every time", SlowHeaders(25), Layout()),
        (
            "metadata-first-byte-25s",
            Resource.METADATA,
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
        resource=Resource.FILE,
        summary="400 kB at 100 B/s, every time",
        story=(Drip(100),),
        failure=fails(75, "too slow", "timed out", "timeout"),
        quick=False,
    )
    yield Scenario(
        name="page-drip-2B",
        resource=Resource.PAGE,
        summary="the page at 2 B/s, every time",
        story=(Drip(2),),
        failure=fails(75, "too slow", "timed out", "timeout"),
        quick=False,
    )
    yield Scenario(
        name="index-far-away-large",
        resource=Resource.HOST,
        summary="1 s of latency, and 40 more projects to find",
        layout=Layout(nodes=40, latency_s=1),
        quick=False,
    )
    yield Scenario(
        name="link-thin-large",
        resource=Resource.HOST,
        summary="5 MB at 100 kB/s",
        layout=Layout(size=5 * MB, bytes_per_second=100 * KB),
        quick=False,
    )
