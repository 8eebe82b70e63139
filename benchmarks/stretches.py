"""When a tool plans, downloads and installs, as its output tells it, and what it computed meanwhile."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.watched import Glance, Line, Watched

STRETCHES = ("plan", "download", "install")
_ENDS: Mapping[str, tuple[str, str]] = {
    "resilient-pip": (r"resilient-pip: \[.*\] planning: done", r"resilient-pip: \[.*\] downloading: done"),
    # Behind the last line of the plan: what is indented is downloaded to read its metadata.
    "pip": (r"Downloading |Using cached |Installing collected packages", r"Installing collected packages"),
    "uv": (r"Resolved ", r"Prepared "),
    "uv-compile": (r"Resolved ", r"Prepared "),
}
"""Lines with which planning and downloading end. What comes later is installing, and starting is planning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a run; one that overlaps the next (resilient-pip installs while it downloads) ends late."""

    wall_s: float
    cpu_s: float


def stretches(tool: str, watched: Watched) -> dict[str, Stretch]:
    """Divide a run by `STRETCHES`; one that the output does not tell of has no length."""
    planned, downloaded = (_first(watched.lines, pattern) for pattern in _ENDS[tool])
    if planned is None:  # everything was satisfied
        planned = watched.wall_s
    downloaded = planned if downloaded is None else max(planned, downloaded)
    times = (0.0, planned, downloaded, watched.wall_s)
    used = [0.0, *(_used(watched.glances, at_s) for at_s in times[1:3]), watched.cpu_s]
    return {
        name: Stretch(
            wall_s=times[number + 1] - times[number], cpu_s=max(0.0, used[number + 1] - used[number])
        )
        for number, name in enumerate(STRETCHES)
    }


def _first(lines: Sequence[Line], pattern: str) -> float | None:
    return next((line.at_s for line in lines if re.match(pattern, line.text)), None)


def _used(glances: Sequence[Glance], at_s: float) -> float:
    """Give the CPU time that was used by then; it falls while what has ended is not yet waited for."""
    return max((glance.cpu_s for glance in glances if glance.at_s <= at_s), default=0.0)
