"""How patient each transfer of the plan is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from resilient_pip.model import NO_DIRECTIVE, Directive, PlannedFile, Requirement, Terms
from resilient_pip.policy.deadlines import usual_terms
from resilient_pip.settings import Settings


def with_terms(
    files: Iterable[PlannedFile], requirements: Sequence[Requirement], settings: Settings
) -> tuple[PlannedFile, ...]:
    """Give every file its time-out and number of tries.

    A directive's hold for the file of its requirement and for those that its `also` names; what it does not
    say is as for every file.

    Args:
        files: all planned files.
        requirements: with names.
        settings: what holds for every file.
    """
    return tuple(
        replace(planned, terms=terms_of(planned.file.size, _directive(planned, requirements), settings))
        for planned in files
    )


def terms_of(size: int | None, directive: Directive, settings: Settings) -> Terms:
    """Say how patient the transfer of a file of that size is, for which a directive holds."""
    terms = usual_terms(size, settings)
    if directive.timeout_s is not None:
        terms = replace(terms, limit_s=directive.timeout_s, hard=True)
    if directive.retries is not None:
        terms = replace(terms, tries=directive.retries)
    return terms


def with_own_terms(files: Iterable[PlannedFile], settings: Settings) -> tuple[PlannedFile, ...]:
    """Let what a run says itself (--package-timeout, --tries) beat what its plan had said before."""
    usual = Settings()
    changed: dict[str, Any] = {}
    if settings.package_timeout_s is not None:
        changed |= {"limit_s": settings.package_timeout_s, "hard": True}
    if settings.tries != usual.tries:
        changed["tries"] = settings.tries
    return tuple(
        replace(planned, terms=replace(planned.terms, **changed)) if planned.terms else planned
        for planned in files
    )


def _directive(planned: PlannedFile, requirements: Sequence[Requirement]) -> Directive:
    own = (item.directive for item in requirements if item.name == planned.project)
    also = (
        item.directive
        for item in requirements
        if any(fnmatchcase(planned.project, glob) for glob in item.directive.also)
    )
    return next((found for found in (*own, *also) if found != NO_DIRECTIVE), NO_DIRECTIVE)
