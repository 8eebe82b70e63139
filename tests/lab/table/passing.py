"""What a page and a file are met with alike, and what passes."""

from __future__ import annotations

from collections.abc import Iterator

from tests.lab.scenario import Layout, Resource, Scenario, ToOtherHost
from tests.support.faults import Ok, Status


def passing_scenarios(resource: Resource) -> Iterator[Scenario]:
    """Answer with a status that asks for patience, or send on to another host."""
    what = resource.value
    for status in (500, 502, 504):
        yield Scenario(
            name=f"{what}-{status}-once",
            resource=resource,
            summary=f"HTTP {status} for the {what}, once",
            story=(Status(status), Ok()),
        )
    yield Scenario(
        name=f"{what}-429-retry-after",
        resource=resource,
        summary=f"HTTP 429 for the {what}, with Retry-After: 1",
        story=(Status(429, retry_after=1), Ok()),
    )
    yield Scenario(
        name=f"{what}-other-host",
        resource=resource,
        summary=f"the {what} by a redirect to another host, which must not get the credentials",
        story=(ToOtherHost(),),
        layout=Layout(credentials=True),
    )
