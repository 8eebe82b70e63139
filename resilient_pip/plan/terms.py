"""How patient each transfer of the plan is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from resilient_pip.model import NO_DIRECTIVE, Directive, PlannedFile, Requirement
from resilient_pip.settings import Settings


def with_terms(
    files: Iterable[PlannedFile],
    requirements: Sequence[Requirement],
    *,
    settings: Settings,
    limit_s: Callable[[int | None], float | None],
) -> tuple[PlannedFile, ...]:
    """Give every file its time-out and number of tries.

    A directive's hold for the file of its requirement and for those that its `also` names; then comes the
    setting for every package; then the soft limit that follows from the size.

    Args:
        files: all planned files.
        requirements: with names.
        settings: `package_timeout_s` is the user's limit for each package.
        limit_s: the soft limit for a size in bytes.
    """
    return tuple(_with_terms(planned, requirements, settings, limit_s) for planned in files)


def _with_terms(
    planned: PlannedFile,
    requirements: Sequence[Requirement],
    settings: Settings,
    limit_s: Callable[[int | None], float | None],
) -> PlannedFile:
    directive = _directive(planned, requirements)
    hard_s = directive.timeout_s or settings.package_timeout_s
    return replace(
        planned,
        limit_s=limit_s(planned.file.size) if hard_s is None else hard_s,
        hard_limit=hard_s is not None,
        tries=directive.retries,
    )


def _directive(planned: PlannedFile, requirements: Sequence[Requirement]) -> Directive:
    own = (item.directive for item in requirements if item.name == planned.project)
    also = (
        item.directive
        for item in requirements
        if any(fnmatchcase(planned.project, glob) for glob in item.directive.also)
    )
    return next((found for found in (*own, *also) if found != NO_DIRECTIVE), NO_DIRECTIVE)
