"""Whether a plan that was made before fits the requirements and constraints: what differs, in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.requirements import Requirement as ParsedRequirement

from resilient_pip.model import (
    Install,
    Plan,
    PlannedFile,
    ProjectName,
    Requirement,
    RequirementForm,
    project_name,
    redact,
)
from resilient_pip.plan.fit import Misfit
from resilient_pip.plan.matching import build_options_of, extras_of
from resilient_pip.plan.references import applies, read_reference, without_revision
from resilient_pip.plan.report import InstalledProject

_HASH = "--hash="


def requirement_misfits(
    plan: Plan,
    asked: Sequence[Requirement],
    install: Install,
    installed: Mapping[ProjectName, InstalledProject],
    *,
    cwd: str,
) -> Iterator[Misfit]:
    """Find requirements that the plan does not fulfil, and what it does beyond them.

    Args:
        plan: the plan.
        asked: the requirements that count on the target, with names (`matching.name_requirements`).
        install: what else is asked for.
        installed: what is installed in the target where pip looks at it.
        cwd: the folder that relative paths of requirements start from.
    """
    extras = extras_of(asked)
    files = {planned.project: planned for planned in plan.files}
    for requirement in asked:
        planned = files.get(requirement.name) if requirement.name else None
        if planned is None:
            if not _is_installed(requirement, installed):
                yield Misfit(reason=f"it does not have {requirement}")
        elif not planned.requested or _normal(planned.extras) != _normal(extras[planned.project]):
            reason = f"it has {planned.pin}, but not for a requirement like {requirement}"
            yield Misfit(reason=reason, planned=planned)
        else:
            yield from _line_misfits(requirement, planned, cwd=cwd)
    hashed = {line.name for line in (*asked, *install.constraints) if _hashes_of(line)}
    for planned in plan.files:
        if planned.requested and planned.project not in extras:
            yield Misfit(reason=f"it has {planned.pin}, which nobody asks for any more", planned=planned)
        if "--require-hashes" in install.plan_options and planned.project not in hashed:
            yield Misfit(reason=f"it has {planned.pin}, for which no --hash is given", planned=planned)


def constraint_misfits(
    plan: Plan, constraints: Iterable[Requirement], environment: Mapping[str, str], *, cwd: str
) -> Iterator[Misfit]:
    """Find constraints that the plan breaks; those of projects that it does not have count for nothing."""
    files = {planned.project: planned for planned in plan.files}
    for constraint in constraints:
        planned = files.get(constraint.name) if constraint.name else None
        if planned and applies(read_reference(constraint, cwd=cwd), environment):
            yield from _line_misfits(constraint, planned, cwd=cwd)


def _line_misfits(line: Requirement, planned: PlannedFile, *, cwd: str) -> Iterator[Misfit]:
    """Compare a requirement or constraint with the file of its project."""
    is_named = line.form is RequirementForm.NAMED
    if not (_admits(line, planned.version) if is_named else _is_same_reference(line, planned, cwd=cwd)):
        yield Misfit(reason=f"it has {planned.pin}, and not {line}", planned=planned)
    hashes = _hashes_of(line)
    if hashes and hashes.isdisjoint(planned.file.hashes.items()):
        reason = f"{planned.file.filename} has another hash there than {line}"
        yield Misfit(reason=reason, planned=planned)
    options = build_options_of(line)
    if planned.is_built_before and not set(options) <= set(planned.build_options):
        yield Misfit(reason=f"it has {planned.pin} without {' '.join(options)}", planned=planned)


def _is_installed(requirement: Requirement, installed: Mapping[ProjectName, InstalledProject]) -> bool:
    present = installed.get(requirement.name) if requirement.name else None
    is_named = requirement.form is RequirementForm.NAMED
    return present is not None and is_named and _admits(requirement, present.version)


def _admits(requirement: Requirement, version: str) -> bool:
    return ParsedRequirement(requirement.text).specifier.contains(version, prereleases=True)


def _is_same_reference(line: Requirement, planned: PlannedFile, *, cwd: str) -> bool:
    """Whether a line names the URL that the plan has, queries and logins aside, and the same revision."""
    url = read_reference(line, cwd=cwd).url
    if url is None or planned.direct_url is None:
        return False
    place, revision = without_revision(url)
    vcs_info = json.loads(planned.direct_url).get("vcs_info", {})
    return redact(place) == redact(planned.file.url) and revision == vcs_info.get("requested_revision")


def _normal(extras: Iterable[str]) -> frozenset[str]:
    return frozenset(map(project_name, extras))


def _hashes_of(line: Requirement) -> frozenset[tuple[str, str]]:
    words = (option.removeprefix(_HASH) for option in line.options if option.startswith(_HASH))
    pairs = (word.partition(":") for word in words)
    return frozenset((algorithm, digest.lower()) for algorithm, _, digest in pairs)
