"""The words for events and for what is under way."""

from __future__ import annotations

import pytest

from resilient_pip.events import (
    CacheOpened,
    ChildFinished,
    ChildMeasured,
    ChildOutput,
    ChildStarted,
    Event,
    GroupFinished,
    GroupStarted,
    Noted,
    PhaseFinished,
    PhaseStarted,
    PlanReady,
    TransferWaiting,
)
from resilient_pip.model import Group, Outcome, Phase, Plan, Stage
from resilient_pip.ui.activity import activity, work
from resilient_pip.ui.view import View, reduce
from resilient_pip.ui.wording import event_lines, plan_lines
from tests.support.runs import (
    IDNA,
    LARGE,
    MB,
    PLAN,
    SMALL,
    SYMPY,
    TORCH,
    advanced,
    file_of,
    finished,
    metadata_of,
    page_of,
    planned,
    retry,
    started,
)

REMEDY = "RUN --mount=type=cache,target=/m keeps it, --cache-mode keep too"
PLANNING = PhaseStarted(phase=Phase.PLAN)
TORCH_FILE = file_of(TORCH)


def view_of(*events: tuple[float, Event]) -> View:
    """Fold events with their times."""
    view = View()
    for now, event in events:
        view = reduce(view, event, now)
    return view


UNDER_WAY = view_of(
    (0, started(TORCH_FILE, 200 * MB)),
    (0, ChildStarted(what="build flash 2.8")),
    (0, ChildStarted(what="install torch")),
    (0, started(page_of("a"))),
    (0, finished(page_of("b"), 100)),
)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(PhaseStarted(phase=Phase.PLAN), ["planning"], id="phase"),
        pytest.param(
            PhaseFinished(phase=Phase.PLAN, outcome=Outcome.DONE, elapsed_s=12),
            ["planning: done after 12 s (1 page, 0 metadata files)"],
            id="planned",
        ),
        pytest.param(
            PhaseFinished(phase=Phase.BUILD, outcome=Outcome.FAILED, elapsed_s=2.5),
            ["building: failed after 2.5 s"],
            id="phase failed",
        ),
        pytest.param(
            GroupStarted(group=LARGE, number=2, count=2),
            ["group 2/2 torch: installing 2 packages"],
            id="group",
        ),
        pytest.param(
            GroupFinished(group=LARGE, number=2, count=2, outcome=Outcome.DONE, elapsed_s=31, added_s=31),
            ["group 2/2 torch: installed after 31 s"],
            id="group installed",
        ),
        pytest.param(
            GroupFinished(group=SMALL, number=1, count=2, outcome=Outcome.CANCELLED, elapsed_s=3, added_s=3),
            ["group 1/2 idna: cancelled after 3.0 s"],
            id="group cancelled",
        ),
        pytest.param(
            CacheOpened(folder="/c", keeps=True, why="this is no container", by_default=True, mount=""),
            [],
            id="usual cache",
        ),
        pytest.param(
            CacheOpened(folder="/c", keeps=True, why="/c is a mount", by_default=False, mount=""),
            ["cache: /c is kept for the next run, as /c is a mount"],
            id="cache on a mount",
        ),
        pytest.param(
            CacheOpened(folder="/c", keeps=False, why="it is in a layer", by_default=False, mount="/m"),
            [f"cache: nothing is kept in /c, as it is in a layer; {REMEDY}"],
            id="cache in a layer",
        ),
        pytest.param(
            CacheOpened(folder="/c", keeps=False, why="you say so", by_default=False, mount=""),
            ["cache: nothing is kept in /c, as you say so"],
            id="cache that was discarded",
        ),
        pytest.param(ChildStarted(what="build flash 2.8"), ["build flash 2.8"], id="build"),
        pytest.param(ChildStarted(what="install torch"), [], id="install has a group"),
        pytest.param(
            ChildFinished(what="build flash 2.8", outcome=Outcome.DONE, returncode=0),
            ["build flash 2.8: done after 40 s"],
            id="built",
        ),
        pytest.param(
            ChildFinished(what="build other", outcome=Outcome.FAILED, returncode=1),
            ["build other: failed"],
            id="build of unknown start",
        ),
        pytest.param(
            ChildFinished(what="install torch", outcome=Outcome.DONE, returncode=0), [], id="installed"
        ),
        pytest.param(ChildOutput(what="build flash 2.8", line="gcc"), [], id="output"),
        pytest.param(
            ChildOutput(what="plan", line="WARNING: ext 1.0 does not provide the extra 'no'"),
            ["pip warns: ext 1.0 does not provide the extra 'no'"],
            id="warning",
        ),
        pytest.param(started(TORCH_FILE, 200 * MB), [], id="transfer"),
        pytest.param(
            started(TORCH_FILE, 200 * MB, received=50 * MB),
            ["resuming torch-2.9.1-py3-none-any.whl at 50.0 MB"],
            id="resumed",
        ),
        pytest.param(advanced(TORCH_FILE, 5, 200), [], id="advance"),
        pytest.param(TransferWaiting(subject=TORCH_FILE, reason="first byte"), [], id="waiting"),
        pytest.param(
            TransferWaiting(subject=TORCH_FILE, reason="another run downloads it, at 5 B", other_run=True),
            ["torch-2.9.1-py3-none-any.whl: another run downloads it, at 5 B"],
            id="another run",
        ),
        pytest.param(
            finished(TORCH_FILE, 200 * MB),
            ["downloaded torch-2.9.1-py3-none-any.whl: 200.0 MB in 40 s (5.0 MB/s)"],
            id="large file",
        ),
        pytest.param(
            finished(file_of(SYMPY), 6 * MB, 0, from_cache=True),
            ["on disk already: sympy-1.14.0-py3-none-any.whl (6.0 MB)"],
            id="large file in the cache",
        ),
        pytest.param(
            finished(file_of(SYMPY), 6 * MB),
            ["downloaded sympy-1.14.0-py3-none-any.whl: 6.0 MB in 0.0 s"],
            id="file of unknown start",
        ),
        pytest.param(finished(file_of(IDNA), 70_000), [], id="small file"),
        pytest.param(finished(page_of("a"), 3 * MB), [], id="large page"),
        pytest.param(
            finished(page_of("a"), 0, outcome=Outcome.FAILED),
            ["gave up on pypi.example/simple/a/ at 0 B"],
            id="given up",
        ),
        pytest.param(finished(TORCH_FILE, 0, outcome=Outcome.CANCELLED), [], id="cancelled"),
        pytest.param(
            retry(page_of("a"), "HTTP 503"),
            [
                (
                    "pypi.example/simple/a/: HTTP 503 as one line; "
                    "2 of 8 tries without progress, next one in 4.0 s"
                )
            ],
            id="retry",
        ),
        pytest.param(Noted(message="odd \x1b[1mpage"), ["note: odd page"], id="note"),
    ],
)
def test_event_lines(event: Event, expected: list[str]) -> None:
    """An event that matters has one line, any other none."""
    assert event_lines(UNDER_WAY, event, 40.0, verbosity=0) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(PLANNING, [], id="phase"),
        pytest.param(PlanReady(plan=PLAN), [], id="plan"),
        pytest.param(finished(TORCH_FILE, 200 * MB), [], id="file"),
        pytest.param(Noted(message="odd"), ["note: odd"], id="note"),
        pytest.param(
            finished(TORCH_FILE, 9, outcome=Outcome.FAILED),
            ["gave up on torch-2.9.1-py3-none-any.whl at 9 B"],
            id="given up",
        ),
    ],
)
def test_quiet(event: Event, expected: list[str]) -> None:
    """With -q only what went wrong has a line."""
    assert event_lines(UNDER_WAY, event, 40.0, verbosity=-1) == expected


def test_verbose() -> None:
    """With -v children's output has lines too, without its escapes and credentials."""
    event = ChildOutput(what="build flash 2.8", line="\x1b[32m  get https://me:pw@host/x?k=v\r")
    assert event_lines(UNDER_WAY, event, 40.0, verbosity=1) == ["build flash 2.8:   get https://host/x"]


def test_retry_line_is_bounded() -> None:
    """A server cannot fill the log through an error's text."""
    lines = event_lines(View(), retry(page_of("a"), "x" * 1000), 0.0, verbosity=0)
    assert [len(line) for line in lines] == [240]


def test_plan_lines() -> None:
    """A plan is summed up, then each group has a line."""
    assert event_lines(View(), PlanReady(plan=PLAN), 0.0, verbosity=0) == [
        "plan: 3 packages, 206.1 MB, in 2 groups; 1 satisfied already",
        "group 1/2 idna: 1 package, 70.0 kB, time-out 1 min 1 s: idna 3.10",
        "group 2/2 torch: 2 packages, 206.0 MB, time-out 14 min: sympy 1.14.0, torch 2.9.1",
    ]


def test_plan_lines_of_stages() -> None:
    """Each stage is told when it is planned, with the groups numbered through; what comes later is named."""
    first = Plan(stages=(Stage(groups=(SMALL,)),), later=("torch", "flash"))
    assert plan_lines(first) == [
        "plan: 1 package, 70.0 kB, in 1 group; planned later: torch, flash",
        "group 1/1 idna: 1 package, 70.0 kB, time-out 1 min 1 s: idna 3.10",
    ]
    second = Plan(stages=(*first.stages, Stage(groups=(LARGE,))), later=("flash",))
    assert plan_lines(second) == [
        "plan: 2 packages, 206.0 MB, in 1 group; planned later: flash",
        "group 2/2 torch: 2 packages, 206.0 MB, time-out 14 min: sympy 1.14.0, torch 2.9.1",
    ]
    third = Plan(stages=(*second.stages, Stage(groups=())))
    assert plan_lines(third) == ["plan: nothing to install"]
    planning = PhaseStarted(phase=Phase.PLAN, group="flash")
    assert event_lines(View(), planning, 0.0, verbosity=0) == ["planning flash"]


def test_plan_lines_of_unknown_sizes() -> None:
    """Sizes that are not known are said to be so; long lists of packages are shortened."""
    vcs = planned("vcs", "0.1", None)
    many = tuple(planned(f"package-{number}", "1.0", 10) for number in range(9))
    plan = Plan(
        stages=(Stage(groups=(Group(name="vcs", files=(vcs,)), Group(name="mixed", files=(*many, vcs)))),)
    )
    assert plan_lines(plan) == [
        "plan: 11 packages, at least 90 B, in 2 groups",
        "group 1/2 vcs: 1 package, size unknown: vcs 0.1",
        "group 2/2 mixed: 10 packages, at least 90 B: package-0 1.0, package-1 1.0, package-2 1.0 and 7 more",
    ]


def test_plan_lines_of_nothing() -> None:
    """An empty plan says that there is nothing to install."""
    assert plan_lines(Plan(stages=(), satisfied=("numpy 1.26.4",))) == [
        "plan: nothing to install; 1 satisfied already"
    ]


def test_activity_of_nothing() -> None:
    """Before the first event the run works; then it is in its phases."""
    assert activity(View(), 0.0) == "working"
    view = view_of((0, PhaseStarted(phase=Phase.BUILD)), (1, PhaseStarted(phase=Phase.CHECK)))
    assert activity(view, 2.0) == work(view, 2.0) == "building; checking"


def test_activity_of_planning() -> None:
    """Planning says what it has read and which transfer it has been waiting for longest."""
    events: list[tuple[float, Event]] = [
        (0, PLANNING),
        (1, finished(page_of("a"), 10)),
        (1, finished(metadata_of("a"), 10)),
        (1, finished(metadata_of("b"), 10)),
        (2, started(page_of("torch"))),
        (3, started(page_of("numpy"))),
    ]
    read = "planning: 1 page, 2 metadata files; waiting for pypi.example/simple/torch/"
    assert activity(view_of(*events), 4.0) == read
    assert activity(view_of(*events), 20.0) == f"{read} (no data for 18 s)"
    events.append((21, retry(page_of("torch"), "HTTP 503", wait_s=15)))
    assert activity(view_of(*events), 22.0) == f"{read} (HTTP 503 2/8, retry in 14 s)"
    assert activity(view_of(*events), 40.0) == f"{read} (HTTP 503 2/8, no data for 38 s)"


def test_activity_of_planning_with_a_whole_file() -> None:
    """Where planning needs a whole file, its bytes are shown, and no download of the plan."""
    view = view_of(
        (0, PLANNING), (0, started(TORCH_FILE, 200 * MB)), (1, advanced(TORCH_FILE, 50 * MB, 200 * MB))
    )
    assert activity(view, 2.0) == (
        "planning: 0 pages, 0 metadata files; waiting for torch-2.9.1-py3-none-any.whl (25 %)"
    )


def test_activity_of_planning_without_transfers() -> None:
    """Where nothing is transferred, planning shows what pip said last."""
    view = view_of((0, PLANNING), (0, ChildStarted(what="plan")))
    assert activity(view, 1.0) == "planning: 0 pages, 0 metadata files"
    view = reduce(view, ChildOutput(what="plan", line="  Collecting torch"), 2.0)
    assert activity(view, 3.0) == "planning: 0 pages, 0 metadata files; Collecting torch"


def test_activity_of_downloads() -> None:
    """Downloads name the file needed first, then all bytes, the speed and what time is left."""
    view = view_of(
        (0, PlanReady(plan=PLAN)),
        (0, PhaseStarted(phase=Phase.DOWNLOAD)),
        (0, finished(file_of(IDNA), 70_000)),
        (0, started(TORCH_FILE, 200 * MB)),
        (0, started(file_of(SYMPY), 6 * MB)),
        (1, advanced(file_of(SYMPY), 3 * MB, 6 * MB)),
        (2, advanced(TORCH_FILE, 17 * MB, 200 * MB)),
    )
    assert activity(view, 4.0) == (
        "downloading 2/2 sympy 50 % (+1); all 20.1 MB of 206.1 MB, 5.0 MB/s, 37 s left"
    )
    assert activity(view, 20.0) == (
        "downloading 2/2 sympy 50 %, no data for 19 s (+1); all 20.1 MB of 206.1 MB, 0 B/s"
    )
    assert work(view, 4.0) == "downloading"


def test_waiting_for_another_run_is_told_once() -> None:
    """How that one gets on, the heartbeat tells."""
    waiting = TransferWaiting(subject=TORCH_FILE, reason="another run downloads it, at 5 B", other_run=True)
    view = view_of((0, started(TORCH_FILE)), (1, waiting))
    assert event_lines(view, waiting, 2.0, verbosity=0) == []


def test_activity_of_a_download_without_a_plan() -> None:
    """A file that no plan names and whose size nobody knows is shown by its bytes."""
    view = view_of(
        (0, started(TORCH_FILE)),
        (1, advanced(TORCH_FILE, 4 * MB)),
        (1.5, TransferWaiting(subject=TORCH_FILE, reason="another run downloads it")),
    )
    assert activity(view, 2.0) == "downloading torch 4.0 MB, waiting: another run downloads it; 2.0 MB/s"
    assert activity(view, 11.0) == (
        "downloading torch 4.0 MB, waiting: another run downloads it (10 s); 0 B/s"
    )


def test_activity_of_children() -> None:
    """Installing and building say how long they take and what they printed last."""
    events: list[tuple[float, Event]] = [(0, GroupStarted(group=SMALL, number=1, count=2))]
    assert activity(view_of(*events), 1.0) == "installing 1/2 idna"
    events += [
        (1, ChildStarted(what="install idna")),
        (2, ChildStarted(what="build flash 2.8")),
        (3, ChildOutput(what="build flash 2.8", line="\tgcc -c a.c")),
    ]
    assert activity(view_of(*events), 14.0) == (
        "installing 1/2 idna (13 s); build flash 2.8 (12 s): gcc -c a.c"
    )
    events.append(
        (20, GroupFinished(group=SMALL, number=1, count=2, outcome=Outcome.DONE, elapsed_s=20, added_s=20))
    )
    assert activity(view_of(*events), 22.0) == ("install idna (21 s); build flash 2.8 (20 s): gcc -c a.c")


def test_activity_of_a_silent_child() -> None:
    """What it has used since it printed last is said first; where nothing is measured, nothing is."""
    what = "build of flash 2.8"
    events: list[tuple[float, Event]] = [
        (0, ChildStarted(what=what)),
        (5, ChildMeasured(what=what, cpu_s=4.0, io=2 * MB)),
        (6, ChildOutput(what=what, line="gcc -c a.c")),
        (10, ChildMeasured(what=what, cpu_s=8.5, io=3 * MB)),
    ]
    assert activity(view_of(*events), 10.0) == "build of flash 2.8 (10 s): gcc -c a.c"
    events.append((25, ChildMeasured(what=what, cpu_s=23.0, io=5 * MB)))
    assert activity(view_of(*events), 26.0) == (
        "build of flash 2.8 (26 s): no output for 20 s, 19 s of CPU, 3.0 MB read or written: gcc -c a.c"
    )
    events.append((27, ChildOutput(what=what, line="gcc -c b.c")))
    assert activity(view_of(*events), 28.0) == "build of flash 2.8 (28 s): gcc -c b.c"
