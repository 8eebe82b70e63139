"""What a fault server saw: every request, and which bytes of what it sent were sent before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Request:
    """One request as the server saw it; the fields from `status` on change while it is answered."""

    method: str
    path: str
    range: str | None
    if_range: str | None
    authorization: str | None
    at_s: float
    """Monotonic time of its arrival."""
    status: int | None = None
    start: int | None = None
    """Where in the resource the body begins; None where it is something else (a login page, say)."""
    sent: int = 0
    """Bytes of the body that were handed to the client."""
    finished: bool = False


def useful_bytes(requests: Iterable[Request]) -> int:
    """Count each byte of each resource once, however often it was sent."""
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for request in requests:
        if request.start is not None:
            spans[request.path].append((request.start, request.start + request.sent))
    return sum(_covered(each) for each in spans.values())


def _covered(spans: list[tuple[int, int]]) -> int:
    covered = reached = 0
    for start, end in sorted(spans):
        covered += max(0, end - max(start, reached))
        reached = max(reached, end)
    return covered
