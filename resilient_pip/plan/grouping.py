"""Which files are installed together, and in which order.

The rule: explicit groups where the user made some; else neighbours together up to a size. Each group has what
its requirements need and no earlier group has, so no group ever needs a file of a later one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from resilient_pip.model import Group, PlannedFile, ProjectName, Requirement
from resilient_pip.plan.graph import Dependencies


@dataclass(slots=True)
class _Draft:
    """A group in the making."""

    label: str | None
    """The name that a directive gives; None for neighbours that share a group by size."""
    requirements: list[Requirement] = field(default_factory=list)
    projects: set[ProjectName] = field(default_factory=set)
    size: int = 0

    def admits(self, label: str | None, size: int, *, group_size: int) -> bool:
        """Whether a requirement with that label and that much to download belongs here."""
        if self.label is not None or label is not None:
            return self.label == label
        return self.size + size <= group_size


def make_groups(
    requirements: Sequence[Requirement],
    files: Sequence[PlannedFile],
    dependencies: Dependencies,
    *,
    group_size: int,
    one_call: bool = False,
) -> tuple[Group, ...]:
    """Divide the files into groups, in the order in which they are installed.

    Args:
        requirements: what the user asked for, in file order, with names.
        files: all planned files.
        dependencies: who needs whom, among planned and installed projects.
        group_size: bytes up to which neighbours share a group.
        one_call: whether there may be one group only.
    """
    if not files:
        return ()
    if one_call:
        labels = {requirement.directive.group for requirement in requirements}
        label = labels.pop() if len(labels) == 1 else None
        drafts = [_Draft(label, requirements=list(requirements), projects={each.project for each in files})]
    else:
        drafts = _drafts(requirements, files, dependencies, group_size)
    names = _names(drafts, files)
    return tuple(
        Group(
            name=name,
            files=tuple(planned for planned in files if planned.project in draft.projects),
            requirements=tuple(draft.requirements),
        )
        for name, draft in zip(names, drafts, strict=True)
    )


def group_order(
    requirements: Iterable[Requirement], groups: Sequence[Group], satisfied: Collection[ProjectName]
) -> tuple[str, ...]:
    """Name all groups in their order, with those that are installed already by the name they would have.

    Args:
        requirements: what the user asked for, in file order, with names.
        groups: what is to be installed.
        satisfied: projects that the user asked for and that need nothing any more.
    """
    group_of = {requirement: group.name for group in groups for requirement in group.requirements}
    names = [
        group_of.get(requirement) or requirement.directive.group or requirement.name
        for requirement in _in_order(requirements)
        if requirement in group_of or requirement.name in satisfied
    ]
    return tuple(dict.fromkeys([*filter(None, names), *(group.name for group in groups)]))


def _drafts(
    requirements: Sequence[Requirement],
    files: Sequence[PlannedFile],
    dependencies: Dependencies,
    group_size: int,
) -> list[_Draft]:
    left = {planned.project: planned.file.size or 0 for planned in files}
    replaced = {planned.project for planned in files if planned.replaces}
    with_replaced = dependencies.closure(replaced)
    drafts: list[_Draft] = []

    def add(label: str | None, causes: list[Requirement], projects: Collection[ProjectName]) -> None:
        size = sum(left.pop(project) for project in projects)
        if not drafts or not drafts[-1].admits(label, size, group_size=group_size):
            drafts.append(_Draft(label))
        drafts[-1].requirements += causes
        drafts[-1].projects.update(projects)
        drafts[-1].size += size

    for requirement in _in_order(requirements):
        if requirement.name is None:
            continue
        needed = dependencies.closure([requirement.name])
        if not needed.isdisjoint(replaced):
            # What is replaced goes together: an installed project must never wait for its new dependency.
            needed |= with_replaced
        if projects := needed & left.keys():
            add(requirement.directive.group, [requirement], projects)
    if left:
        # Only pip knows what needs them: a requirement that seems to need nothing.
        explained = [requirement for draft in drafts for requirement in draft.requirements]
        add(None, [requirement for requirement in requirements if requirement not in explained], [*left])
    return drafts


def _in_order(requirements: Iterable[Requirement]) -> list[Requirement]:
    """Keep the file's order, but draw the members of an explicit group together where it first appears."""
    units: dict[str | int, list[Requirement]] = {}
    for number, requirement in enumerate(requirements):
        group = requirement.directive.group
        units.setdefault(number if group is None else group, []).append(requirement)
    return [requirement for members in units.values() for requirement in members]


def _names(drafts: Sequence[_Draft], files: Sequence[PlannedFile]) -> list[str]:
    """Name each group after its directive, else after its first requirement."""
    used = {draft.label for draft in drafts if draft.label is not None}
    names = []
    for draft in drafts:
        if draft.label is not None:
            names.append(draft.label)
            continue
        first = next((requirement.name for requirement in draft.requirements if requirement.name), None)
        name = unique(first or _first(draft, files), used)
        used.add(name)
        names.append(name)
    return names


def _first(draft: _Draft, files: Iterable[PlannedFile]) -> ProjectName:
    return next(planned.project for planned in files if planned.project in draft.projects)


def unique(name: str, used: Collection[str]) -> str:
    """Give the name, with a number behind it where it is used."""
    suffix = 1
    candidate = name
    while candidate in used:
        suffix += 1
        candidate = f"{name}-{suffix}"
    return candidate
