"""What a run is doing right now and what it waits for, in one line. Pure."""

from __future__ import annotations

from resilient_pip.events import Kind, Subject
from resilient_pip.lines import counted, printable
from resilient_pip.model import Phase
from resilient_pip.ui.children import Child, Used
from resilient_pip.ui.view import Transfer, View
from resilient_pip.units import format_bytes, format_seconds

QUIET_S = 5.0
"""A transfer without a byte for longer is said to have no data, a child without a line to have no output."""

_BESIDE = ("plan", "compile ahead")
"""Children that are told of elsewhere, or that nobody waits for."""

DOING = {
    Phase.PREPARE: "preparing",
    Phase.PLAN: "planning",
    Phase.DOWNLOAD: "downloading",
    Phase.BUILD: "building",
    Phase.INSTALL: "installing",
    Phase.CHECK: "checking",
}


def activity(view: View, now: float) -> str:
    """Say what is under way and what it waits for, the weightiest first."""
    return _joined([_planning(view, now), _downloading(view, now), *_children(view, now)], view)


def serving(view: View, now: float) -> str:
    """Say what a client of the gateway waits for."""
    return _joined([_downloading(view, now) or _awaited(view, now).removeprefix("; ")], view)


def work(view: View, now: float) -> str:
    """Say what is under way apart from the downloads of files."""
    return _joined([_planning(view, now), *_children(view, now)], view)


def _joined(parts: list[str], view: View) -> str:
    said = [part for part in parts if part]
    return printable("; ".join(said or [DOING[phase] for phase in view.phases] or ["working"]))


def _planning(view: View, now: float) -> str:
    if Phase.PREPARE in view.phases:
        return f"{DOING[Phase.PREPARE]}{_awaited(view, now)}"
    if Phase.PLAN not in view.phases:
        return ""
    waits = _awaited(view, now) or "".join(
        f"; {printable(child.line).strip()}" for child in view.children.values() if child.line
    )
    return f"planning: {pages_read(view)}{waits}"


def _awaited(view: View, now: float) -> str:
    """Say what has been waited for the longest; empty where nothing is transferred."""
    if not view.transfers:
        return ""
    first = min(view.transfers.values(), key=lambda one: one.started_at)
    facts = ", ".join(filter(None, (portion(first) if first.received else "", state(first, now))))
    return f"; waiting for {named(first.subject)}{f' ({facts})' if facts else ''}"


def pages_read(view: View) -> str:
    """Say how much planning has read from indexes."""
    in_vain = f", {view.in_vain} in vain" if view.in_vain else ""
    return f"{counted(view.pages, 'page')}, {counted(view.metadata, 'metadata file')}{in_vain}"


def _downloading(view: View, now: float) -> str:
    if Phase.PLAN in view.phases or not view.files:
        return ""
    first, others = view.files[0], len(view.files) - 1
    place = view.planned.get(first.subject.name)
    where = f" {place.group}/{view.groups}" if place else ""
    why = state(first, now)
    facts = f"{portion(first)}{f', {why}' if why else ''}{f' (+{others})' if others else ''}"
    rest = f"{'all ' if view.total else ''}{', '.join(overall(view, now))}"
    return f"downloading{where} {first.subject.project} {facts}; {rest}"


def portion(one: Transfer) -> str:
    """Say how far a transfer is: in per cent where its size is known."""
    return f"{one.received * 100 // one.expected} %" if one.expected else format_bytes(one.received)


def overall(view: View, now: float) -> list[str]:
    """Say how far all downloads of the plan are, as ["71.3 MB of 584.2 MB", "1.2 MB/s", "7 min 3 s left"]."""
    rate = view.speed.rate(now)
    missing = view.total - view.done
    parts = [f"{format_bytes(round(rate))}/s"]
    if view.total:
        parts.insert(0, f"{format_bytes(view.done)} of {format_bytes(view.total)}")
    if rate >= 1 and missing > 0:
        parts.append(f"{format_seconds(missing / rate)} left")
    return parts


def state(one: Transfer, now: float) -> str:
    """Say why a transfer does not flow; empty while it does."""
    if one.retry is None:
        return _silence(one, now)
    wait_s = one.retry_at - now
    what = f"retry in {format_seconds(wait_s)}" if wait_s > 0 else _silence(one, now) or "retrying"
    return f"{one.retry.cause} {one.retry.attempt}/{one.retry.attempts}, {what}"


def _silence(one: Transfer, now: float) -> str:
    silent_s = now - one.flowed_at
    silence = format_seconds(silent_s) if silent_s >= QUIET_S else ""
    if one.waiting is not None:
        return f"waiting: {one.waiting}{f' ({silence})' if silence else ''}"
    return f"no data for {silence}" if silence else ""


def _children(view: View, now: float) -> list[str]:
    running = [child for child in view.children.values() if not child.what.startswith(_BESIDE)]
    installs = [child for child in running if child.what.startswith("install")]
    builds = [_child(child.what, child, now) for child in running if child not in installs]
    group = view.group
    if group is None:
        return [*(_child(child.what, child, now) for child in installs), *builds]
    label = f"installing {group.number}/{group.count} {group.name}"
    return [*([_child(label, child, now) for child in installs] or [label]), *builds]


def _child(label: str, child: Child, now: float) -> str:
    facts = ": ".join(filter(None, (_quiet(child, now), _last_line(child))))
    return f"{label} ({format_seconds(now - child.started_at)}){f': {facts}' if facts else ''}"


def _quiet(child: Child, now: float) -> str:
    """Say what a child does that prints nothing; empty while it prints, and where nothing is measured."""
    quiet_s = now - child.printed_at
    if quiet_s < QUIET_S or child.used == Used():
        return ""
    used = child.used_since
    work = f"{format_seconds(used.cpu_s)} of CPU, {format_bytes(used.io)} read or written"
    return f"no output for {format_seconds(quiet_s)}, {work}"


def _last_line(child: Child) -> str:
    return printable(child.line).strip()


def named(subject: Subject) -> str:
    """Name a transfer: a file by its name, anything else by its URL without the scheme."""
    if subject.kind is Kind.FILE:
        return subject.name
    return subject.url.partition("://")[2] or subject.url
