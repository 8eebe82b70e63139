"""The lines of a log: never silent for longer than the interval, never drawn over."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilient_pip.events import (
    ChildOutput,
    ChildStarted,
    Event,
    GroupFinished,
    GroupStarted,
    PhaseFinished,
    PhaseStarted,
    PlanReady,
)
from resilient_pip.model import Outcome, Phase
from resilient_pip.ui.heartbeat import Heartbeat
from tests.support.runs import (
    IDNA,
    LARGE,
    MB,
    PLAN,
    SMALL,
    TORCH,
    advanced,
    file_of,
    finished,
    metadata_of,
    page_of,
    retry,
    started,
)

TORCH_FILE = file_of(TORCH)


class Log(io.StringIO):
    """A file that knows how often it was flushed."""

    flushed = 0

    def flush(self) -> None:
        """Count."""
        self.flushed += 1
        super().flush()


def log_of(events: list[tuple[float, Event]], *, until: float, tick_s: float = 0.5) -> list[str]:
    """Play events at their times, with a tick every `tick_s` seconds; return the lines."""
    log = Log()
    heartbeat = Heartbeat(log, interval_s=10.0, started_at=0.0)
    waiting = sorted(events, key=lambda timed: timed[0])
    for step in range(1, round(until / tick_s) + 1):
        now = step * tick_s
        while waiting and waiting[0][0] <= now:
            heartbeat.handle(waiting[0][1], waiting[0][0])
            waiting.pop(0)
        heartbeat.tick(now)
    heartbeat.close()
    assert "\r" not in log.getvalue()
    lines = log.getvalue().splitlines()
    assert log.flushed >= len(lines)
    return lines


def test_log_of_a_run() -> None:
    """A run reads from its log: phases, plan, files, retries, groups; heartbeats where it is silent."""
    events: list[tuple[float, Event]] = [
        (0.0, PhaseStarted(phase=Phase.PLAN)),
        (0.5, finished(page_of("idna"), 900)),
        (1.0, finished(metadata_of("idna"), 90)),
        (1.0, started(page_of("torch"))),
        (12.0, finished(page_of("torch"), 900)),
        (13.0, PhaseFinished(phase=Phase.PLAN, outcome=Outcome.DONE, elapsed_s=13.0)),
        (13.0, PlanReady(plan=PLAN)),
        (13.0, PhaseStarted(phase=Phase.DOWNLOAD)),
        (13.0, started(file_of(IDNA), 70_000)),
        (13.0, started(TORCH_FILE, 200 * MB)),
        (13.5, finished(file_of(IDNA), 70_000)),
        (14.0, PhaseStarted(phase=Phase.INSTALL)),
        (14.0, GroupStarted(group=SMALL, number=1, count=2)),
        (
            15.0,
            GroupFinished(group=SMALL, number=1, count=2, outcome=Outcome.DONE, elapsed_s=1.0, added_s=1.0),
        ),
        (16.0, advanced(TORCH_FILE, 90 * MB, 200 * MB)),
        (46.0, retry(TORCH_FILE, "stall", wait_s=1.5, received=90 * MB)),
        (48.0, advanced(TORCH_FILE, 150 * MB, 200 * MB)),
        (49.0, finished(TORCH_FILE, 200 * MB)),
        (49.0, PhaseFinished(phase=Phase.DOWNLOAD, outcome=Outcome.DONE, elapsed_s=36.0)),
        (49.0, GroupStarted(group=LARGE, number=2, count=2)),
        (49.0, ChildStarted(what="install torch")),
        (50.0, ChildOutput(what="install torch", line="Installing collected packages: sympy, torch")),
        (
            61.0,
            GroupFinished(group=LARGE, number=2, count=2, outcome=Outcome.DONE, elapsed_s=12.0, added_s=12.0),
        ),
    ]
    assert log_of(events, until=61.0) == [
        "resilient-pip: [   0 s] planning",
        (
            "resilient-pip: [  10 s] planning: 1 page, 1 metadata file; "
            "waiting for pypi.example/simple/torch/ (no data for 9.0 s)"
        ),
        "resilient-pip: [  13 s] planning: done after 13 s (2 pages, 1 metadata file)",
        "resilient-pip: [  13 s] plan: 3 packages, 206.1 MB, in 2 groups; 1 satisfied already",
        "resilient-pip: [  13 s] group 1/2 idna: 1 package, 70.0 kB, time-out 1 min 1 s: idna 3.10",
        (
            "resilient-pip: [  13 s] group 2/2 torch: 2 packages, 206.0 MB, time-out 14 min: "
            "sympy 1.14.0, torch 2.9.1"
        ),
        "resilient-pip: [  13 s] downloading",
        "resilient-pip: [  14 s] installing",
        "resilient-pip: [  14 s] group 1/2 idna: installing 1 package",
        "resilient-pip: [  15 s] group 1/2 idna: installed after 1.0 s",
        (
            "resilient-pip: [  25 s] downloading 2/2 torch 45 %, no data for 9.0 s; "
            "all 90.1 MB of 206.1 MB, 7.8 MB/s, 15 s left"
        ),
        (
            "resilient-pip: [  35 s] downloading 2/2 torch 45 %, no data for 19 s; "
            "all 90.1 MB of 206.1 MB, 0 B/s"
        ),
        (
            "resilient-pip: [  45 s] downloading 2/2 torch 45 %, no data for 29 s; "
            "all 90.1 MB of 206.1 MB, 0 B/s"
        ),
        (
            "resilient-pip: [  46 s] torch-2.9.1-py3-none-any.whl: stall as one line; "
            "2 of 8 tries without progress, next one in 1.5 s"
        ),
        "resilient-pip: [  49 s] downloaded torch-2.9.1-py3-none-any.whl: 200.0 MB in 36 s (5.6 MB/s)",
        "resilient-pip: [  49 s] downloading: done after 36 s",
        "resilient-pip: [  49 s] group 2/2 torch: installing 2 packages",
        "resilient-pip: [  59 s] installing 2/2 torch (10 s): Installing collected packages: sympy, torch",
        "resilient-pip: [  61 s] group 2/2 torch: installed after 12 s",
    ]


@pytest.mark.parametrize("tick_s", [0.3, 0.5, 3.0, 7.0, 10.0])
def test_never_silent(tick_s: float) -> None:
    """No two lines are further apart than the interval, however the ticks fall."""
    log = io.StringIO()
    heartbeat = Heartbeat(log, interval_s=10.0, started_at=100.0)
    times, written = [100.0], 0
    for step in range(1, round(120 / tick_s)):
        now = 100.0 + step * tick_s
        heartbeat.tick(now)
        if len(log.getvalue()) > written:
            times.append(now)
            written = len(log.getvalue())
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(gaps) >= 11
    assert max(gaps) <= 10.0 + 1e-9
    assert min(gaps) >= 5.0


@given(st.text(), st.text())
def test_heartbeats_are_short_lines(what: str, line: str) -> None:
    """Whatever a child prints, a heartbeat is one line of less than 120 bytes."""
    log = io.StringIO()
    heartbeat = Heartbeat(log, interval_s=10.0, started_at=0.0)
    heartbeat.handle(ChildStarted(what=what), 0.0)
    log.truncate(0)
    log.seek(0)
    heartbeat.handle(ChildOutput(what=what, line=line), 1.0)
    heartbeat.tick(10.0)
    lines = log.getvalue().split("\n")
    assert [len(one.encode(errors="backslashreplace")) < 120 for one in lines] == [True, True]
    assert lines[1] == ""


def test_long_runs_keep_the_prefix() -> None:
    """The elapsed time stays readable for days."""
    log = io.StringIO()
    Heartbeat(log, interval_s=10.0, started_at=0.0).tick(123456.0)
    assert log.getvalue() == "resilient-pip: [123456 s] working\n"


def test_verbose_shows_output() -> None:
    """With -v each line of a child is a line of the log."""
    log = io.StringIO()
    heartbeat = Heartbeat(log, interval_s=10.0, started_at=0.0, verbosity=1)
    heartbeat.handle(ChildOutput(what="install torch", line="Processing torch"), 3.0)
    assert log.getvalue() == "resilient-pip: [   3 s] install torch: Processing torch\n"
