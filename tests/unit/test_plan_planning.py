"""The plan as a whole, and how patient its transfers are."""

from __future__ import annotations

from dataclasses import dataclass

from resilient_pip.model import (
    Directive,
    Install,
    PlannedFile,
    ProjectName,
    RemoteFile,
    Requirement,
    project_name,
)
from resilient_pip.plan.planning import make_plan
from resilient_pip.plan.report import Report
from resilient_pip.plan.terms import with_terms
from resilient_pip.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Present:
    """Something installed."""

    name: str
    version: str
    requires: tuple[str, ...] = ()


def planned(name: str, size: int = 10, *, requires: tuple[str, ...] = ()) -> PlannedFile:
    """A planned file."""
    file = RemoteFile(project=project_name(name), filename=f"{name}.whl", url=f"https://h/{name}", size=size)
    return PlannedFile(project=file.project, name=name, version="1", file=file, requires=requires)


def asked(name: str, *, directive: Directive | None = None, extras: tuple[str, ...] = ()) -> Requirement:
    """A requirement of the user."""
    return Requirement(
        text=name,
        name=project_name(name),
        directive=directive or Directive(),
        extras=frozenset(extras),
    )


def installed(*projects: Present) -> dict[ProjectName, Present]:
    """What is installed."""
    return {project_name(project.name): project for project in projects}


def test_what_is_installed_connects_and_satisfies() -> None:
    """A missing extra of something installed is found through its metadata, and makes a group of its own."""
    report = Report(files=(planned("other"), planned("socks")), environment={"python_version": "3.11"})
    plan = make_plan(
        report,
        install=Install(requirements=(asked("other"), asked("req", extras=("s",)), asked("req"))),
        installed=installed(Present(name="Req", version="2", requires=("socks; extra == 's'",))),
        settings=Settings(group_size=10),
        limit_s=lambda size: None if size is None else size * 2.0,
        cwd="/",
    )
    assert [[file.name for file in group.files] for group in plan.groups] == [["other"], ["socks"]]
    assert [group.name for group in plan.groups] == ["other", "req"]
    assert [file.limit_s for file in plan.files] == [20.0, 20.0]
    assert plan.satisfied == ("Req 2",)
    assert len(plan.stages) == 1


def test_a_plan_of_nothing_has_no_stage() -> None:
    """Everything is there already."""
    plan = make_plan(
        Report(files=(), environment={}),
        install=Install(requirements=(asked("a"),)),
        installed=installed(Present(name="a", version="1")),
        settings=Settings(),
        limit_s=lambda _: None,
        cwd="/",
    )
    assert (plan.stages, plan.satisfied) == ((), ("a 1",))


def test_terms_follow_directive_setting_and_size() -> None:
    """A directive's limit is hard and holds for its file and those that `also` names."""
    directive = Directive(timeout_s=900, retries=3, also=("nvidia-*",))
    files = [planned("torch"), planned("nvidia-cudnn"), planned("dep", size=7)]
    found = with_terms(
        files,
        [asked("torch", directive=directive)],
        settings=Settings(),
        limit_s=lambda size: float(size or 0),
    )
    assert [(file.limit_s, file.hard_limit, file.tries) for file in found] == [
        (900, True, 3),
        (900, True, 3),
        (7.0, False, None),
    ]


def test_the_setting_for_every_package_is_hard() -> None:
    """--package-timeout beats the size, a directive beats --package-timeout."""
    found = with_terms(
        [planned("a"), planned("b")],
        [asked("a", directive=Directive(timeout_s=5))],
        settings=Settings(package_timeout_s=60),
        limit_s=lambda _: 1.0,
    )
    assert [(file.limit_s, file.hard_limit) for file in found] == [(5, True), (60, True)]
