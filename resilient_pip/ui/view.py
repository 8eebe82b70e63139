"""Where a run is, folded from its events: `reduce(view, event, now) -> View`, pure. Holds facts, no text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from resilient_pip.events import (
    CacheOpened,
    ChildFinished,
    ChildMeasured,
    ChildOutput,
    ChildStarted,
    EarlyDownloadsEnded,
    Event,
    GroupFinished,
    GroupStarted,
    GuessesCounted,
    Kind,
    Noted,
    PhaseFinished,
    PhaseStarted,
    PlanReady,
    RetryScheduled,
    Subject,
    TransferAdvanced,
    TransferFinished,
    TransferStarted,
    TransferWaiting,
)
from resilient_pip.model import Outcome, Phase, Plan
from resilient_pip.ui.children import Child, follow
from resilient_pip.ui.speed import Speed

TransferEvent: TypeAlias = (
    TransferStarted | TransferAdvanced | TransferWaiting | RetryScheduled | TransferFinished
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One transfer under way."""

    subject: Subject
    started_at: float
    flowed_at: float
    """When its last byte came, or it started."""
    received: int
    expected: int | None
    moved: int = 0
    """Bytes that came since it started."""
    speed: Speed = field(default_factory=Speed)
    waiting: str | None = None
    """What keeps it from flowing, in the core's words."""
    retry: RetryScheduled | None = None
    retry_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGroup:
    """The latest group that is being installed."""

    name: str
    number: int
    count: int
    started_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file stands in the plan."""

    order: int
    group: int
    """Number of its group, from 1."""
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where a run is."""

    phases: tuple[Phase, ...] = ()
    """Those under way, in the order in which they began."""
    transfers: Mapping[Subject, Transfer] = field(default_factory=dict)
    children: Mapping[str, Child] = field(default_factory=dict)
    group: OpenGroup | None = None
    planned: Mapping[str, Place] = field(default_factory=dict)
    """The files of the plan's latest stage, by file name."""
    groups: int = 0
    finished: Mapping[str, int] = field(default_factory=dict)
    """Bytes of the files that are there, by file name."""
    pages: int = 0
    metadata: int = 0
    in_vain: int = 0
    """Pages and metadata that were read ahead of pip for nothing."""
    moved: int = 0
    """Bytes that came over the network since the start."""
    speed: Speed = field(default_factory=Speed)

    @property
    def files(self) -> tuple[Transfer, ...]:
        """The files under way, first needed first (those outside the plan last)."""
        last = Place(order=len(self.planned), group=0, size=None)
        under_way = [one for one in self.transfers.values() if one.subject.kind is Kind.FILE]
        return tuple(sorted(under_way, key=lambda one: self.planned.get(one.subject.name, last).order))

    @property
    def total(self) -> int:
        """Bytes of all files of the plan, as far as known."""
        under_way = {one.subject.name: one.expected or 0 for one in self.files}
        return sum(
            place.size if place.size is not None else self.finished.get(name, under_way.get(name, 0))
            for name, place in self.planned.items()
        )

    @property
    def done(self) -> int:
        """Bytes of the plan's files that are there."""
        whole = sum(size for name, size in self.finished.items() if name in self.planned)
        under_way = (one for one in self.files if one.subject.name in self.planned)
        return whole + sum(one.received for one in under_way if one.subject.name not in self.finished)


def reduce(view: View, event: Event, now: float) -> View:
    """Return the view after one event that came at the monotonic time `now`."""
    match event:
        case PhaseStarted():
            begun = replace(view, phases=(*view.phases, event.phase))
            return replace(begun, pages=0, metadata=0, in_vain=0) if event.phase is Phase.PLAN else begun
        case PhaseFinished():
            return replace(view, phases=tuple(phase for phase in view.phases if phase is not event.phase))
        case PlanReady():
            return replace(view, planned=_places(event.plan), groups=len(event.plan.groups))
        case GroupStarted():
            group = OpenGroup(name=event.group.name, number=event.number, count=event.count, started_at=now)
            return replace(view, group=group)
        case GroupFinished():
            is_latest = view.group is not None and view.group.number == event.number
            return replace(view, group=None) if is_latest else view
        case ChildStarted() | ChildOutput() | ChildMeasured() | ChildFinished():
            return replace(view, children=follow(view.children, event, now))
        case (
            TransferStarted() | TransferAdvanced() | TransferWaiting() | RetryScheduled() | TransferFinished()
        ):
            return _transfer(view, event, now)
        case GuessesCounted():
            return replace(view, in_vain=event.in_vain)
        case Noted() | CacheOpened() | EarlyDownloadsEnded():
            return view


def _places(plan: Plan) -> dict[str, Place]:
    first = len(plan.groups) - len(plan.latest.groups) + 1
    numbered = [
        (number, one) for number, group in enumerate(plan.latest.groups, first) for one in group.files
    ]
    return {
        one.file.filename: Place(order=order, group=number, size=one.file.size)
        for order, (number, one) in enumerate(numbered)
    }


def _transfer(view: View, event: TransferEvent, now: float) -> View:
    one = view.transfers.get(event.subject) or _begin(event.subject, now, 0, None)
    match event:
        case TransferStarted():
            begun = _begin(event.subject, now, event.received, event.expected)
            return _move(_put(view, begun), 0, now)  # the speed is measured from here
        case TransferAdvanced():
            came = max(0, event.received - one.received)
            return _move(_put(view, _advance(one, event, now, came)), came, now)
        case TransferWaiting():
            return _put(view, replace(one, waiting=event.reason))
        case RetryScheduled():
            came = max(0, event.received - one.received)
            retry = replace(
                one, retry=event, retry_at=now + event.wait_s, waiting=None, received=event.received
            )
            return _move(_put(view, retry), came, now)
        case TransferFinished():
            # Small answers come without a word in between.
            return _move(_finish(view, event), max(0, event.transferred - one.moved), now)


def _begin(subject: Subject, now: float, received: int, expected: int | None) -> Transfer:
    return Transfer(
        subject=subject,
        started_at=now,
        flowed_at=now,
        received=received,
        expected=expected,
        speed=Speed().after(now, 0),
    )


def _advance(one: Transfer, event: TransferAdvanced, now: float, came: int) -> Transfer:
    ahead = replace(one, received=event.received, expected=event.expected)
    if not came:
        return ahead
    moved = one.moved + came
    return replace(
        ahead, moved=moved, speed=one.speed.after(now, moved), flowed_at=now, waiting=None, retry=None
    )


def _finish(view: View, event: TransferFinished) -> View:
    others = {subject: one for subject, one in view.transfers.items() if subject != event.subject}
    after = replace(view, transfers=others)
    if event.outcome is not Outcome.DONE:
        return after
    match event.subject.kind:
        case Kind.PAGE:
            return replace(after, pages=view.pages + 1)
        case Kind.METADATA:
            return replace(after, metadata=view.metadata + 1)
        case Kind.FILE:
            return replace(after, finished={**view.finished, event.subject.name: event.received})


def _move(view: View, came: int, now: float) -> View:
    moved = view.moved + came
    return replace(view, moved=moved, speed=view.speed.after(now, moved))


def _put(view: View, one: Transfer) -> View:
    return replace(view, transfers={**view.transfers, one.subject: one})
