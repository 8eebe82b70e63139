"""Progress bars for a terminal. tqdm (imported only here) places and erases the rows; `board` writes them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from tqdm import tqdm

from resilient_pip.events import Event, PhaseStarted, TransferFinished
from resilient_pip.lines import printable, shorten
from resilient_pip.model import Outcome
from resilient_pip.ui.activity import overall, state, work
from resilient_pip.ui.view import Transfer, View, reduce
from resilient_pip.ui.wording import event_lines
from resilient_pip.units import format_bytes

MOST_BARS = 6
"""Bars of single files at once; the overall bar counts the rest too."""
DRAW_EVERY_S = 0.1
NAME_WIDTH = 16
BAR_WIDTH = 8
"""The least a bar needs; facts give way to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """What there is to draw on."""

    width: int
    """Columns that a row may have."""
    rows: int
    """Rows there may be; one is always drawn."""
    ascii_only: bool
    """Draw bars with "#" instead of blocks."""


class _Row(tqdm):  # type: ignore[type-arg]  # generic in its stubs only
    """One row at the bottom of the terminal: tqdm places it, its text is made by `board`."""

    monitor_interval = 0  # no thread: time is shown by tick()
    text = ""

    def __str__(self) -> str:
        return self.text


# tqdm's own lock takes a semaphore of multiprocessing, which some containers lack and which later Pythons
# start a helper process for.
_Row.set_lock(threading.RLock())


class Bars:
    """Keeps a few rows at the bottom of a terminal up to date; lines that stay scroll past above them."""

    def __init__(
        self,
        stream: TextIO,
        *,
        size: Callable[[], os.terminal_size],
        started_at: float,
        verbosity: int = 0,
    ) -> None:
        self._stream = stream
        self._size = size
        self._started_at = started_at
        self._verbosity = verbosity
        self._ascii_only = not _writes_blocks(stream)
        self._view = View()
        self._rows: list[_Row] = []
        self._drawn_at = started_at - DRAW_EVERY_S

    def handle(self, event: Event, now: float) -> None:
        """Let a line that stays pass above the rows and bring these up to date."""
        before = self._view
        self._view = reduce(before, event, now)
        if not _shown_by_bars(event):
            for line in event_lines(before, event, now, verbosity=self._verbosity):
                _Row.write(line, file=self._stream)
        if now - self._drawn_at >= DRAW_EVERY_S:
            self.tick(now)

    def tick(self, now: float) -> None:
        """Draw all rows anew."""
        self._drawn_at = now
        size = self._size()
        # The last column stays free: a character there makes some terminals wrap.
        canvas = Canvas(width=size.columns - 1, rows=size.lines - 1, ascii_only=self._ascii_only)
        texts = board(self._view, now, now - self._started_at, canvas)
        for index in range(len(self._rows), len(texts)):
            self._rows.append(self._new_row(index))
        for row, text in zip(self._rows, texts + [""] * len(self._rows), strict=False):
            row.text = text
            row.refresh()

    def close(self) -> None:
        """Erase all rows, the lowest first, and leave the cursor where the first one was."""
        while self._rows:
            self._rows.pop().close()
        self._stream.flush()

    def _new_row(self, index: int) -> _Row:
        # disable and nrows are given because TQDM_DISABLE or TQDM_NROWS in the environment would set them.
        return _Row(
            total=0, file=self._stream, position=index, leave=False, disable=False, nrows=MOST_BARS + 3
        )


def board(view: View, now: float, elapsed_s: float, canvas: Canvas) -> list[str]:
    """Return the rows: what is under way, the bar of all files, one bar per file under way."""
    texts = [shorten(f"[{elapsed_s:4.0f} s] {work(view, now)}", canvas.width)]
    if view.total and view.files:
        texts.append(_bar("all files", view.done, view.total, overall(view, now), canvas))
    texts.extend(
        _bar(one.subject.project, one.received, one.expected, _facts(one, now), canvas)
        for one in view.files[:MOST_BARS]
    )
    return texts[: max(canvas.rows, 1)]


def _facts(one: Transfer, now: float) -> list[str]:
    size = f"{format_bytes(one.received)} of {format_bytes(one.expected)}" if one.expected else ""
    why = printable(state(one, now)) or f"{format_bytes(round(one.speed.rate(now)))}/s"
    return [size or format_bytes(one.received), why]


def _bar(name: str, received: int, expected: int | None, facts: list[str], canvas: Canvas) -> str:
    """Draw one bar between a name and its facts, leaving out the last facts where the row is narrow."""
    label = f"{shorten(printable(name), NAME_WIDTH):{NAME_WIDTH}}"
    if not expected:
        return shorten(f"{label} {', '.join(facts)}", canvas.width)
    reached = min(received, expected)
    head = f"{label} {reached * 100 // expected:3} %|"
    kept = facts
    while kept and len(head) + BAR_WIDTH + len(f"| {', '.join(kept)}") > canvas.width:
        kept = kept[:-1]
    # Braces that a server wrote are no fields of the format.
    text = f"{head}{{bar}}| {', '.join(kept).replace('{', '{{').replace('}', '}}')}".rstrip()
    return tqdm.format_meter(
        reached, expected, 0, ncols=canvas.width, ascii=canvas.ascii_only, bar_format=text
    )


def _shown_by_bars(event: Event) -> bool:
    """Tell events that the rows show already: no line of them stays."""
    match event:
        case PhaseStarted() | TransferFinished(outcome=Outcome.DONE):
            return True
        case _:
            return False


def _writes_blocks(stream: TextIO) -> bool:
    """Tell whether a stream can write the block characters of a bar."""
    return "utf" in (stream.encoding or "").lower()
