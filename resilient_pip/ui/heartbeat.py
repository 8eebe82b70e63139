"""Lines for a pipe or file: one per event that matters, and a heartbeat whenever a log would fall silent."""

from __future__ import annotations

from typing import TextIO

from resilient_pip.events import Event
from resilient_pip.lines import shorten
from resilient_pip.ui.activity import activity
from resilient_pip.ui.view import View, reduce
from resilient_pip.ui.wording import event_lines

HEARTBEAT_LIMIT = 118
"""Bytes of a heartbeat without its newline: two hours of them stay far below BuildKit's 2 MiB of log."""


class Heartbeat:
    """Writes whole lines that begin with the time since the start; nothing is ever drawn over.

    As long as ticks come regularly and more often, no two lines are further apart than `interval_s`.
    """

    def __init__(self, stream: TextIO, *, interval_s: float, started_at: float, verbosity: int = 0) -> None:
        self._stream = stream
        self._interval_s = interval_s
        self._started_at = started_at
        self._verbosity = verbosity
        self._view = View()
        self._wrote_at = started_at
        self._ticked_at = started_at

    def handle(self, event: Event, now: float) -> None:
        """Write what the event deserves."""
        before = self._view
        self._view = reduce(before, event, now)
        for line in event_lines(before, event, now, verbosity=self._verbosity):
            self._write(self._prefix(now) + line, now)

    def tick(self, now: float) -> None:
        """Write a heartbeat where the next tick would come too late for it."""
        next_tick = now + (now - self._ticked_at)
        self._ticked_at = now
        if next_tick - self._wrote_at > self._interval_s:
            self._write(shorten(self._prefix(now) + activity(self._view, now), HEARTBEAT_LIMIT), now)

    def close(self) -> None:
        """Do nothing: every line is written and flushed already."""

    def _prefix(self, now: float) -> str:
        return f"resilient-pip: [{now - self._started_at:4.0f} s] "

    def _write(self, line: str, now: float) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()
        self._wrote_at = now
