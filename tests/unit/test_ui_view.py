"""The view of a run, folded from its events."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce as fold

from hypothesis import given
from hypothesis import strategies as st

from resilient_pip.events import (
    ChildFinished,
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
from resilient_pip.ui.children import Child
from resilient_pip.ui.speed import Speed
from resilient_pip.ui.view import OpenGroup, Place, Transfer, View, reduce
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

Timed = tuple[float, Event]


def view_of(*events: Timed, view: View | None = None) -> View:
    """Fold events with their times."""
    return fold(lambda so_far, timed: reduce(so_far, timed[1], timed[0]), events, view or View())


def test_phases_overlap() -> None:
    """Phases are open from their start to their end, in the order of their starts."""
    view = view_of(
        (0, PhaseStarted(phase=Phase.DOWNLOAD)),
        (1, PhaseStarted(phase=Phase.BUILD)),
        (2, PhaseStarted(phase=Phase.INSTALL)),
        (3, PhaseFinished(phase=Phase.BUILD, outcome=Outcome.DONE, elapsed_s=2)),
    )
    assert view == View(phases=(Phase.DOWNLOAD, Phase.INSTALL))


def test_a_later_stage_counts_its_own() -> None:
    """Pages and files are those of its own planning and plan; groups are numbered through."""
    second = Plan(stages=(Stage(groups=(SMALL,)), Stage(groups=(Group(name="torch", files=(TORCH,)),))))
    view = view_of(
        (0, PhaseStarted(phase=Phase.PLAN)),
        (1, finished(page_of("a"), 10)),
        (2, PhaseFinished(phase=Phase.PLAN, outcome=Outcome.DONE, elapsed_s=2)),
        (2, PhaseStarted(phase=Phase.PLAN, group="torch")),
    )
    assert view.pages == 0
    view = view_of((3, PlanReady(plan=second)), view=view)
    assert view.planned == {TORCH.file.filename: Place(order=0, group=2, size=200 * MB)}
    assert view.groups == 2


def test_plan_gives_places() -> None:
    """Each file of the plan has its order and the number of its group."""
    view = view_of((0, PlanReady(plan=PLAN)))
    assert view == View(
        planned={
            "idna-3.10-py3-none-any.whl": Place(order=0, group=1, size=70_000),
            "sympy-1.14.0-py3-none-any.whl": Place(order=1, group=2, size=6 * MB),
            "torch-2.9.1-py3-none-any.whl": Place(order=2, group=2, size=200 * MB),
        },
        groups=2,
    )
    assert (view.total, view.done) == (206_070_000, 0)


def test_group_and_children() -> None:
    """A group and its child are open between their events; a child's last line is kept."""
    events: list[Timed] = [
        (5.0, GroupStarted(group=LARGE, number=2, count=2)),
        (6.0, ChildStarted(what="install torch")),
        (7.0, ChildOutput(what="install torch", line="Processing torch")),
        (8.0, ChildOutput(what="install torch", line="Installing")),
        (8.0, Noted(message="says nothing of where the run is")),
    ]
    view = view_of(*events)
    assert view == View(
        group=OpenGroup(name="torch", number=2, count=2, started_at=5.0),
        children={
            "install torch": Child(what="install torch", started_at=6.0, printed_at=8.0, line="Installing")
        },
    )
    ended = view_of(
        (9.0, ChildFinished(what="install torch", outcome=Outcome.DONE, returncode=0)),
        (9.0, GroupFinished(group=LARGE, number=2, count=2, outcome=Outcome.DONE, elapsed_s=4, added_s=4)),
        view=view,
    )
    assert ended == View()


def test_transfer_from_start_to_end() -> None:
    """A transfer resumes, waits, flows and ends; what came over the network is counted once."""
    torch = file_of(TORCH)
    view = view_of((0, PlanReady(plan=PLAN)), (10, started(torch, 200 * MB, received=50 * MB)))
    begun = Transfer(
        subject=torch,
        started_at=10,
        flowed_at=10,
        received=50 * MB,
        expected=200 * MB,
        speed=Speed(samples=((10, 0),)),
    )
    assert view.files == (begun,)
    view = view_of((11, TransferWaiting(subject=torch, reason="first byte")), view=view)
    assert view.files[0].waiting == "first byte"
    view = view_of((12, advanced(torch, 60 * MB, 200 * MB)), view=view)
    flowing = Transfer(
        subject=torch,
        started_at=10,
        flowed_at=12,
        received=60 * MB,
        expected=200 * MB,
        moved=10 * MB,
        speed=Speed(samples=((10, 0), (12, 10 * MB))),
    )
    assert view.files == (flowing,)
    assert (view.moved, view.done, view.total) == (10 * MB, 60 * MB, 206_070_000)
    view = view_of((13, finished(torch, 200 * MB, 150 * MB)), view=view)
    assert view.files == ()
    assert (view.moved, view.done) == (150 * MB, 200 * MB)


def test_retry_ends_with_the_next_byte() -> None:
    """A retry is shown until bytes come; a server that begins anew takes bytes away."""
    torch = file_of(TORCH)
    event = retry(torch, "stall", wait_s=4, received=0)
    view = view_of((0, started(torch, 200)), (1, advanced(torch, 100, 200)), (2, event))
    assert (view.files[0].retry, view.files[0].retry_at, view.files[0].received) == (event, 6, 0)
    same = view_of((7, advanced(torch, 0, 200)), view=view)
    assert (same.files[0].retry, same.files[0].flowed_at) == (event, 1)
    more = view_of((8, advanced(torch, 30, 200)), view=same)
    assert (more.files[0].retry, more.files[0].flowed_at, more.moved) == (None, 8, 130)


def test_what_planning_reads() -> None:
    """Pages and metadata that are there are counted, those given up are not."""
    view = view_of(
        (0, finished(page_of("a"), 10)),
        (0, finished(page_of("b"), 10)),
        (0, finished(metadata_of("a"), 10)),
        (0, finished(metadata_of("b"), 10, outcome=Outcome.FAILED)),
    )
    assert (view.pages, view.metadata, view.finished) == (2, 1, {})


def test_files_outside_the_plan() -> None:
    """Files that no plan names (build requirements) come last and count for no total."""
    setuptools = file_of(planned("setuptools", "80.0", 1 * MB))
    view = view_of(
        (0, PlanReady(plan=PLAN)),
        (1, started(setuptools, 1 * MB)),
        (2, started(file_of(TORCH), 200 * MB)),
        (3, started(file_of(IDNA), 70_000)),
        (4, advanced(setuptools, 500, 1 * MB)),
        (5, finished(file_of(planned("wheel", "1.0", 5)), 5)),
    )
    assert [one.subject.project for one in view.files] == ["idna", "torch", "setuptools"]
    assert (view.done, view.total) == (0, 206_070_000)


def test_sizes_become_known() -> None:
    """A file without a size in the plan counts with what its transfer says."""
    unknown = planned("vcs", "1.0", None)
    name = unknown.file.filename
    view = View(planned={name: Place(order=0, group=1, size=None)})
    assert view.total == 0
    view = view_of((0, started(file_of(unknown), None)), view=view)
    assert view.total == 0
    view = view_of((1, advanced(file_of(unknown), 10, 80)), view=view)
    assert (view.done, view.total) == (10, 80)
    view = view_of((2, finished(file_of(unknown), 81)), view=view)
    assert (view.done, view.total) == (81, 81)
    again = view_of((3, started(file_of(unknown), 81)), (3, advanced(file_of(unknown), 5, 81)), view=view)
    assert (again.done, again.total) == (81, 81)


def test_events_without_a_start() -> None:
    """A subscriber that came late sees transfers and children that it never saw begin."""
    view = view_of(
        (4, advanced(file_of(SYMPY), 7, 9)), (5, ChildOutput(what="build x", line="gcc")), view=None
    )
    assert [(one.received, one.started_at) for one in view.files] == [(7, 4)]
    assert view.children == {"build x": Child(what="build x", started_at=5, printed_at=5, line="gcc")}


def test_speed_of_a_steady_flow() -> None:
    """The speed is that of the last ten seconds, and falls to nothing in a stall."""
    speed = Speed()
    for step in range(301):
        speed = speed.after(step / 10, step * 100)
    assert speed.rate(30.0) == 1000
    assert speed.rate(35.0) == 500
    assert speed.rate(40.0) == 0
    assert len(speed.samples) <= 22


def test_speed_of_nothing() -> None:
    """Without samples, or in the first half second, there is no speed to tell."""
    assert Speed().rate(5.0) == 0
    assert Speed().after(5.0, 100).after(5.4, 900).rate(5.4) == 0


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 10**9)), max_size=60))
def test_speed_is_never_negative(steps: Sequence[tuple[float, int]]) -> None:
    """Whatever comes whenever, the speed is not negative and the samples stay few."""
    speed, now, total = Speed(), 0.0, 0
    for wait_s, came in steps:
        now, total = now + wait_s, total + came
        speed = speed.after(now, total)
        assert 0 <= speed.rate(now) <= total / 0.5
    assert len(speed.samples) <= 23
