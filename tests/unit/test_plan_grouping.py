"""Dividing planned files into install groups."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilient_pip.model import (
    NO_DIRECTIVE,
    Directive,
    Group,
    PlannedFile,
    RemoteFile,
    Requirement,
    project_name,
)
from resilient_pip.plan.graph import Dependencies
from resilient_pip.plan.grouping import group_order, make_groups

LIMIT = 100


def planned(
    name: str, size: int | None = 10, *, needs: Sequence[str] = (), replaces: bool = False
) -> PlannedFile:
    """A planned file."""
    project = project_name(name)
    file = RemoteFile(
        project=project, filename=f"{name}-1-py3-none-any.whl", url=f"https://h/{name}", size=size
    )
    return PlannedFile(
        project=project,
        name=name,
        version="1",
        file=file,
        requires=tuple(needs),
        replaces="0" if replaces else None,
    )


def asked(text: str, group: str | None = None) -> Requirement:
    """A requirement of the user."""
    directive = Directive(group=group) if group else NO_DIRECTIVE
    return Requirement(text=text, name=project_name(text), directive=directive)


def grouped(
    requirements: Sequence[Requirement], files: Sequence[PlannedFile], *, one_call: bool = False
) -> tuple[Group, ...]:
    """Divide files whose graph is in their own metadata."""
    dependencies = Dependencies(
        requires={file.project: file.requires for file in files}, environment={}, extras={}
    )
    return make_groups(requirements, files, dependencies, group_size=LIMIT, one_call=one_call)


def shape(groups: Sequence[Group]) -> dict[str, str]:
    """Groups as name to the names of their files."""
    return {group.name: " ".join(file.name for file in group.files) for group in groups}


@pytest.mark.parametrize(
    ("requirements", "files", "expected"),
    [
        pytest.param([], [], {}, id="nothing"),
        pytest.param(
            [asked("a"), asked("b")], [planned("b"), planned("a")], {"a": "b a"}, id="small neighbours share"
        ),
        pytest.param(
            [asked("a"), asked("b"), asked("c")],
            [planned("a", 60), planned("b", 40), planned("c", 1)],
            {"a": "a b", "c": "c"},
            id="up to the size",
        ),
        pytest.param(
            [asked("a"), asked("big"), asked("c"), asked("d")],
            [planned("a"), planned("big", 200), planned("c"), planned("d")],
            {"a": "a", "big": "big", "c": "c d"},
            id="a large one alone",
        ),
        pytest.param(
            [asked("a"), asked("b")],
            [planned("a", needs=["dep"]), planned("b", needs=["dep"]), planned("dep", 90)],
            {"a": "a dep", "b": "b"},
            id="only what no earlier group has counts",
        ),
        pytest.param(
            [asked("big"), asked("b"), asked("c")],
            [planned("big", 200, needs=["b"]), planned("b"), planned("c")],
            {"big": "big b", "c": "c"},
            id="what is covered makes no group",
        ),
        pytest.param(
            [asked("a", "g"), asked("b"), asked("c", "g"), asked("d")],
            [planned("a", 200), planned("b"), planned("c", 200), planned("d")],
            {"g": "a c", "b": "b d"},
            id="an explicit group stands where it first appears, whatever its size",
        ),
        pytest.param(
            [asked("a"), asked("b", "g"), asked("c")],
            [planned("a"), planned("b"), planned("c")],
            {"a": "a", "g": "b", "c": "c"},
            id="an explicit group parts neighbours",
        ),
        pytest.param(
            [asked("a", "one"), asked("b", "two")],
            [planned("a", needs=["b"]), planned("b")],
            {"one": "a b"},
            id="a covered explicit group",
        ),
        pytest.param(
            [asked("b"), asked("a", "b"), asked("c", "b")],
            [planned("a"), planned("b"), planned("c")],
            {"b-2": "b", "b": "a c"},
            id="names are unique, the user's stay",
        ),
        pytest.param(
            [asked("n"), asked("a"), asked("m", "x"), asked("b")],
            [
                planned("n"),
                planned("a", needs=["new"], replaces=True),
                planned("m"),
                planned("b", replaces=True),
                planned("new", 200),
            ],
            {"n": "n", "a": "a b new", "x": "m"},
            id="what is replaced goes together with all that it needs",
        ),
        pytest.param(
            [asked("a")],
            [planned("a"), planned("stray")],
            {"a": "a stray"},
            id="what nothing explains comes last",
        ),
        pytest.param(
            [asked("a", "g"), asked("b", "h")],
            [planned("stray"), planned("a"), planned("b")],
            {"g": "a", "h": "b", "stray": "stray"},
            id="and leaves explicit groups alone",
        ),
        pytest.param([], [planned("stray")], {"stray": "stray"}, id="without a requirement"),
        pytest.param(
            [asked("a"), asked("b")],
            [planned("a", None), planned("b", 200)],
            {"a": "a", "b": "b"},
            id="an unknown size counts as none",
        ),
    ],
)
def test_groups(requirements: list[Requirement], files: list[PlannedFile], expected: dict[str, str]) -> None:
    """Groups, in order, with their files in the report's order."""
    groups = grouped(requirements, files)
    assert shape(groups) == expected
    assert list(shape(groups)) == list(expected)


def test_a_group_knows_the_requirements_that_made_it() -> None:
    """What an earlier group covers is not among them."""
    requirements = [asked("a"), asked("dep"), asked("b")]
    files = [planned("a", needs=["dep"]), planned("dep"), planned("b")]
    assert [[item.text for item in group.requirements] for group in grouped(requirements, files)] == [
        ["a", "b"]
    ]


def test_a_requirement_without_a_name_comes_last() -> None:
    """What cannot be told apart goes with it."""
    unnamed = Requirement(text="https://h/x.tar.gz")
    groups = grouped([unnamed, asked("big")], [planned("x", 200), planned("big", 200)])
    assert shape(groups) == {"big": "big", "x": "x"}
    assert groups[1].requirements == (unnamed,)


def test_one_call_is_one_group() -> None:
    """With --target and its like everything goes in one call, explicit groups or not."""
    requirements = [asked("a", "g"), asked("b", "h")]
    files = [planned("a", 200), planned("b", 200)]
    assert grouped(requirements, files, one_call=True) == (
        Group(name="a", files=tuple(files), requirements=tuple(requirements)),
    )


NAMES = [f"p{number}" for number in range(8)]


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Requirement], list[PlannedFile]]:
    """A plan in which every file is needed by some requirement."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    files = [
        planned(
            name,
            draw(st.sampled_from([None, 0, 10, 60, 200])),
            needs=draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True)),
            replaces=draw(st.booleans()) and draw(st.booleans()),
        )
        for name in names
    ]
    dependencies = Dependencies(
        requires={file.project: file.requires for file in files}, environment={}, extras={}
    )
    roots = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    reached = dependencies.closure(map(project_name, roots))
    group = st.sampled_from([None, None, "g", "h", "p0"])
    return [asked(name, draw(group)) for name in roots], [file for file in files if file.project in reached]


@given(plans())
def test_groups_are_a_partition_in_an_order_that_works(
    plan: tuple[list[Requirement], list[PlannedFile]],
) -> None:
    """Each file is in one group, none needs a later one, names differ, what is replaced is in one group."""
    requirements, files = plan
    groups = grouped(requirements, files)
    everything = [file.project for group in groups for file in group.files]
    assert sorted(everything) == sorted(file.project for file in files)
    assert len({group.name for group in groups}) == len(groups)
    there: set[str] = set()
    for group in groups:
        assert group.files
        there |= {file.project for file in group.files}
        needed = {project_name(name) for file in group.files for name in file.requires}
        assert needed & set(everything) <= there
    assert sum(any(file.replaces for file in group.files) for group in groups) <= 1


@given(plans())
def test_only_a_single_requirement_may_exceed_the_size(
    plan: tuple[list[Requirement], list[PlannedFile]],
) -> None:
    """A group that the user did not make is small, or made by one requirement."""
    for group in grouped(*plan):
        if not any(item.directive.group for item in group.requirements):
            assert group.size <= LIMIT or len(group.requirements) == 1


@given(plans())
def test_a_group_is_what_its_requirements_need(
    plan: tuple[list[Requirement], list[PlannedFile]],
) -> None:
    """Every file can be reached from the requirements that made its group, or goes with what is replaced."""
    requirements, files = plan
    dependencies = Dependencies(
        requires={file.project: file.requires for file in files}, environment={}, extras={}
    )
    replaced = dependencies.closure(file.project for file in files if file.replaces)
    for group in grouped(requirements, files):
        reached = dependencies.closure(item.name for item in group.requirements if item.name)
        assert {file.project for file in group.files} <= reached | replaced


def test_groups_that_are_done_keep_their_place() -> None:
    """Under the name of their directive, else of their requirement; what an earlier group brings has none."""
    lines = [
        Requirement(text="a", name=project_name("a"), directive=Directive(group="first")),
        Requirement(text="b", name=project_name("b")),
        Requirement(text="c", name=project_name("c")),
        Requirement(text="d", name=project_name("d")),
    ]
    groups = (Group(name="c", files=(), requirements=(lines[2],)), Group(name="rest", files=()))
    satisfied = [project_name("a"), project_name("b")]
    assert group_order(lines, groups, satisfied) == ("first", "b", "c", "rest")
