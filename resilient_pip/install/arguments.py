"""What the install calls of one group are told: requirement lines, constraint lines, words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resilient_pip.model import Group, PlannedFile, Requirement, RequirementForm, project_name
from resilient_pip.plan.graph import parse_requires
from resilient_pip.plan.matching import extras_of

ALWAYS = (
    "--root-user-action=ignore",
    "--pre",  # whether a pre-release may be chosen was decided by the plan
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of pip install."""

    requirements: tuple[str, ...]
    """Requirement lines."""
    options: tuple[str, ...]
    builds: bool
    """Whether it builds what it installs, so that it needs the index for build requirements."""
    only_deps: bool = False
    """Whether its requirements, in PEP 508, are what a carrier needs, so that none is marked REQUESTED."""


def calls(
    group: Group, planned: Sequence[PlannedFile], *, one_call: bool, only_deps: bool = False
) -> tuple[Call, ...]:
    """Divide the installation of a group: what is built in place first and alone, the others offline.

    A build that fails has changed nothing then, and the pip that sees the indexes has nothing to choose from
    them. It takes --no-deps, as all that it is asked for is what the user asked for; what that needs comes
    with the other call, where it is installed already.

    Args:
        group: what is to be installed.
        planned: all files of the plan.
        one_call: whether there may be one call only.
        only_deps: whether nothing of it was asked for by the user.
    """
    if only_deps:
        return (_only_deps(group),)
    in_place = [file for file in group.files if file.form.is_built_in_place]
    rebuilt = _built_for_dependencies(group, planned)
    if rebuilt or (one_call and in_place):
        files = [*group.files, *(file for file in rebuilt if file not in group.files)]
        return (Call(requirements=requirement_lines(group, files, planned), options=(), builds=True),)
    others = [file for file in group.files if not file.form.is_built_in_place]
    there = tuple(map(_named, in_place))
    first = Call(requirements=tuple(map(_line, in_place)), options=("--no-deps",), builds=True)
    then = Call(
        requirements=(*requirement_lines(group, others, planned), *there),
        options=("--no-index",),
        builds=False,
    )
    return tuple(call for call, files in ((first, in_place), (then, others)) if files)


def _only_deps(group: Group) -> Call:
    builds = any(file.form.is_built_in_place for file in group.files)
    return Call(
        requirements=tuple(
            file.pin if file.form is RequirementForm.NAMED else f"{file.name} @ {file.reference}"
            for file in group.files
        ),
        options=() if builds else ("--no-index",),
        builds=builds,
        only_deps=True,
    )


def installed_from_wheels(
    group: Group, planned: Sequence[PlannedFile], *, one_call: bool, only_deps: bool = False
) -> tuple[PlannedFile, ...]:
    """List what a group's call that builds nothing installs; nothing where it has none."""
    if all(call.builds for call in calls(group, planned, one_call=one_call, only_deps=only_deps)):
        return ()
    return tuple(file for file in group.files if not file.form.is_built_in_place)


def _built_for_dependencies(group: Group, planned: Iterable[PlannedFile]) -> list[PlannedFile]:
    """List what pip builds in place because something of the group depends on it.

    A dependency "x @ file:///folder" is never satisfied to pip: it builds and installs x again.
    """
    by_url = {
        project_name(requirement.name)
        for file in group.files
        for requirement in parse_requires(file.requires)
        if requirement.url
    }
    unasked = {file.project for file in group.files if not file.requested}
    return [file for file in planned if file.form.is_built_in_place and file.project in by_url | unasked]


def requirement_lines(
    group: Group, files: Iterable[PlannedFile], planned: Iterable[PlannedFile]
) -> tuple[str, ...]:
    """List what a call is asked for: exactly what the user asked for among its projects.

    pip marks every project that it is asked for as REQUESTED, so a file that is there for a dependency only
    is left to pip's resolver. A requirement whose project is installed already is named where this group
    brings what it lacks (a new extra, say); pip does not touch the project then.

    Args:
        group: what is to be installed.
        files: what the call installs.
        planned: all files of the plan.
    """
    projects = {file.project for file in planned}
    satisfied = [requirement for requirement in group.requirements if requirement.name not in projects]
    return (*(_line(file) for file in files if file.requested), *_satisfied_lines(satisfied))


def constraint_lines(group: Group, planned: Iterable[PlannedFile]) -> list[str]:
    """Pin every planned project, as a group may meet those of the groups before it.

    A project of this group that comes by URL is pinned to the URL: a dependency on its name must lead there.
    Once installed it is pinned by version, else pip would install a local archive again. What is built in
    place is not pinned: its version may hold the time of the build.
    """
    own = {file.project for file in group.files}
    return [
        f"{file.name} @ {file.reference}" if file.project in own and _is_by_url(file) else file.pin
        for file in planned
        if not file.form.is_built_in_place
    ]


def words(
    call: Call,
    options: Sequence[str],
    *,
    compiles: bool,
    requirements: Path,
    constraints: Path,
    links: Path,
    cache: Path,
) -> tuple[str, ...]:
    """Put together the words after the pip program.

    Not --force-reinstall, and --no-deps only where nothing is left to pip: it would mark everything
    REQUESTED. Hashes, format and release control, the user's constraints and -U did their work in the plan;
    everything here is pinned.

    Args:
        call: what it is for.
        options: the user's words for the pip that installs.
        compiles: whether pip compiles what it does not build either.
        requirements: the file with the call's requirement lines; of one with only_deps, the carrier.
        constraints: the file with `constraint_lines`.
        links: the folder with the group's wheels under their names.
        cache: the private pip cache that holds what comes by URL.
    """
    return (
        "install",
        *ALWAYS,
        *options,
        *call.options,
        *(() if compiles or call.builds else ("--no-compile",)),
        f"--find-links={links}",
        f"--cache-dir={cache}",
        f"--constraint={constraints}",
        *(("--only-deps", str(requirements)) if call.only_deps else (f"--requirement={requirements}",)),
    )


def _is_by_url(planned: PlannedFile) -> bool:
    return planned.form in {RequirementForm.DIRECT, RequirementForm.VCS}


def _line(planned: PlannedFile) -> str:
    match planned.form:
        case RequirementForm.NAMED:
            return f"{_named(planned)}=={planned.version}"
        case RequirementForm.DIRECT | RequirementForm.VCS:
            return f"{_named(planned)} @ {planned.reference}"
        case RequirementForm.LOCAL:
            return " ".join((planned.reference or planned.file.url, *planned.build_options))
        case RequirementForm.EDITABLE:
            return " ".join(("-e", planned.reference or planned.file.url, *planned.build_options))


def _named(planned: PlannedFile) -> str:
    return _with_extras(planned.asked_as or planned.name, planned.extras)


def _satisfied_lines(requirements: Sequence[Requirement]) -> Iterator[str]:
    for name, extras in extras_of(requirements).items():
        yield _with_extras(name, extras)


def _with_extras(name: str, extras: Iterable[str]) -> str:
    listed = ",".join(sorted(extras))
    return f"{name}[{listed}]" if listed else name
