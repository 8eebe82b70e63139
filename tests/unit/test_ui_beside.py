"""Lines beside a command's output."""

from __future__ import annotations

from io import StringIO

from resilient_pip.events import Noted
from resilient_pip.ui.beside import Beside
from tests.support.runs import TORCH, advanced, file_of, finished, page_of, retry, started


def beside(stream: StringIO, *, verbosity: int = 0) -> Beside:
    """Make a display with a heartbeat each 10 s, half a second between two ticks."""
    return Beside(stream, interval_s=10, started_at=0, verbosity=verbosity)


def test_a_heartbeat_for_each_interval_of_waiting() -> None:
    """Names what is waited for and why; a command that waits for nothing is left alone."""
    stream = StringIO()
    display = beside(stream)
    for tick in range(41):
        display.tick(tick / 2)
    assert not stream.getvalue()
    display.handle(started(page_of("torch")), 20.5)
    display.handle(retry(page_of("torch"), "HTTP 503"), 29)
    for tick in range(41, 64):
        display.tick(tick / 2)
    assert stream.getvalue() == (
        "resilient-pip: [  30 s] waiting for pypi.example/simple/torch/ (HTTP 503 2/8, retry in 2.5 s)\n"
    )


def test_many_short_waits_are_a_long_one() -> None:
    """A command that reads one page after the other says nothing either."""
    stream = StringIO()
    display = beside(stream)
    for second in range(12):
        display.handle(started(page_of(f"p{second}")), second)
        display.tick(second + 0.5)
        display.handle(finished(page_of(f"p{second}"), 100), second + 0.9)
    assert len(stream.getvalue().splitlines()) == 1


def test_downloads_and_notes() -> None:
    """How far a file is, and notes at once; with -q notes alone, with -v each event has its line."""
    quiet, usual, talkative = StringIO(), StringIO(), StringIO()
    displays = [beside(quiet, verbosity=-1), beside(usual), beside(talkative, verbosity=1)]
    torch = file_of(TORCH)
    for display in displays:
        display.handle(started(torch, expected=200_000_000), 0)
        display.handle(retry(torch, "stall"), 1)
        display.handle(advanced(torch, 50_000_000, 200_000_000), 4)
        for tick in range(23):
            display.tick(tick / 2)
        display.handle(Noted(message="something"), 11.2)
        display.close()
    note = "resilient-pip: [  11 s] note: something"
    assert quiet.getvalue().splitlines() == [note]
    (beat, last) = usual.getvalue().splitlines()
    assert beat.startswith("resilient-pip: [  10 s] downloading torch 25 %")
    assert last == note
    assert len(talkative.getvalue().splitlines()) > 2
