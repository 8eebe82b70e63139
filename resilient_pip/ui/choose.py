"""Choose how progress is shown: bars that are drawn over, or lines that stay."""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping
from typing import TextIO

from resilient_pip.ui.bars import Bars
from resilient_pip.ui.heartbeat import Heartbeat
from resilient_pip.ui.hub import Subscriber

NARROWEST = 40
"""Columns below which bars say too little."""
UNKNOWN_SIZE = os.terminal_size((80, 24))


class Display(enum.Enum):
    """How progress is shown."""

    BARS = "bars"
    LOG = "log"


def choose(progress: str, *, isatty: bool, environ: Mapping[str, str], width: int) -> Display:
    """Decide from the setting `progress`, then from where the output goes.

    NO_COLOR changes nothing: no colour is ever written. CI logs keep what is drawn over, so that CI counts as
    a file even where it gives a terminal.
    """
    if progress != "auto":
        return Display(progress)
    in_ci = environ.get("CI", "").lower() not in {"", "0", "false"}
    cannot_move = environ.get("TERM", "") in {"", "dumb", "unknown"}
    return Display.LOG if not isatty or in_ci or cannot_move or width < NARROWEST else Display.BARS


def open_display(
    stream: TextIO,
    *,
    progress: str,
    interval_s: float,
    environ: Mapping[str, str],
    verbosity: int = 0,
    started_at: float,
) -> Subscriber:
    """Make the display for a stream (stderr: results go to stdout); `started_at` is the hub's clock now."""
    width = terminal_size(stream).columns
    match choose(progress, isatty=stream.isatty(), environ=environ, width=width):
        case Display.BARS:
            return Bars(
                stream, size=lambda: terminal_size(stream), started_at=started_at, verbosity=verbosity
            )
        case Display.LOG:
            return Heartbeat(stream, interval_s=interval_s, started_at=started_at, verbosity=verbosity)


def terminal_size(stream: TextIO) -> os.terminal_size:
    """Return a stream's size, 80 x 24 where it has none (a pipe, or a terminal that nobody gave a size)."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return UNKNOWN_SIZE
    return size if size.columns and size.lines else UNKNOWN_SIZE
