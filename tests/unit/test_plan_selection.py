"""What of a plan is left, and which groups are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from resilient_pip.errors import UsageError
from resilient_pip.model import (
    Group,
    Plan,
    PlannedFile,
    ProjectName,
    Requirement,
    Stage,
    project_name,
)
from resilient_pip.plan.selection import in_one_group, outstanding, select
from resilient_pip.target.environment import Installed
from tests.unit.plans import planned


def group(name: str, *files: PlannedFile) -> Group:
    """A group that one requirement made."""
    return Group(name=name, files=files, requirements=(Requirement(text=name, name=project_name(name)),))


def plan_of(*groups: Group, order: tuple[str, ...] = ()) -> Plan:
    """A plan of these groups."""
    return Plan(stages=(Stage(groups=groups),), order=order or tuple(each.name for each in groups))


BASE, MIDDLE, TOP = planned("base"), planned("middle", "base"), planned("top", "middle")
PLAN = plan_of(group("base", BASE), group("middle", MIDDLE), group("top", TOP))


def installed(**versions: str) -> Mapping[ProjectName, Installed]:
    """What is installed."""
    return {project_name(name): Installed(name=name, version=version) for name, version in versions.items()}


def is_same(planned: PlannedFile, present: object) -> bool:
    """Whether the version is the planned one."""
    return planned.version == getattr(present, "version", None)


def test_what_is_there_is_left_out() -> None:
    """With the groups that have nothing else; the names stay known."""
    found = outstanding(PLAN, installed(base="1.0", middle="0.9"), is_same)
    assert [each.name for each in found.groups] == ["middle", "top"]
    assert [(file.name, file.replaces) for file in found.files] == [("middle", "0.9"), ("top", None)]
    assert (found.satisfied, found.order) == (("base 1.0",), ("base", "middle", "top"))


def test_nothing_may_be_left() -> None:
    """Then there is no stage."""
    there = installed(base="1.0", middle="1.0", top="1.0")
    assert outstanding(PLAN, there, is_same).stages == ()


@pytest.mark.parametrize(
    ("names", "start", "wanted"),
    [
        pytest.param([], None, ["base", "middle", "top"], id="all"),
        pytest.param(["base"], None, ["base"], id="one"),
        pytest.param(["middle", "base"], None, ["base", "middle"], id="in-the-plans-order"),
        pytest.param([], "base", ["base", "middle", "top"], id="from-the-first"),
        pytest.param(["base", "middle"], "top", ["base", "middle", "top"], id="both"),
    ],
)
def test_groups_are_chosen(names: list[str], start: str | None, wanted: list[str]) -> None:
    """By name or from one on."""
    found = select(PLAN, names, start, installed={}, environment={})
    assert [each.name for each in found.groups] == wanted


def test_a_group_that_is_done_is_known() -> None:
    """It brings nothing, and from it on are those after it."""
    left = outstanding(PLAN, installed(base="1.0"), is_same)
    assert select(left, ["base"], None, installed=installed(base="1.0"), environment={}).groups == ()
    found = select(left, [], "base", installed=installed(base="1.0"), environment={})
    assert [each.name for each in found.groups] == ["middle", "top"]


@pytest.mark.parametrize(
    ("plan", "name", "message"),
    [
        pytest.param(
            PLAN, "x", "there is no install group 'x' in the plan (there are base, middle, top)", id="x"
        ),
        pytest.param(
            Plan(stages=()), "x", "there is no install group 'x' in the plan (it has none)", id="none"
        ),
        pytest.param(
            PLAN,
            "top",
            "install group 'top' needs base==1.0 of group 'base', which is not installed: "
            "install that group first",
            id="needs",
        ),
        pytest.param(
            plan_of(group("base", planned("base", replaces="0.9")), group("middle", MIDDLE)),
            "middle",
            "install group 'middle' needs base==1.0 of group 'base', 0.9 is installed: "
            "install that group first",
            id="needs-another-version",
        ),
    ],
)
def test_a_group_that_cannot_be_chosen(plan: Plan, name: str, message: str) -> None:
    """One line says why."""
    with pytest.raises(UsageError) as refused:
        select(plan, [name], None, installed={}, environment={})
    assert str(refused.value) == message


STAGED = replace(PLAN, later=("flash", "apex"))


def test_groups_that_are_planned_later_are_known() -> None:
    """They stay wanted or not, as all others."""
    chosen = select(STAGED, [], "base", installed={}, environment={})
    assert (chosen.groups, chosen.later) == (PLAN.groups, ("flash", "apex"))
    chosen = select(STAGED, ["base"], None, installed={}, environment={})
    assert ([each.name for each in chosen.groups], chosen.later) == (["base"], ())
    done = outstanding(STAGED, installed(base="1.0", middle="1.0", top="1.0"), is_same)
    assert select(done, ["apex"], None, installed={}, environment={}).later == ("apex",)


def test_only_the_latest_stage_is_chosen_from() -> None:
    """What is before it is installed; where nothing of it is wanted, it is empty."""
    staged = replace(PLAN, stages=(*PLAN.stages, Stage(groups=(group("flash", planned("flash", "top")),))))
    staged = replace(staged, order=(*PLAN.order, "flash"))
    there = installed(base="1.0", middle="1.0", top="1.0")
    assert select(staged, ["flash"], None, installed=there, environment={}) == staged
    none = select(staged, ["base"], None, installed=there, environment={})
    assert none.stages == (*PLAN.stages, Stage(groups=()))


def test_a_later_group_needs_all_before_it() -> None:
    """Nobody knows what it needs before."""
    with pytest.raises(UsageError) as refused:
        select(STAGED, ["flash"], None, installed={}, environment={})
    assert str(refused.value) == (
        "install group 'flash' is planned once group 'base' is installed: install that group first"
    )


def test_one_call_makes_one_group() -> None:
    """Under the name of the first."""
    found = in_one_group(PLAN)
    assert [each.name for each in found.groups] == ["base"]
    assert (found.files, found.order) == (PLAN.files, ("base",))
    assert [str(line) for line in found.groups[0].requirements] == ["base", "middle", "top"]
    assert in_one_group(found) == found
