"""The plan as a whole, and how patient its transfers are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from resilient_pip.model import (
    Directive,
    Install,
    PlannedFile,
    ProjectName,
    Requirement,
    RequirementForm,
    Terms,
    project_name,
)
from resilient_pip.plan.planning import make_plan
from resilient_pip.plan.report import Report
from resilient_pip.plan.terms import with_terms
from resilient_pip.policy.deadlines import usual_terms
from resilient_pip.settings import Settings
from resilient_pip.target.environment import Installed
from tests.unit.plans import planned


def asked(name: str, *, directive: Directive | None = None, extras: tuple[str, ...] = ()) -> Requirement:
    """A requirement of the user."""
    return Requirement(
        text=name,
        name=project_name(name),
        directive=directive or Directive(),
        extras=frozenset(extras),
    )


def installed(*projects: Installed) -> dict[ProjectName, Installed]:
    """What is installed."""
    return {project_name(project.name): project for project in projects}


def test_what_is_installed_connects_and_satisfies() -> None:
    """A missing extra of something installed is found through its metadata, and makes a group of its own."""
    report = Report(files=(planned("other"), planned("socks")), environment={"python_version": "3.11"})
    plan = make_plan(
        report,
        install=Install(requirements=(asked("other"), asked("req", extras=("s",)), asked("req"))),
        installed=installed(Installed(name="Req", version="2", requires=("socks; extra == 's'",))),
        settings=Settings(group_size=10),
        cwd="/",
    )
    assert [[file.name for file in group.files] for group in plan.groups] == [["other"], ["socks"]]
    assert [group.name for group in plan.groups] == ["other", "req"]
    assert {file.terms for file in plan.files} == {usual_terms(10, Settings())}
    assert plan.satisfied == ("Req 2",)
    assert len(plan.stages) == 1


def test_a_plan_of_nothing_has_no_stage() -> None:
    """Everything is there already."""
    plan = make_plan(
        Report(files=(), environment={}),
        install=Install(requirements=(asked("a"),)),
        installed=installed(Installed(name="a", version="1")),
        settings=Settings(),
        cwd="/",
    )
    assert (plan.stages, plan.satisfied) == ((), ("a 1",))


def test_terms_follow_directive_setting_and_size() -> None:
    """A directive's limit is hard and holds for its file and those that `also` names."""
    directive = Directive(timeout_s=900, retries=3, also=("nvidia-*",))
    files = [planned("torch"), planned("nvidia-cudnn"), planned("dep", size=262_144)]
    found = with_terms(files, [asked("torch", directive=directive)], Settings())
    said = Terms(limit_s=900, hard=True, tries=3)
    assert [file.terms for file in found] == [said, said, Terms(limit_s=61.0, hard=False, tries=8)]


def test_the_setting_for_every_package_is_hard() -> None:
    """--package-timeout beats the size, a directive beats --package-timeout."""
    found = with_terms(
        [planned("a"), planned("b")],
        [asked("a", directive=Directive(timeout_s=5))],
        Settings(package_timeout_s=60, tries=2),
    )
    assert [file.terms for file in found] == [
        Terms(limit_s=5, hard=True, tries=2),
        Terms(limit_s=60, hard=True, tries=2),
    ]


@pytest.mark.parametrize("form", [RequirementForm.LOCAL, RequirementForm.EDITABLE])
def test_a_build_in_place_beside_a_replacement_makes_one_group(form: RequirementForm) -> None:
    """Such a build can fail: nothing may have been replaced by then."""
    lib, folder = (
        replace(planned("lib", size=200), replaces="0"),
        replace(planned("loc", size=200), form=form),
    )

    def groups(*files: PlannedFile) -> list[list[str]]:
        plan = make_plan(
            Report(files=files, environment={}),
            install=Install(requirements=(asked("lib"), asked("loc"))),
            installed={},
            settings=Settings(group_size=1),
            cwd="/",
        )
        return [[file.name for file in group.files] for group in plan.groups]

    assert groups(lib, folder) == [["lib", "loc"]]
    assert groups(replace(lib, replaces=None), folder) == [["lib"], ["loc"]]
    assert groups(lib, planned("loc", size=200)) == [["lib"], ["loc"]]
