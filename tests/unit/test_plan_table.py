"""The plan as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from resilient_pip.model import (
    Group,
    Plan,
    PlannedFile,
    RemoteFile,
    Requirement,
    RequirementForm,
    SafeUrl,
    SourceLine,
    Stage,
    Terms,
    project_name,
)
from resilient_pip.plan.table import plan_table

IDNA = PlannedFile(
    project=project_name("idna"),
    name="idna",
    version="3.10",
    file=RemoteFile(
        project=project_name("idna"),
        filename="idna-3.10-py3-none-any.whl",
        url="https://user:secret@files.example/idna-3.10-py3-none-any.whl",
        hashes={"sha256": "aa"},
        size=70_400,
        index=SafeUrl("https://pypi.org/simple/"),
    ),
    requested=True,
    extras=frozenset({"b", "a"}),
    terms=Terms(limit_s=60.3, hard=False, tries=3),
)
REPO = PlannedFile(
    project=project_name("repo"),
    name="repo",
    version="0.1.dev1+gdeadbeef",
    file=RemoteFile(
        project=project_name("repo"), filename="repo", url="https://t@h/repo", index=SafeUrl("https://h/repo")
    ),
    form=RequirementForm.VCS,
    replaces="0.0",
)
PLAN = Plan(
    stages=(
        Stage(
            groups=(
                Group(
                    name="idna",
                    files=(IDNA,),
                    requirements=(
                        Requirement(
                            text="idna", name=project_name("idna"), source=SourceLine(file="r.txt", line=1)
                        ),
                    ),
                ),
                Group(
                    name="repo",
                    files=(REPO,),
                    requirements=(Requirement(text="git+https://t@h/repo", name=project_name("repo")),),
                ),
            )
        ),
    ),
    satisfied=("numpy 1.26.4",),
)


def test_a_wide_table_shows_everything() -> None:
    """One line a file, numbers to the right, then the sum and what is there already."""
    assert plan_table(PLAN, width=120) == [
        "package  version                size  time-out  group  index",
        "idna     3.10                70.4 kB     1 min  idna   https://pypi.org/simple/",
        "repo     0.1.dev1+gdeadbeef        ?         -  repo   https://h/repo",
        "2 packages in 2 groups, 70.4 kB and 1 of unknown size",
        "installed already: numpy 1.26.4",
    ]


@pytest.mark.parametrize("width", [80, 72, 60, 55])
def test_a_table_fits_its_width(width: int) -> None:
    """The index gives way first, then names and versions."""
    lines = plan_table(PLAN, width=width)
    assert max(map(len, lines[:3])) <= width
    assert any("…" in line for line in lines) == (width < 75)


def test_the_narrowest_table_stays_a_table() -> None:
    """Below eight columns nothing is cut."""
    assert plan_table(PLAN, width=10)[2] == "repo     0.1.dev…        ?         -  repo   https:/…"


def test_one_of_each_is_counted_so() -> None:
    """One package is no packages."""
    plan = Plan(stages=(Stage(groups=(Group(name="idna", files=(IDNA,)),)),))
    assert plan_table(plan, width=80)[2:] == ["1 package in 1 group, 70.4 kB"]


def test_what_is_planned_later_is_named() -> None:
    """Whether there is something to install before or not."""
    line = "planned later, once all of this is installed (no-build-isolation): a, b"
    assert plan_table(replace(PLAN, later=("a", "b")), width=80)[-1] == line
    assert plan_table(Plan(stages=(), later=("a", "b")), width=80) == ["nothing to install", line]


def test_an_empty_plan_says_so() -> None:
    """Nothing to install, and why."""
    assert plan_table(Plan(stages=(), satisfied=("a 1", "b 2")), width=80) == [
        "nothing to install",
        "installed already: a 1, b 2",
    ]
