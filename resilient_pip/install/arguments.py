"""What the install child of one group is told: requirement lines, constraint lines, words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from resilient_pip.model import Group, PlannedFile, Requirement, RequirementForm
from resilient_pip.plan.matching import extras_of

ONLINE = frozenset({RequirementForm.LOCAL, RequirementForm.EDITABLE})
"""Forms that only the install child itself can build, so that it needs an index for build requirements."""

_BY_URL = frozenset({RequirementForm.DIRECT, RequirementForm.VCS})

ALWAYS = (
    "--root-user-action=ignore",
    "--pre",  # whether a pre-release may be chosen was decided by the plan
)


def requirement_lines(group: Group, planned: Iterable[PlannedFile]) -> list[str]:
    """List what the child is asked for: exactly what the user asked for among the group's projects.

    pip marks every project that it is asked for as REQUESTED, so a file that is there for a dependency only
    is left to pip's resolver. A requirement whose project is installed already is named where this group
    brings what it lacks (a new extra, say); pip does not touch the project then.

    Args:
        group: what is to be installed.
        planned: all files of the plan.
    """
    projects = {file.project for file in planned}
    lines = [_line(file) for file in group.files if file.requested]
    satisfied = [requirement for requirement in group.requirements if requirement.name not in projects]
    return lines + list(_satisfied_lines(satisfied))


def constraint_lines(group: Group, planned: Iterable[PlannedFile]) -> list[str]:
    """Pin every planned project, as a group may meet those of the groups before it.

    A project of this group that comes by URL is pinned to the URL: a dependency on its name must lead there.
    Once installed it is pinned by version, else pip would install a local archive again. What is built from a
    folder is not pinned: its version may hold the time of the build.
    """
    own = {file.project for file in group.files}
    return [
        f"{file.name} @ {file.reference}" if file.project in own and file.form in _BY_URL else file.pin
        for file in planned
        if file.form not in ONLINE
    ]


def is_online(group: Group) -> bool:
    """Whether the child needs the gateway, because it builds from a folder."""
    return any(file.form in ONLINE for file in group.files)


def words(
    group: Group, options: Sequence[str], *, requirements: Path, constraints: Path, links: Path, cache: Path
) -> tuple[str, ...]:
    """Put together the words after the pip program.

    Not --no-deps, which would mark everything REQUESTED, and not --force-reinstall. Hashes, format and
    release control, the user's constraints and -U did their work in the plan; everything here is pinned.

    Args:
        group: what is to be installed.
        options: the user's words for the pip that installs.
        requirements: the file with `requirement_lines`.
        constraints: the file with `constraint_lines`.
        links: the folder with the group's wheels under their names.
        cache: the private pip cache that holds what comes by URL.
    """
    return (
        "install",
        *ALWAYS,
        *options,
        *(() if is_online(group) else ("--no-index",)),
        f"--find-links={links}",
        f"--cache-dir={cache}",
        f"--constraint={constraints}",
        f"--requirement={requirements}",
    )


def _line(planned: PlannedFile) -> str:
    extras = f"[{','.join(sorted(planned.extras))}]" if planned.extras else ""
    match planned.form:
        case RequirementForm.NAMED:
            return f"{planned.name}{extras}=={planned.version}"
        case RequirementForm.DIRECT | RequirementForm.VCS:
            return f"{planned.name}{extras} @ {planned.reference}"
        case RequirementForm.LOCAL:
            return " ".join((planned.reference or planned.file.url, *planned.build_options))
        case RequirementForm.EDITABLE:
            return " ".join(("-e", planned.reference or planned.file.url, *planned.build_options))


def _satisfied_lines(requirements: Sequence[Requirement]) -> Iterator[str]:
    for name, extras in extras_of(requirements).items():
        yield f"{name}[{','.join(sorted(extras))}]" if extras else name
