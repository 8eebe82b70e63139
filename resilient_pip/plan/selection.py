"""Which part of a plan is still to be done, and which groups of it are wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from resilient_pip.errors import UsageError
from resilient_pip.model import Group, Plan, PlannedFile, ProjectName, Stage
from resilient_pip.plan.fit import graph_of
from resilient_pip.plan.graph import Dependencies
from resilient_pip.plan.report import InstalledProject


def outstanding(
    plan: Plan,
    installed: Mapping[ProjectName, InstalledProject],
    is_there: Callable[[PlannedFile, InstalledProject], bool],
) -> Plan:
    """Leave out what is installed as planned, and say of the rest what it replaces.

    Args:
        plan: the plan, made as for an empty environment.
        installed: what is installed in the target where pip looks at it.
        is_there: whether something installed is what is planned.
    """

    def left(group: Group) -> Group:
        files = []
        for planned in group.files:
            present = installed.get(planned.project)
            if present is None or not is_there(planned, present):
                files.append(replace(planned, replaces=present.version if present else None))
        return replace(group, files=tuple(files))

    groups = tuple(group for group in map(left, plan.groups) if group.files)
    satisfied = [
        f"{present.name} {present.version}"
        for planned in plan.files
        if planned.requested and (present := installed.get(planned.project)) and is_there(planned, present)
    ]
    return replace(plan, stages=_stages(groups), satisfied=tuple(satisfied))


def select(
    plan: Plan,
    names: Sequence[str],
    start: str | None,
    *,
    installed: Mapping[ProjectName, InstalledProject],
    environment: Mapping[str, str],
) -> Plan:
    """Keep the groups of the latest stage that are wanted, which need nothing of its others.

    Args:
        plan: the plan as far as it is made.
        names: groups that are wanted.
        start: the first of the groups that are wanted, all after it included; neither given: all.
        installed: what is installed in the target where pip looks at it.
        environment: marker variables of the target.

    Raises:
        UsageError: there is no such group; or a group needs what another one has to bring first.
    """
    if not names and start is None:
        return plan
    order = (*plan.order, *plan.later)
    for name in (*names, *filter(None, [start])):
        if name not in order:
            raise UsageError(message=f"there is no install group {name!r} in the plan {_known(plan)}")
    wanted = {*names, *(order[order.index(start) :] if start is not None else ())}
    chosen = tuple(group for group in plan.latest.groups if group.name in wanted)
    others = [group for group in plan.latest.groups if group not in chosen]
    later = tuple(name for name in plan.later if name in wanted)
    if later and others:
        message = (
            f"install group {later[0]!r} is planned once group {others[0].name!r} is installed: "
            "install that group first"
        )
        raise UsageError(message=message)
    _check_needs(chosen, others, graph_of(plan, installed, environment))
    return replace(plan, stages=(*plan.stages[:-1], Stage(groups=chosen)), later=later)


def _check_needs(chosen: Sequence[Group], others: Sequence[Group], graph: Dependencies) -> None:
    for group in chosen:
        needed = graph.closure(planned.project for planned in group.files)
        for other in others:
            missing = [planned for planned in other.files if planned.project in needed]
            if missing:
                there = f"{missing[0].replaces} is" if missing[0].replaces else "which is not"
                message = (
                    f"install group {group.name!r} needs {missing[0].pin} of group {other.name!r}, "
                    f"{there} installed: install that group first"
                )
                raise UsageError(message=message)


def _known(plan: Plan) -> str:
    """List the groups that there are, and why one may be missing that was there before."""
    replaced = [f"{planned.name} {planned.replaces}" for planned in plan.files if planned.replaces]
    why = (
        f"; {', '.join(replaced)} would be replaced, in one group with all that needs it" if replaced else ""
    )
    order = (*plan.order, *plan.later)
    return f"(there are {', '.join(order)}{why})" if order else "(it has none)"


def in_one_group(plan: Plan) -> Plan:
    """Join all groups, for what goes in one call of pip."""
    if len(plan.groups) <= 1:
        return plan
    first = plan.groups[0]
    requirements = tuple(requirement for group in plan.groups for requirement in group.requirements)
    group = replace(first, files=plan.files, requirements=requirements)
    return replace(plan, stages=_stages((group,)), order=(group.name,))


def _stages(groups: tuple[Group, ...]) -> tuple[Stage, ...]:
    return (Stage(groups=groups),) if groups else ()
