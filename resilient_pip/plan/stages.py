"""How a run is divided into stages, and what a later stage must leave as it is. Pure.

What a project marked `no-build-isolation` needs, only its build tells, and that imports what was installed
before. So the first stage is one joint plan of all that is not marked. Each marked group then has a stage of
its own, in the order of the files: one may need another, which nobody can know before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.version import InvalidVersion, Version

from resilient_pip.errors import PlanError, UsageError
from resilient_pip.model import Directive, Install, Plan, ProjectName, Requirement, Stage
from resilient_pip.plan.graph import Dependencies
from resilient_pip.plan.grouping import unique
from resilient_pip.plan.matching import extras_of
from resilient_pip.plan.references import applies, read_reference
from resilient_pip.plan.report import InstalledProject

_NO_ISOLATION = "--no-build-isolation"
_OF_ISOLATION = ("--build-constraint=", _NO_ISOLATION)
_HASHES, _NO_HASHES = "--require-hashes", "--no-require-hashes"
_NAMELESS = "no-build-isolation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A project that a later stage must leave as it is."""

    constraint: Requirement
    group: str | None
    """The group that has installed it in this run; None: it was there before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one stage is asked for."""

    install: Install
    group: str | None = None
    """The marked group that it is for, which is all that it installs; None: it is the first stage."""
    pins: tuple[Pin, ...] = ()
    """What it is held to; they are among the constraints."""


def check_marks(install: Install, *, in_file: bool) -> None:
    """Refuse what makes it impossible to plan a marked group once all before it is installed.

    Args:
        install: what the user asks for.
        in_file: whether the plan comes out of a file or goes into one.

    Raises:
        UsageError: something is marked and cannot be had so.
    """
    marking = [one.directive for one in install.requirements if one.directive.no_build_isolation]
    if not marking:
        return
    if install.one_call:
        reason = (
            "what is marked is built with what is installed before it, so it cannot be had with "
            "--target, --prefix, --root, --force-reinstall or --ignore-installed"
        )
    elif install.only_deps:
        reason = "what is marked is installed itself, which --only-deps does not"
    elif in_file:
        reason = (
            "what is marked is planned once all before it is installed, so no plan file can hold it: "
            "install it by a line of its own, with --no-build-isolation"
        )
    else:
        return
    raise UsageError(message=f"no-build-isolation: {reason}", source=marking[0].source)


def divide(install: Install) -> tuple[Asked, ...]:
    """Say what each stage is asked for, in their order; a first stage without requirements is left out.

    A project is marked wherever it is named: a line without a directive joins the one that has it.
    """
    groups = _groups(install.requirements)
    if not groups:
        return (Asked(install=install),)
    marks = {one.name: one.directive for one in install.requirements if one.directive in groups and one.name}
    members: dict[str | None, list[Requirement]] = {None: [], **{group: [] for group in groups.values()}}
    for one in install.requirements:
        mark = one.directive if one.directive in groups else one.name and marks.get(one.name)
        if mark:
            group = groups[mark]
            members[group].append(replace(one, directive=replace(mark, group=group)))
        else:
            members[None].append(one)
    install = _checking_hashes(install)
    later = _without_isolation(install)
    return tuple(
        Asked(
            install=replace(install if group is None else later, requirements=tuple(requirements)),
            group=group,
        )
        for group, requirements in members.items()
        if requirements
    )


def added(before: Plan, plan: Plan, asked: Asked) -> Plan:
    """Add the plan of one stage, which was asked for that, to the plan of the stages before it."""
    group = asked.group
    return replace(
        plan,
        stages=(*before.stages, Stage(groups=plan.groups)),
        satisfied=tuple(dict.fromkeys((*before.satisfied, *plan.satisfied))),
        order=(*before.order, *(plan.order if group is None else (group,))),
        later=tuple(name for name in before.later if name != group),
    )


def hold(
    asked: Asked,
    plan: Plan,
    before: Iterable[Asked],
    installed: Mapping[ProjectName, InstalledProject],
    environment: Mapping[str, str],
    *,
    cwd: str,
) -> Asked:
    """Pin everything that the stages before have brought or need, at the version that is installed now.

    A pin stands in place of the user's own constraints of that project, which did their work before: to pip
    one with a URL excludes what is installed, wherever it came from.

    Args:
        asked: what the stage is asked for.
        plan: that of the stages before; it is carried out.
        before: what they were asked for.
        installed: what is installed in the target.
        environment: its marker variables.
        cwd: the folder that relative paths of requirements start from.
    """
    lines = [one for stage in before for one in stage.install.requirements]
    applying = [one for one in lines if applies(read_reference(one, cwd=cwd), environment)]
    pins = _pins(plan, applying, installed, environment)
    pinned = {pin.constraint.name for pin in pins}
    own = (one for one in asked.install.constraints if one.name not in pinned)
    constraints = (*own, *(pin.constraint for pin in pins))
    return replace(asked, install=replace(asked.install, constraints=constraints), pins=pins)


def _pins(
    plan: Plan,
    applying: Sequence[Requirement],
    installed: Mapping[ProjectName, InstalledProject],
    environment: Mapping[str, str],
) -> tuple[Pin, ...]:
    graph = Dependencies(
        requires={name: project.requires for name, project in installed.items()},
        environment=environment,
        extras=extras_of(applying),
    )
    brought = {planned.project: group.name for group in plan.groups for planned in group.files}
    needed = graph.closure({*brought, *(one.name for one in applying if one.name)})
    return tuple(
        Pin(
            constraint=Requirement(text=f"{installed[name].name}=={installed[name].version}", name=name),
            group=brought.get(name),
        )
        for name in sorted(needed & installed.keys())
        if _is_valid(installed[name].version)
    )


def naming_pins(error: PlanError, pins: Iterable[Pin]) -> PlanError:
    """Say of pins in pip's explanation what they are: pip takes them for constraints of the user."""
    who = {
        pin.constraint.text: f'group "{pin.group}" has installed it'
        if pin.group
        else "it is installed, and needed before"
        for pin in pins
    }

    def named(line: str) -> str:
        front, constraint, text = line.partition("The user requested (constraint) ")
        return f"{front}{text} is pinned: {who[text]}" if constraint and text in who else line

    return PlanError(
        message="\n".join(map(named, error.message.split("\n"))),
        lines=tuple(line for line in error.lines if line not in who),
    )


def _groups(requirements: Iterable[Requirement]) -> dict[Directive, str]:
    """Name the group of each directive that marks one: as it says, else after its first project."""
    marking = [one for one in requirements if one.directive.no_build_isolation]
    marked = {one.name for one in marking}
    used = {one.directive.group for one in requirements if one.directive.group}
    used |= {one.name for one in requirements if one.name and one.name not in marked}
    groups: dict[Directive, str] = {}
    for one in marking:
        if one.directive not in groups:
            name = one.directive.group or unique(one.name or _NAMELESS, used)
            groups[one.directive] = name
            used.add(name)
    return groups


def _without_isolation(install: Install) -> Install:
    """Switch build isolation off, and leave out what is for isolated builds only, which pip refuses then."""

    def words(given: Sequence[str]) -> tuple[str, ...]:
        return (*(word for word in given if not word.startswith(_OF_ISOLATION)), _NO_ISOLATION)

    return replace(
        install,
        plan_options=words(install.plan_options),
        build_options=words(install.build_options),
        install_options=words(install.install_options),
    )


def _checking_hashes(install: Install) -> Install:
    """Let all stages check hashes where a line of any has one: to pip one is enough for all lines."""
    has_one = any(word.startswith("--hash=") for one in install.requirements for word in one.options)
    if not has_one or not {_HASHES, _NO_HASHES}.isdisjoint(install.plan_options):
        return install
    return replace(install, plan_options=(*install.plan_options, _HASHES))


def _is_valid(version: str) -> bool:
    """Whether a version can stand in a constraint (PEP 440): something old may be installed with another."""
    try:
        Version(version)
    except InvalidVersion:
        return False
    return True
