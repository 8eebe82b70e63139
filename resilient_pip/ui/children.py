"""The supervised children that run, folded from their events. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from resilient_pip.events import ChildFinished, ChildMeasured, ChildOutput, ChildStarted

ChildEvent: TypeAlias = ChildStarted | ChildOutput | ChildMeasured | ChildFinished


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a child has used up."""

    cpu_s: float = 0.0
    io: int = 0
    """Bytes read and written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One supervised child that runs."""

    what: str
    started_at: float
    printed_at: float
    """When it printed last, or started."""
    line: str = ""
    """What it printed last."""
    used: Used = Used()
    """By the last measurement."""
    used_before: Used = Used()
    """By the last measurement before it printed last."""

    @property
    def used_since(self) -> Used:
        """What it has used since it printed last."""
        return Used(
            cpu_s=max(0.0, self.used.cpu_s - self.used_before.cpu_s),
            io=max(0, self.used.io - self.used_before.io),
        )


def follow(children: Mapping[str, Child], event: ChildEvent, now: float) -> Mapping[str, Child]:
    """Return the children that run, by what they do, after one event that came at `now`."""
    begun = Child(what=event.what, started_at=now, printed_at=now)
    child = children.get(event.what, begun)
    match event:
        case ChildStarted():
            return {**children, event.what: begun}
        case ChildOutput():
            printed = replace(child, line=event.line, printed_at=now, used_before=child.used)
            return {**children, event.what: printed}
        case ChildMeasured():
            return {**children, event.what: replace(child, used=Used(cpu_s=event.cpu_s, io=event.io))}
        case ChildFinished():
            return {what: one for what, one in children.items() if what != event.what}
