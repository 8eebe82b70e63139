"""The plan for people (a text table) and for programs (a JSON object)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from resilient_pip.lines import counted
from resilient_pip.model import Group, Plan, PlannedFile, Requirement
from resilient_pip.units import format_bytes, format_seconds

JSON_VERSION = 1
"""Raised when a key of `plan_as_json` is renamed or removed; adding one is free."""

_HEADINGS = ("package", "version", "size", "time-out", "group", "index")
_RIGHT = {2, 3}
"""Columns of numbers."""
_SHRINKING = (5, 0, 4, 1)
"""Columns that give way to a narrow width, first one first."""
_NARROWEST = 8
_GAP = "  "


def plan_table(plan: Plan, *, width: int) -> list[str]:
    """Lay the plan out in lines of at most `width` columns (as far as eight columns per text allow it)."""
    if not plan.files:
        return ["nothing to install", *_satisfied(plan)]
    rows = [_HEADINGS, *(_row(planned, group) for group in plan.groups for planned in group.files)]
    widths = _fit([max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))], width)
    size = sum(group.size for group in plan.groups)
    unknown = sum(planned.file.size is None for planned in plan.files)
    count = f"{counted(len(plan.files), 'package')} in {counted(len(plan.groups), 'group')}"
    more = f" and {unknown} of unknown size" if unknown else ""
    return [
        *(_line(row, widths) for row in rows),
        f"{count}, {format_bytes(size)}{more}",
        *_satisfied(plan),
    ]


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """Lay the plan out for programs; URLs are without credentials."""
    return {
        "version": JSON_VERSION,
        "stages": [{"groups": [_group(group) for group in stage.groups]} for stage in plan.stages],
        "satisfied": list(plan.satisfied),
    }


def _row(planned: PlannedFile, group: Group) -> tuple[str, ...]:
    return (
        planned.name,
        planned.version,
        "?" if planned.file.size is None else format_bytes(planned.file.size),
        "-" if planned.limit_s is None else format_seconds(planned.limit_s),
        group.name,
        planned.file.index,
    )


def _satisfied(plan: Plan) -> list[str]:
    return [f"installed already: {', '.join(plan.satisfied)}"] if plan.satisfied else []


def _fit(widths: list[int], width: int) -> list[int]:
    """Narrow the columns that may give way until the line fits."""
    for column in _SHRINKING:
        excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
        if excess > 0:
            widths[column] = max(min(widths[column], _NARROWEST), widths[column] - excess)
    return widths


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (
        _cut(text, width).rjust(width) if column in _RIGHT else _cut(text, width).ljust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    )
    return _GAP.join(cells).rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _group(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "size": group.size,
        "requirements": [_requirement(requirement) for requirement in group.requirements],
        "files": [_file(planned) for planned in group.files],
    }


def _requirement(requirement: Requirement) -> dict[str, Any]:
    # Not its text: that may be a URL with credentials.
    return {
        "name": requirement.name,
        "extras": sorted(requirement.extras),
        "source": str(requirement.source) if requirement.source else None,
    }


def _file(planned: PlannedFile) -> dict[str, Any]:
    return {
        "name": planned.name,
        "version": planned.version,
        "form": planned.form.value,
        "requested": planned.requested,
        "extras": sorted(planned.extras),
        "replaces": planned.replaces,
        "yanked": planned.yanked,
        "filename": planned.file.filename,
        "url": planned.file.safe_url,
        "index": planned.file.index,
        "size": planned.file.size,
        "hashes": dict(planned.file.hashes),
        "timeout": planned.limit_s,
        "timeout_is_hard": planned.terms is not None and planned.terms.hard,
        "tries": planned.terms.tries if planned.terms else None,
    }
