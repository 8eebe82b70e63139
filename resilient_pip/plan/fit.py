"""Whether a plan that was made before fits the interpreter and its options: what differs, in words.

What `plan.fit_lines` does for requirements and constraints. Options that look at what is installed (-U), and
the order of indexes, had their say when the plan was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement as ParsedRequirement
from packaging.specifiers import SpecifierSet
from packaging.utils import parse_wheel_filename

from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.model import Install, Plan, PlannedFile, ProjectName, RequirementForm, project_name
from resilient_pip.pip_options import is_foreign
from resilient_pip.plan.graph import Dependencies, parse_requires
from resilient_pip.plan.matching import extras_of
from resilient_pip.plan.planning import ONLY_DEPS, described, options_of
from resilient_pip.plan.report import InstalledProject


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """Something that the plan has and this run would not have."""

    reason: str
    planned: PlannedFile | None = None
    """The file that it is about, where it is about one."""


def interpreter_misfits(plan: Plan, install: Install, target: TargetMarkers) -> Iterator[Misfit]:
    """Find files that the target cannot install; where another one is planned for, the options say so."""
    if is_foreign(install.plan_options):
        return
    here, tags = described(target.environment), frozenset(target.tags)
    made_for = f"the plan was made for {plan.made_for}"
    for planned in plan.files:
        if planned.form.is_fetched and not _fits_tags(planned.file.filename, tags):
            reason = f"{planned.file.filename} cannot be installed for {here}; {made_for}"
            yield Misfit(reason=reason, planned=planned)
        if "--ignore-requires-python" not in install.plan_options and not _fits_python(planned, target):
            reason = f"{planned.pin} needs Python {planned.requires_python}, this is {here}; {made_for}"
            yield Misfit(reason=reason, planned=planned)


def option_misfits(plan: Plan, install: Install) -> Iterator[Misfit]:
    """Find options by which other files would have been chosen."""
    here, there = set(options_of(install)), set(plan.options)
    if added := sorted(here - there):
        yield Misfit(reason=f"it was made without {' '.join(added)}")
    # Where no requirements are given, nobody has to repeat how they were planned.
    if install.requirements and (lost := sorted(there - here)):
        yield Misfit(reason=f"it was made with {' '.join(lost)}")
    for planned in plan.files:
        if planned.form is RequirementForm.NAMED and not _admits_kind(planned, install):
            kind = "a wheel" if planned.file.is_wheel else "an sdist"
            reason = f"{planned.file.filename} is {kind}, which --no-binary or --only-binary excludes"
            yield Misfit(reason=reason, planned=planned)


def dependency_misfits(
    plan: Plan, installed: Mapping[ProjectName, InstalledProject], environment: Mapping[str, str]
) -> Iterator[Misfit]:
    """Find what markers decide in another way here: dependencies that are missing or too much.

    Args:
        plan: the plan.
        installed: what is installed in the target where pip looks at it.
        environment: marker variables of the target.
    """
    files = {planned.project: planned for planned in plan.files}
    versions = {name: present.version for name, present in installed.items()}
    versions.update({name: planned.version for name, planned in files.items()})
    graph = graph_of(plan, installed, environment)
    for node in sorted(graph.reached(files)):
        if planned := files.get(node[0]):
            yield from _missing(planned, graph.requirements_of(node), versions)
    if ONLY_DEPS in plan.options:
        return  # what needs them is not in the plan
    roots = {requirement.name for group in plan.groups for requirement in group.requirements}
    roots |= {planned.project for planned in plan.files if planned.requested}
    needed = graph.closure(root for root in roots if root is not None)
    lines = (line for planned in plan.files for line in parse_requires(planned.requires))
    # What no line names only pip knew a reason for.
    for project in sorted({project_name(line.name) for line in lines} & files.keys() - needed):
        here = described(environment)
        reason = f"nothing needs {files[project].pin} for {here}; the plan was made for {plan.made_for}"
        yield Misfit(reason=reason, planned=files[project])


def graph_of(
    plan: Plan, installed: Mapping[ProjectName, InstalledProject], environment: Mapping[str, str]
) -> Dependencies:
    """Make the graph of who needs whom once a plan is carried out."""
    requires: dict[ProjectName, Sequence[str]] = {name: one.requires for name, one in installed.items()}
    requires.update({planned.project: planned.requires for planned in plan.files})
    extras = extras_of(requirement for group in plan.groups for requirement in group.requirements)
    extras.update({planned.project: planned.extras for planned in plan.files})
    return Dependencies(requires=requires, environment=environment, extras=extras)


def _fits_tags(filename: str, tags: frozenset[str]) -> bool:
    if not filename.endswith(".whl"):
        return True
    return not tags.isdisjoint(map(str, parse_wheel_filename(filename)[3]))


def _fits_python(planned: PlannedFile, target: TargetMarkers) -> bool:
    try:
        return SpecifierSet(planned.requires_python or "").contains(target.python, prereleases=True)
    except ValueError:
        return True  # as pip does


def _admits_kind(planned: PlannedFile, install: Install) -> bool:
    """Whether format control admits a wheel or sdist, as pip's FormatControl.get_allowed_formats says."""
    sources, wheels = (
        {
            name if name.startswith(":") else project_name(name)
            for word in install.plan_options
            if word.startswith(flag)
            for name in word.removeprefix(flag).split(",")
        }
        for flag in ("--no-binary=", "--only-binary=")
    )
    for name in (planned.project, ":all:"):
        if name in wheels:
            return planned.file.is_wheel
        if name in sources:
            return not planned.file.is_wheel
    return True


def _missing(
    planned: PlannedFile, needs: Iterable[ParsedRequirement], versions: Mapping[ProjectName, str]
) -> Iterator[Misfit]:
    for need in needs:
        version = versions.get(project_name(need.name))
        if version is None:
            reason = f"{planned.pin} needs {need.name}, which is neither in the plan nor installed"
            yield Misfit(reason=reason, planned=planned)
        elif not need.specifier.contains(version, prereleases=True):
            reason = f"{planned.pin} needs {need.name}{need.specifier}, and {version} would be there"
            yield Misfit(reason=reason, planned=planned)
