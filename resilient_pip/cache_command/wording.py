"""What a cache folder holds and what was removed, in lines for people and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any

from resilient_pip.cache.contents import Contents, Entry, State
from resilient_pip.cache.mode import Keeping
from resilient_pip.cache.removal import Removed
from resilient_pip.lines import counted, printable, shorten
from resilient_pip.units import format_bytes, format_seconds

_NAME_LIMIT = 100
"""Bytes of a file's name."""
_NOUN = {State.FINISHED: "file", State.PARTIAL: "file", State.BUILT: "wheel"}


def info_lines(contents: Contents, *, record_size: int, free: int, keeping: Keeping, now: float) -> list[str]:
    """Sum up a cache."""
    rows = [(state.value, _sum(contents.of(state), _NOUN[state])) for state in State]
    rows.append(("records", f"{len(contents.records)}, {format_bytes(record_size)}"))
    times = sorted(entry.used_at for entry in contents.entries)
    if times:
        rows.append(("used", f"last {_ago(times[-1], now)}, longest not {_ago(times[0], now)}"))
    rows.append(("free", format_bytes(free)))
    keeps = "keeps what it downloads" if keeping.keeps else "keeps nothing"
    rows.append(("a run", f"{keeps}, as {keeping.why}"))
    return [f"cache {contents.root}", *(f"  {label:10}{text}" for label, text in rows)]


def info_as_json(contents: Contents, *, record_size: int, free: int, keeping: Keeping) -> dict[str, Any]:
    """Sum up a cache for programs; sizes in bytes, times in UTC (ISO 8601)."""
    times = sorted(entry.used_at for entry in contents.entries)
    return {
        "folder": str(contents.root),
        **{
            state.value: {"count": len(contents.of(state)), "bytes": _size(contents.of(state))}
            for state in State
        },
        "records": {"count": len(contents.records), "bytes": record_size},
        "oldest_use": _iso(times[0]) if times else None,
        "newest_use": _iso(times[-1]) if times else None,
        "free_bytes": free,
        "a_run_keeps": keeping.keeps,
        "why": keeping.why,
    }


def list_lines(entries: Iterable[Entry], *, now: float) -> list[str]:
    """List files, the last used first; one without a name by its key."""
    rows = [
        (_label(entry), format_bytes(entry.size), _ago(entry.used_at, now), entry.state.value)
        for entry in _by_use(entries)
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return [
        f"{name:{widths[0]}}  {size:>{widths[1]}}  {ago:>{widths[2]}}  {state}"
        for name, size, ago, state in rows
    ]


def list_as_json(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """List files for programs."""
    return [
        {
            "project": entry.name.project if entry.name else None,
            "filename": entry.name.filename if entry.name else None,
            "key": entry.path.name,
            "state": entry.state.value,
            "bytes": entry.size,
            "used_at": _iso(entry.used_at),
        }
        for entry in _by_use(entries)
    ]


def damage_lines(entries: Iterable[Entry]) -> list[str]:
    """Name what is not what it should be."""
    return [f"damaged: {_label(entry)}" for entry in entries]


def removal_lines(removed: Removed) -> list[str]:
    """Say what was freed and what had to stay."""
    if not removed.gone:
        lines = ["nothing removed"]
    else:
        counts = {state: sum(entry.state is state for entry in removed.gone) for state in State}
        states = ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)
        lines = [f"removed {_sum(removed.gone, 'file')} ({states})"]
    if removed.in_use:
        lines.append(f"left {_sum(removed.in_use, 'file')}: a run is using them or may; run this again later")
    return lines


def _by_use(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (-entry.used_at, entry.path))


def _label(entry: Entry) -> str:
    return shorten(printable(entry.name.filename), _NAME_LIMIT) if entry.name else entry.path.name


def _sum(entries: Sequence[Entry], noun: str) -> str:
    return f"{counted(len(entries), noun)}, {format_bytes(_size(entries))}"


def _size(entries: Iterable[Entry]) -> int:
    return sum(entry.size for entry in entries)


def _ago(at: float, now: float) -> str:
    return f"{format_seconds(max(0.0, now - at))} ago"


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, tz=timezone.utc).isoformat(timespec="seconds")
