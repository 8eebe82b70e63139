"""A failure together with its place in the run: what the failure block is made of."""

from __future__ import annotations

from resilient_pip.errors import ResilientPipError
from resilient_pip.model import Failure, Group, Phase, Plan, PlannedFile, Requirement


class RunFailed(Exception):
    """The run cannot go on; carries the error and where it happened."""

    def __init__(self, error: ResilientPipError, failure: Failure) -> None:
        super().__init__(str(error))
        self.error = error
        self.failure = failure


def locate(
    plan: Plan, phase: Phase, *, planned: PlannedFile | None = None, group: Group | None = None, kept: int = 0
) -> Failure:
    """Find the place of a file or group in the plan.

    Args:
        plan: the plan that is carried out.
        phase: what was being done.
        planned: the file that failed, where it was one.
        group: the group that failed; found from the file where not given.
        kept: bytes of the file that stay for the next run.
    """
    groups = plan.groups
    if group is None and planned is not None:
        group = next((each for each in groups if planned in each.files), None)
    return Failure(
        phase=phase,
        group=group.name if group else None,
        group_number=groups.index(group) + 1 if group else None,
        group_count=len(groups) if group else None,
        package=f"{planned.name} {planned.version}" if planned else None,
        filename=planned.file.filename if planned else None,
        size=planned.file.size if planned else None,
        url=planned.file.safe_url if planned else None,
        kept=kept,
        requirement=_asked_for(group, planned),
    )


def _asked_for(group: Group | None, planned: PlannedFile | None) -> Requirement | None:
    """Find the user's line that led to a file: its own, or the only one of its group."""
    requirements = group.requirements if group else ()
    own = [each for each in requirements if planned is not None and each.name == planned.project]
    if own:
        return own[0]
    return requirements[0] if len(requirements) == 1 else None
