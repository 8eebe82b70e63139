"""Lines beside the output of a command that shares this stream: few, and only while it has to wait."""

from __future__ import annotations

from typing import TextIO

from resilient_pip.events import Event, Noted, TransferStarted
from resilient_pip.lines import shorten
from resilient_pip.ui.activity import serving
from resilient_pip.ui.heartbeat import HEARTBEAT_LIMIT
from resilient_pip.ui.view import View, reduce
from resilient_pip.ui.wording import event_lines

_TEXT_LIMIT = HEARTBEAT_LIMIT - len("resilient-pip: [   0 s] ")


class Beside:
    """Writes a heartbeat each time that something has been under way upstream for an interval.

    With -v it tells of each event as a log of an installation does.
    """

    def __init__(self, stream: TextIO, *, interval_s: float, started_at: float, verbosity: int = 0) -> None:
        self._stream = stream
        self._interval_s = interval_s
        self._started_at = started_at
        self._verbosity = verbosity
        self._view = View()
        self._busy_at = self._silent_from = self._ticked_at = started_at

    def handle(self, event: Event, now: float) -> None:
        """Write what a reader of the command's output has to know."""
        before = self._view
        self._view = reduce(before, event, now)
        if isinstance(event, TransferStarted):
            self._busy(now)
        if self._verbosity > 0 or isinstance(event, Noted):
            for line in event_lines(before, event, now, verbosity=self._verbosity):
                self._write(line, now)

    def tick(self, now: float) -> None:
        """Write a heartbeat where the next tick would come too late for it."""
        next_tick = now + (now - self._ticked_at)
        self._ticked_at = now
        if not self._view.transfers:
            return
        self._busy(now)
        if self._verbosity >= 0 and next_tick - self._silent_from > self._interval_s:
            self._write(shorten(serving(self._view, now), _TEXT_LIMIT), now)

    def close(self) -> None:
        """Do nothing: every line is written and flushed already."""

    def _busy(self, now: float) -> None:
        """Take note that something is under way: one short transfer after the other is one long wait."""
        if now - self._busy_at > self._interval_s:
            self._silent_from = now
        self._busy_at = now

    def _write(self, text: str, now: float) -> None:
        self._stream.write(f"resilient-pip: [{now - self._started_at:4.0f} s] {text}\n")
        self._stream.flush()
        self._silent_from = now
