"""The plan, put together from the report, the user's requirements and what is installed."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from resilient_pip.model import Install, Plan, PlannedFile, ProjectName, Requirement, Stage
from resilient_pip.pip_options import deciding
from resilient_pip.plan.graph import Dependencies
from resilient_pip.plan.grouping import group_order, make_groups
from resilient_pip.plan.matching import complete, extras_of, name_requirements
from resilient_pip.plan.report import InstalledProject, Report
from resilient_pip.plan.terms import with_terms
from resilient_pip.settings import Settings

ONLY_DEPS = "--only-deps"
"""The word by which a plan tells that what was asked for itself is not in it."""


def make_plan(
    report: Report,
    *,
    install: Install,
    installed: Mapping[ProjectName, InstalledProject],
    settings: Settings,
    cwd: str,
) -> Plan:
    """Make the plan of one stage.

    Args:
        report: what pip would install, with the sizes as far as they can be known.
        install: what the user asked for.
        installed: what is installed in the target where pip looks at it.
        settings: the size of groups, the patience with every file.
        cwd: the folder that relative paths of requirements start from.
    """
    requirements = name_requirements(install.requirements, report, cwd=cwd)
    files = complete(
        report.files,
        requirements=requirements,
        constraints=install.constraints,
        environment=report.environment,
        cwd=cwd,
    )
    files = with_terms(files, requirements, settings)
    requires = {name: project.requires for name, project in installed.items()}
    requires.update((planned.project, planned.requires) for planned in files)
    if install.only_deps:
        files = tuple(planned for planned in files if not planned.requested)
    groups = make_groups(
        requirements,
        files,
        Dependencies(requires=requires, environment=report.environment, extras=extras_of(requirements)),
        group_size=settings.group_size,
        one_call=install.one_call or _is_marked(requirements) or _may_break_half_way(files),
    )
    present = {} if install.only_deps else installed
    satisfied = _satisfied(requirements, {planned.project for planned in files}, present)
    return Plan(
        stages=(Stage(groups=groups),) if groups else (),
        satisfied=tuple(f"{installed[name].name} {installed[name].version}" for name in satisfied),
        order=group_order(requirements, groups, satisfied),
        options=options_of(install),
        made_for=described(report.environment),
        environment=report.environment,
    )


def options_of(install: Install) -> tuple[str, ...]:
    """List the words of pip's that have a say in which files a plan has."""
    return (*deciding(install.plan_options), *((ONLY_DEPS,) if install.only_deps else ()))


def described(environment: Mapping[str, str]) -> str:
    """Name an interpreter by its marker variables, as in "CPython 3.11 on linux x86_64"."""
    names = ("platform_python_implementation", "python_version", "sys_platform", "platform_machine")
    implementation, version, platform, machine = (environment.get(name, "") for name in names)
    return f"{implementation} {version} on {platform} {machine}"


def _is_marked(requirements: Sequence[Requirement]) -> bool:
    """Whether this is the stage of a group that is marked no-build-isolation: it holds nothing else."""
    return any(requirement.directive.no_build_isolation for requirement in requirements)


def _may_break_half_way(files: Sequence[PlannedFile]) -> bool:
    """Whether a build that only the installing pip can do might fail after something was replaced.

    Within one group it comes first.
    """
    replaces = any(planned.replaces for planned in files)
    return replaces and any(planned.form.is_built_in_place for planned in files)


def _satisfied(
    requirements: Sequence[Requirement],
    planned: Container[ProjectName],
    installed: Container[ProjectName],
) -> tuple[ProjectName, ...]:
    """List what the user asked for and what needs nothing any more, each once."""
    names = dict.fromkeys(requirement.name for requirement in requirements)
    return tuple(name for name in names if name and name in installed and name not in planned)
