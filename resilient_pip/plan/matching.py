"""Which planned file belongs to which requirement of the user."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.requirements import Requirement as ParsedRequirement

from resilient_pip.model import PlannedFile, ProjectName, Requirement, RequirementForm, project_name
from resilient_pip.plan.graph import parse_requires
from resilient_pip.plan.references import Reference, applies, read_reference, same_place
from resilient_pip.plan.report import Report

_BUILD_OPTIONS = ("--config-setting", "-C")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A requirement with what its text says."""

    requirement: Requirement
    reference: Reference


def name_requirements(
    requirements: Iterable[Requirement], report: Report, *, cwd: str
) -> tuple[Requirement, ...]:
    """Keep the requirements that the target's markers include, each with the name that the plan tells.

    A path or bare URL is recognised by its place, else by being the only one of its kind that is left.
    One that stays without a name is left as it is.
    """
    lines = list(_applicable(requirements, report.environment, cwd))
    named = [line.requirement for line in lines]
    for index, line in enumerate(lines):
        url = line.reference.url
        if named[index].name is None and url is not None:
            found = next((file for file in report.files if _is_at(file, url)), None)
            if found:
                named[index] = replace(named[index], name=found.project)
    open_ends = [index for index, requirement in enumerate(named) if requirement.name is None]
    known = {requirement.name for requirement in named}
    left = [planned for planned in report.files if planned.requested and planned.project not in known]
    if len(open_ends) == len(left) == 1:
        named[open_ends[0]] = replace(named[open_ends[0]], name=left[0].project)
    return tuple(named)


def extras_of(requirements: Iterable[Requirement]) -> dict[ProjectName, frozenset[str]]:
    """Unite the extras that the user asks for, by project.

    Not pip's `requested_extras`: that also has those which only dependencies ask for.
    """
    extras: dict[ProjectName, frozenset[str]] = {}
    for requirement in requirements:
        if requirement.name is not None:
            extras[requirement.name] = extras.get(requirement.name, frozenset()) | requirement.extras
    return extras


def build_options_of(requirement: Requirement) -> tuple[str, ...]:
    """List a requirement's own options that a build obeys."""
    return tuple(option for option in requirement.options if option.startswith(_BUILD_OPTIONS))


def urls_of_dependencies(
    files: Iterable[PlannedFile], environment: Mapping[str, str]
) -> dict[ProjectName, str]:
    """Map projects to the URLs by which planned projects' metadata asks for them ("x @ https://…")."""
    return {
        project_name(requirement.name): requirement.url
        for planned in files
        for requirement in parse_requires(planned.requires)
        if requirement.url and _may_count(requirement, environment)
    }


def complete(
    files: Sequence[PlannedFile],
    *,
    requirements: Sequence[Requirement],
    constraints: Sequence[Requirement],
    environment: Mapping[str, str],
    cwd: str,
) -> tuple[PlannedFile, ...]:
    """Add to each file what the user's lines say of it: spelling, extras, build options, its reference.

    Args:
        files: all planned files.
        requirements: with names.
        constraints: a constraint may bring the URL too.
        environment: marker variables of the target.
        cwd: the folder that relative paths start from.
    """
    extras = extras_of(requirements)
    lines: dict[ProjectName | None, list[_Line]] = {}
    for line in _applicable((*requirements, *constraints), environment, cwd):
        lines.setdefault(line.requirement.name, []).append(line)
    wanted = {planned.project for planned in files if planned.form is not RequirementForm.NAMED}
    asked = urls_of_dependencies(files, environment) if wanted else {}
    return tuple(
        replace(
            planned,
            asked_as=next((line.reference.name for line in lines.get(planned.project, ())), None),
            extras=extras.get(planned.project, frozenset()),
            build_options=tuple(
                option
                for line in lines.get(planned.project, ())
                for option in build_options_of(line.requirement)
            ),
            reference=_reference(planned, lines.get(planned.project, ()), asked.get(planned.project)),
        )
        for planned in files
    )


def _applicable(
    requirements: Iterable[Requirement], environment: Mapping[str, str], cwd: str
) -> Iterator[_Line]:
    for requirement in requirements:
        reference = read_reference(requirement, cwd=cwd)
        if applies(reference, environment):
            yield _Line(requirement=requirement, reference=reference)


def _is_at(planned: PlannedFile, url: str) -> bool:
    return planned.form is not RequirementForm.NAMED and same_place(planned.file.url, url)


def _reference(planned: PlannedFile, lines: Iterable[_Line], asked: str | None) -> str | None:
    """Find how pip was told of a project that comes from no index."""
    if planned.form is RequirementForm.NAMED:
        return None
    for line in lines:
        if line.reference.url is None:
            continue
        if planned.form.is_built_in_place:
            return line.requirement.text
        return line.reference.url
    return asked or planned.file.url


def _may_count(requirement: ParsedRequirement, environment: Mapping[str, str]) -> bool:
    """Whether a dependency counts on the target, at least with some extra."""
    marker = requirement.marker
    return marker is None or "extra" in str(marker) or marker.evaluate({**environment, "extra": ""})
