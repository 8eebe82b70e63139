"""The second step where plan files are given: the plan out of them, as far as it fits and is not done yet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from anyio import to_thread
from packaging.utils import canonicalize_version

from resilient_pip.errors import PlanOutdated, UsageError
from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.install.dist_info import dist_infos
from resilient_pip.install.scheme import Scheme
from resilient_pip.job import Job
from resilient_pip.model import (
    Group,
    Plan,
    PlannedFile,
    ProjectName,
    Requirement,
    RequirementForm,
    Stage,
    redact,
)
from resilient_pip.plan.fit import Misfit, dependency_misfits, interpreter_misfits, option_misfits
from resilient_pip.plan.fit_lines import constraint_misfits, requirement_misfits
from resilient_pip.plan.matching import name_requirements, urls_of_dependencies
from resilient_pip.plan.references import read_reference
from resilient_pip.plan.report import InstalledProject, Report
from resilient_pip.plan.selection import in_one_group, outstanding
from resilient_pip.plan.terms import with_own_terms
from resilient_pip.plan_files import is_of_a_split, read_plan_file
from resilient_pip.settings import Settings
from resilient_pip.target.environment import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenPlanning:
    """Takes the plan from files instead of asking pip."""

    job: Job
    target: Target
    scheme: Scheme
    installed: Mapping[ProjectName, InstalledProject]
    """What is installed in the target where pip looks at it."""

    async def run(self) -> Plan:
        """Give what is left to do of the plan.

        Raises:
            UsageError: a file is no plan, or two of them have the same.
            PlanOutdated: the plan does not fit.
        """
        return await to_thread.run_sync(self._take)

    def _take(self) -> Plan:
        saved = {path: read_plan_file(Path(path)) for path in self.job.plan_files}
        plan = _joined(saved)
        asked = self._asked(plan)
        misfit = next(self._misfits(plan, asked), None)
        if misfit is not None:
            raise _outdated(misfit, saved)
        install = self.job.install
        by_dependencies = urls_of_dependencies(plan.files, self.target.markers)
        plan = _with_lines(plan, asked, by_dependencies, cwd=self.job.cwd)
        plan = _with_terms(plan, self.job.settings)
        recorded = {info.project: info.path for info in dist_infos(self.scheme.libraries)}

        def is_there(planned: PlannedFile, present: InstalledProject) -> bool:
            same = canonicalize_version(planned.version) == canonicalize_version(present.version)
            reinstalls = "--force-reinstall" in install.plan_options
            return same and not reinstalls and _same_origin(planned, recorded)

        plan = outstanding(plan, self.installed, is_there)
        return in_one_group(plan) if install.one_call else plan

    def _asked(self, plan: Plan) -> tuple[Requirement, ...]:
        """List the requirements of this run that count here, with names as far as the plan tells them."""
        report = Report(files=plan.files, environment=self.target.markers)
        return name_requirements(self.job.install.requirements, report, cwd=self.job.cwd)

    def _misfits(self, plan: Plan, asked: tuple[Requirement, ...]) -> Iterator[Misfit]:
        """Give what does not fit, the plainest reason first."""
        job, install = self.job, self.job.install
        target = TargetMarkers(environment=self.target.markers, tags=self.target.tags)
        yield from interpreter_misfits(plan, install, target)
        yield from option_misfits(plan, install)
        if install.requirements:
            yield from requirement_misfits(plan, asked, install, self.installed, cwd=job.cwd)
        yield from constraint_misfits(plan, install.constraints, target.environment, cwd=job.cwd)
        if "--no-deps" not in install.plan_options:
            yield from dependency_misfits(plan, self.installed, target.environment)


def _joined(saved: Mapping[str, Plan]) -> Plan:
    """Join the plans of several files, in the order in which they are given."""
    whole = Plan(stages=())
    for path, plan in saved.items():
        if whole.order and plan.options != whole.options:
            raise UsageError(
                message=f"--plan {path}: it was made with other options than the files before it"
            )
        if twice := sorted(set(whole.order) & set(plan.order)):
            raise UsageError(message=f"--plan {path}: install group {twice[0]!r} is in a file before it too")
        known = {planned.project for planned in whole.files}
        if both := [planned.name for planned in plan.files if planned.project in known]:
            raise UsageError(message=f"--plan {path}: {both[0]} is in a file before it too")
        groups = (*whole.groups, *plan.groups)
        whole = replace(plan, stages=(Stage(groups=groups),), order=(*whole.order, *plan.order))
    return whole


def _outdated(misfit: Misfit, saved: Mapping[str, Plan]) -> PlanOutdated:
    path = next((path for path, plan in saved.items() if misfit.planned in plan.files), next(iter(saved)))
    folder = Path(path).parent
    renew = f"plan --dockerfile -o {folder}" if is_of_a_split(Path(path)) else f"plan -o {path}"
    return PlanOutdated(
        message=f"--plan {path}: {misfit.reason}", renew=f"resilient-pip {renew} with the requirements"
    )


def _with_lines(
    plan: Plan, asked: Iterable[Requirement], by_dependencies: Mapping[ProjectName, str], *, cwd: str
) -> Plan:
    """Put this run's lines in the place of those that the plan was made for: they say where, and log in.

    A URL that metadata asks for stands as it is written there: pip takes another spelling for a conflict.
    """
    lines = {line.name: line for line in asked if line.name is not None}
    given = {name: read_reference(line, cwd=cwd).url for name, line in lines.items()}
    urls = {**by_dependencies, **{name: url for name, url in given.items() if url is not None}}

    def with_line(planned: PlannedFile) -> PlannedFile:
        url = urls.get(planned.project)
        if url is None or planned.form is RequirementForm.NAMED:
            return planned
        file = planned.file
        if planned.form is RequirementForm.DIRECT:
            file = replace(file, url=url.partition("#")[0])
        return replace(planned, reference=url, file=file)

    def with_lines(group: Group) -> Group:
        requirements = tuple(lines.get(line.name, line) if line.name else line for line in group.requirements)
        return replace(group, requirements=requirements, files=tuple(map(with_line, group.files)))

    return _with_groups(plan, map(with_lines, plan.groups))


def _with_terms(plan: Plan, settings: Settings) -> Plan:
    groups = (replace(group, files=with_own_terms(group.files, settings)) for group in plan.groups)
    return _with_groups(plan, groups)


def _with_groups(plan: Plan, groups: Iterable[Group]) -> Plan:
    return replace(plan, stages=(Stage(groups=tuple(groups)),))


def _same_origin(planned: PlannedFile, recorded: Mapping[ProjectName, Path]) -> bool:
    """Whether what is installed of a project came from where the plan has it from (PEP 610)."""
    if planned.direct_url is None:
        return True
    try:
        there = json.loads((recorded[planned.project] / "direct_url.json").read_bytes())
        return _origin(there) == _origin(json.loads(planned.direct_url))
    except (AttributeError, KeyError, OSError, TypeError, ValueError):  # whoever wrote it, in whatever shape
        return False


def _origin(info: Mapping[str, Any]) -> tuple[object, ...]:
    commit = info.get("vcs_info", {}).get("commit_id")
    return redact(info["url"]), info.get("subdirectory"), commit, info.get("archive_info", {}).get("hashes")
