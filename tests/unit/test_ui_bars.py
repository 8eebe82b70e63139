"""Bars on a terminal: what the rows say, and what a screen shows after them."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence

import pytest
from tqdm import tqdm

from resilient_pip.events import (
    ChildOutput,
    ChildStarted,
    Event,
    GroupFinished,
    GroupStarted,
    Noted,
    PhaseStarted,
    PlanReady,
)
from resilient_pip.model import Outcome, Phase
from resilient_pip.ui.bars import Bars, Canvas, board
from resilient_pip.ui.view import View, reduce
from tests.support.runs import (
    IDNA,
    MB,
    PLAN,
    SMALL,
    SYMPY,
    TORCH,
    advanced,
    file_of,
    finished,
    page_of,
    planned,
    retry,
    started,
)

TORCH_FILE = file_of(TORCH)
DOWNLOADING: list[tuple[float, Event]] = [
    (0, PlanReady(plan=PLAN)),
    (0, PhaseStarted(phase=Phase.DOWNLOAD)),
    (0, finished(file_of(IDNA), 70_000)),
    (0, started(TORCH_FILE, 200 * MB)),
    (0, started(file_of(SYMPY), 6 * MB)),
    (1, advanced(file_of(SYMPY), 3 * MB, 6 * MB)),
    (2, GroupStarted(group=SMALL, number=1, count=2)),
    (2, ChildStarted(what="install idna")),
    (2, ChildOutput(what="install idna", line="Installing collected packages: idna")),
    (4, advanced(TORCH_FILE, 17 * MB, 200 * MB)),
]


class Screen(io.StringIO):
    """A terminal, as far as tqdm uses one: text, CR, LF and cursor up. Wraps at its width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def rows(self) -> list[str]:
        """Return what the screen shows, without blanks at the ends of rows, to the last row that was used."""
        shown = [""]
        row = column = 0
        for token in re.findall(r"\x1b\[A|[\r\n]|[^\x1b\r\n]", self.getvalue()):
            if token == "\x1b[A":
                row -= 1
            elif token == "\r":
                column = 0
            elif token == "\n":
                row, column = row + 1, 0
            else:
                if column == self.width:
                    row, column = row + 1, 0
                shown += [""] * (row + 1 - len(shown))
                shown[row] = f"{shown[row][:column]:{column}}{token}{shown[row][column + 1 :]}"
                column += 1
            shown += [""] * (row + 1 - len(shown))
        return [text.rstrip() for text in shown]


def bars_on(screen: Screen, *, rows: int = 24, verbosity: int = 0) -> Bars:
    """Make bars for a screen."""
    return Bars(
        screen,
        size=lambda: os.terminal_size((screen.width, rows)),
        started_at=0.0,
        verbosity=verbosity,
    )


def play(bars: Bars, events: Sequence[tuple[float, Event]], until: float) -> None:
    """Play events at their times, then a tick."""
    for now, event in events:
        bars.handle(event, now)
    bars.tick(until)


def view_of(events: Sequence[tuple[float, Event]]) -> View:
    """Fold events with their times."""
    view = View()
    for now, event in events:
        view = reduce(view, event, now)
    return view


@pytest.mark.parametrize(
    ("canvas", "expected"),
    [
        pytest.param(
            Canvas(width=79, rows=23, ascii_only=True),
            [
                "[   4 s] installing 1/2 idna (2.0 s): Installing collected packages: idna",
                "all files          9 %|#3            | 20.1 MB of 206.1 MB, 5.0 MB/s, 37 s left",
                "sympy             50 %|#############             | 3.0 MB of 6.0 MB, 750.0 kB/s",
                "torch              8 %|##1                      | 17.0 MB of 200.0 MB, 4.2 MB/s",
            ],
            id="80 columns",
        ),
        pytest.param(
            Canvas(width=39, rows=23, ascii_only=False),
            [
                "[   4 s] installing 1/2 idna (2.0 s)...",
                "all files          9 %|█▍             |",
                "sympy             50 %|███████▌       |",
                "torch              8 %|█▎             |",
            ],
            id="40 columns",
        ),
        pytest.param(
            Canvas(width=9, rows=2, ascii_only=True),
            ["[   4...", "all files"],
            id="tiny",
        ),
        pytest.param(
            Canvas(width=39, rows=0, ascii_only=True), ["[   4 s] installing 1/2 idna (2.0 s)..."], id="flat"
        ),
    ],
)
def test_board(canvas: Canvas, expected: list[str]) -> None:
    """The rows fit the terminal: bars keep some columns, facts and rows give way."""
    rows = board(view_of(DOWNLOADING), 4.0, 4.0, canvas)
    assert [row.rstrip() for row in rows] == expected
    assert max(map(len, rows)) <= canvas.width


def test_board_of_odd_files() -> None:
    """Unknown sizes, sizes that were wrong, stalls and braces in a server's words have rows too."""
    unknown, wrong, stalled = (
        planned(name, "1.0", None) for name in ("unknown", "wrong", "a-very-long-name")
    )
    view = view_of(
        [
            (0, started(file_of(unknown))),
            (0, started(file_of(wrong), 100)),
            (0, started(file_of(stalled), 100)),
            (1, advanced(file_of(unknown), 2000)),
            (1, advanced(file_of(wrong), 300, 100)),
            (1, retry(file_of(stalled), "{odd}\x1b[1m", wait_s=9)),
        ]
    )
    assert board(view, 2.0, 2.0, Canvas(width=79, rows=23, ascii_only=True)) == [
        "[   2 s] working",
        "unknown          2.0 kB, 1.0 kB/s",
        "wrong            100 %|###############################| 300 B of 100 B, 150 B/s",
        "a-very-long-name   0 %|               | 0 B of 100 B, {odd} 2/8, retry in 8.0 s",
    ]


def test_board_has_a_bounded_number_of_rows() -> None:
    """More files than bars are downloaded without more rows."""
    files = [file_of(planned(f"package-{number}", "1.0", 10)) for number in range(20)]
    view = view_of([(0, started(file, 10)) for file in files])
    assert len(board(view, 1.0, 1.0, Canvas(width=79, rows=23, ascii_only=True))) == 7


def test_screen_of_a_download() -> None:
    """Lines that stay stand above the rows; what the rows show has no line."""
    screen = Screen(80)
    bars = bars_on(screen)
    play(bars, [*DOWNLOADING, (4, Noted(message="an odd page"))], 4.0)
    assert screen.rows() == [
        "plan: 3 packages, 206.1 MB, in 2 groups; 1 satisfied already",
        "group 1/2 idna: 1 package, 70.0 kB, time-out 1 min 1 s: idna 3.10",
        "group 2/2 torch: 2 packages, 206.0 MB, time-out 14 min: sympy 1.14.0, torch 2.9.",
        "1",
        "group 1/2 idna: installing 1 package",
        "note: an odd page",
        "[   4 s] installing 1/2 idna (2.0 s): Installing collected packages: idna",
        "all files          9 %|#3            | 20.1 MB of 206.1 MB, 5.0 MB/s, 37 s left",
        "sympy             50 %|#############             | 3.0 MB of 6.0 MB, 750.0 kB/s",
        "torch              8 %|##1                      | 17.0 MB of 200.0 MB, 4.2 MB/s",
    ]
    bars.close()


def test_rows_go_and_come() -> None:
    """A file that ends takes its row along; a retry is a line, and shown in the row."""
    screen = Screen(80)
    bars = bars_on(screen)
    play(bars, DOWNLOADING[3:6], 1.0)
    play(
        bars,
        [
            (2, finished(file_of(SYMPY), 6 * MB)),
            (3, GroupFinished(group=SMALL, number=1, count=2, outcome=Outcome.DONE, elapsed_s=1, added_s=1)),
            (3, retry(TORCH_FILE, "HTTP 503", wait_s=20)),
        ],
        5.0,
    )
    assert screen.rows() == [
        "group 1/2 idna: installed after 1.0 s",
        "torch-2.9.1-py3-none-any.whl: HTTP 503 as one line; 2 of 8 tries without progres",
        "s, next one in 20 s",
        "[   5 s] working",
        "torch              0 %|          | 0 B of 200.0 MB, HTTP 503 2/8, retry in 18 s",
        "",
    ]
    bars.close()


def test_close_leaves_nothing_behind() -> None:
    """At the end, also an early one, only the lines that stay are left, the cursor below them."""
    screen = Screen(80)
    bars = bars_on(screen)
    play(bars, DOWNLOADING[3:], 4.0)
    bars.close()
    bars.close()
    screen.write("next line")
    assert [row for row in screen.rows() if row] == ["group 1/2 idna: installing 1 package", "next line"]
    assert screen.rows()[1] == "next line"


def test_narrow_and_low_terminal() -> None:
    """On a terminal of a few columns and rows nothing wraps, so that nothing is left behind."""
    screen = Screen(30)
    bars = bars_on(screen, rows=3)
    play(bars, DOWNLOADING[3:6], 1.0)
    play(bars, [], 2.0)
    assert screen.rows() == ["[   2 s] working", "torch              0 %|     |"]
    bars.close()
    assert screen.rows() == ["", ""]


def test_drawing_is_throttled() -> None:
    """Many events in a moment draw once; a tick always draws."""
    screen = Screen(80)
    bars = bars_on(screen)
    bars.handle(started(page_of("a")), 0.0)
    drawn = len(screen.getvalue())
    for step in range(50):
        bars.handle(started(page_of(f"a{step}")), step / 1000)
    assert len(screen.getvalue()) == drawn
    bars.tick(0.06)
    assert len(screen.getvalue()) > drawn
    bars.close()


def test_environment_of_tqdm_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """TQDM_DISABLE and the like, set for other programs, do not silence an install."""
    monkeypatch.setenv("TQDM_DISABLE", "1")
    monkeypatch.setenv("TQDM_NROWS", "1")
    screen = Screen(80)
    bars = bars_on(screen)
    play(bars, DOWNLOADING[3:6], 1.0)
    assert len(screen.rows()) == 3
    bars.close()


def test_no_thread_of_tqdm() -> None:
    """Tqdm's monitor thread is not started: time is shown by ticks."""
    bars = bars_on(Screen(80))
    bars.tick(1.0)
    bars.close()
    assert tqdm.monitor is None
