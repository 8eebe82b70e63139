"""The plan for people: a text table. For programs there is `plan.document`."""

from __future__ import annotations

from collections.abc import Sequence

from resilient_pip.lines import counted
from resilient_pip.model import Group, Plan, PlannedFile
from resilient_pip.units import format_bytes, format_seconds

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
        return ["nothing to install", *_satisfied(plan), *_later(plan)]
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
        *_later(plan),
    ]


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


def _later(plan: Plan) -> list[str]:
    if not plan.later:
        return []
    return [f"planned later, once all of this is installed (no-build-isolation): {', '.join(plan.later)}"]


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
