"""How many processes compile side by side."""

from __future__ import annotations

import os

MOST_PROCESSES = 8
"""More would only wait for the disk; each takes some 30 MB."""


def processors() -> int:
    """Count the processors that this program may use; a container's share of them nobody tells."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MOST_PROCESSES)
