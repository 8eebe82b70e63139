"""One line for each event that matters, in the words that all displays share. Pure."""

from __future__ import annotations

from typing import TypeAlias

from resilient_pip.events import (
    CacheOpened,
    ChildFinished,
    ChildOutput,
    ChildStarted,
    Event,
    GroupFinished,
    GroupStarted,
    Kind,
    Noted,
    PhaseFinished,
    PhaseStarted,
    PlanReady,
    RetryScheduled,
    Subject,
    TransferFinished,
    TransferStarted,
    TransferWaiting,
)
from resilient_pip.lines import counted, listed, printable, shorten
from resilient_pip.model import Group, Outcome, Phase, Plan, PlannedFile
from resilient_pip.ui.activity import DOING, named, pages_read
from resilient_pip.ui.view import View
from resilient_pip.units import format_bytes, format_seconds
from resilient_pip.urls import host_of

LARGE = 10**6
"""Files from this many bytes on are worth a line of their own."""
NAMES_LIMIT = 60
"""Bytes of the names of a group's packages."""
DETAIL_LIMIT = 240
_PIP_WARNS = "WARNING: "
"""How pip begins what it warns of, without -v too."""

ProgressEvent: TypeAlias = (
    PhaseStarted
    | PhaseFinished
    | CacheOpened
    | PlanReady
    | GroupStarted
    | GroupFinished
    | ChildStarted
    | ChildFinished
)


def event_lines(before: View, event: Event, now: float, *, verbosity: int) -> list[str]:
    """Return the lines that an event deserves; `before` is the view without it.

    Verbosity counts as pip's does: with -v children's output is shown, with -q only what went wrong.
    """
    return [printable(line) for line in _lines(before, event, now, verbosity)]


def _lines(before: View, event: Event, now: float, verbosity: int) -> list[str]:
    match event:
        case Noted():
            return [f"note: {event.message}"]
        case RetryScheduled():
            return [shorten(_retry(event), DETAIL_LIMIT)]
        case TransferFinished(outcome=Outcome.FAILED):
            return [f"gave up on {named(event.subject)} at {format_bytes(event.received)}"]
        case ChildOutput():
            return _said(event, verbosity)
        case _ if verbosity < 0:
            return []
        case TransferStarted() if event.subject.kind is Kind.FILE and event.received:
            return [f"resuming {named(event.subject)} at {format_bytes(event.received)}"]
        case TransferWaiting(other_run=True) if not _waits(before, event.subject):
            return [f"{named(event.subject)}: {event.reason}"]  # how it gets on, the heartbeat tells
        case TransferFinished(outcome=Outcome.DONE):
            return _arrived(before, event, now)
        case (
            PhaseStarted()
            | PhaseFinished()
            | CacheOpened()
            | PlanReady()
            | GroupStarted()
            | GroupFinished()
            | ChildStarted()
            | ChildFinished()
        ):
            return _progress(before, event, now)
        case _:
            return []


def _said(event: ChildOutput, verbosity: int) -> list[str]:
    if verbosity > 0:
        return [f"{event.what}: {event.line}"]
    if event.line.startswith(_PIP_WARNS):
        return [shorten(f"pip warns: {event.line.removeprefix(_PIP_WARNS)}", DETAIL_LIMIT)]
    return []


def _retry(event: RetryScheduled) -> str:
    count = f"{event.attempt} of {event.attempts} tries without progress"
    wait = f"next one in {format_seconds(event.wait_s)}"
    where = f" at {host_of(event.mirror)}" if event.mirror else ""
    return f"{named(event.subject)}: {event.detail}{where}; {count}, {wait}"


def _arrived(before: View, event: TransferFinished, now: float) -> list[str]:
    if event.subject.kind is not Kind.FILE or event.received < LARGE:
        return []
    size = format_bytes(event.received)
    if event.from_cache:
        return [f"on disk already: {named(event.subject)} ({size})"]
    begun = before.transfers.get(event.subject)
    elapsed_s = now - begun.started_at if begun else 0.0
    speed = f" ({format_bytes(round(event.transferred / elapsed_s))}/s)" if elapsed_s else ""
    return [f"downloaded {named(event.subject)}: {size} in {format_seconds(elapsed_s)}{speed}"]


def _waits(before: View, subject: Subject) -> bool:
    under_way = before.transfers.get(subject)
    return under_way is not None and under_way.waiting is not None


def _progress(before: View, event: ProgressEvent, now: float) -> list[str]:
    match event:
        case PhaseStarted():
            return [_doing(event)]
        case PhaseFinished():
            took = f"{_doing(event)}: {event.outcome.value} after {format_seconds(event.elapsed_s)}"
            return [f"{took} ({pages_read(before)})" if event.phase is Phase.PLAN else took]
        case CacheOpened():
            return [] if event.by_default else [_cache(event)]
        case PlanReady():
            return plan_lines(event.plan)
        case GroupStarted():
            packages = counted(len(event.group.files), "package")
            return [f"group {event.number}/{event.count} {event.group.name}: installing {packages}"]
        case GroupFinished():
            word = "installed" if event.outcome is Outcome.DONE else event.outcome.value
            took = f"{word} after {format_seconds(event.elapsed_s)}"
            return [f"group {event.number}/{event.count} {event.group.name}: {took}"]
        case ChildStarted():
            return [event.what] if _builds(event.what) else []
        case ChildFinished():
            child = before.children.get(event.what)
            took = f" after {format_seconds(now - child.started_at)}" if child else ""
            return [f"{event.what}: {event.outcome.value}{took}"] if _builds(event.what) else []


def _doing(event: PhaseStarted | PhaseFinished) -> str:
    return f"{DOING[event.phase]} {event.group}" if event.group else DOING[event.phase]


def _cache(event: CacheOpened) -> str:
    if event.keeps:
        return f"cache: {event.folder} is kept for the next run, as {event.why}"
    told = f"cache: nothing is kept in {event.folder}, as {event.why}"
    if not event.mount:
        return told
    return f"{told}; RUN --mount=type=cache,target={event.mount} keeps it, --cache-mode keep too"


def _builds(what: str) -> bool:
    """Tell builds from the children whose phase or group has lines of its own."""
    return what.startswith("build ")


def plan_lines(plan: Plan) -> list[str]:
    """Sum up the latest stage of a plan: one line in all, one per group; and what is planned later."""
    stage, count = plan.latest, len(plan.groups)
    satisfied = f"; {len(plan.satisfied)} satisfied already" if plan.satisfied else ""
    later = f"; planned later: {listed(plan.later, NAMES_LIMIT)}" if plan.later else ""
    if not stage.files:
        return [f"plan: nothing to install{satisfied}{later}"]
    size = _size(sum(group.size for group in stage.groups), known=_sizes_known(stage.files))
    packages, groups = counted(len(stage.files), "package"), counted(len(stage.groups), "group")
    head = f"plan: {packages}, {size}, in {groups}{satisfied}{later}"
    first = count - len(stage.groups) + 1
    return [head, *(_group_line(group, number, count) for number, group in enumerate(stage.groups, first))]


def _group_line(group: Group, number: int, count: int) -> str:
    facts = [counted(len(group.files), "package"), _size(group.size, known=_sizes_known(group.files))]
    limits = [one.limit_s for one in group.files if one.limit_s is not None]
    if limits:
        facts.append(f"time-out {format_seconds(max(limits))}")
    names = listed([f"{one.name} {one.version}" for one in group.files], NAMES_LIMIT)
    return f"group {number}/{count} {group.name}: {', '.join(facts)}: {names}"


def _sizes_known(files: tuple[PlannedFile, ...]) -> bool:
    return all(one.file.size is not None for one in files)


def _size(count: int, *, known: bool) -> str:
    if known:
        return format_bytes(count)
    return f"at least {format_bytes(count)}" if count else "size unknown"
