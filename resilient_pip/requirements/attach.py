"""Give each requirement its directive, and see that no two of them contradict each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from resilient_pip.errors import UsageError
from resilient_pip.model import NO_DIRECTIVE, Directive, ProjectName, Requirement, RequirementForm, SourceLine
from resilient_pip.requirements.directives import parse_directives


def attach_directives(
    requirements: Sequence[Requirement],
    *,
    texts: Mapping[str, str],
    environ: Mapping[str, str],
) -> tuple[Requirement, ...]:
    """Add what the comments in the files say to the requirements that were read from them.

    Args:
        requirements: as pip read them; one with a per-line --index-url has it as its directive already.
        texts: the content of every file that was read, by the name that sources give it.
        environ: for `${NAME}` in a directive.

    Raises:
        UsageError: a directive is malformed or holds for nothing; two hold for one name.
    """
    found: dict[SourceLine, Directive] = {}
    for file, text in texts.items():
        lines = {one.source.line for one in requirements if one.source and one.source.file == file}
        held = parse_directives(text, file=file, requirement_lines=lines, environ=environ)
        found.update({SourceLine(file=file, line=number): directive for number, directive in held.items()})
    attached = tuple(
        replace(one, directive=_merge(one.directive, found[one.source])) if one.source in found else one
        for one in requirements
    )
    _check_names(attached)
    _check_groups(attached)
    _check_routes(attached)
    return attached


def _merge(own: Directive, comment: Directive) -> Directive:
    """Join a per-line --index-url and a comment."""
    if own.index_url is None or own.index_url == comment.index_url:
        return comment
    if comment.index_url is not None:
        message = f"the line's --index-url differs from the index-url of {comment.source}"
        raise UsageError(message=message, source=own.source)
    return replace(comment, index_url=own.index_url)


def _check_names(requirements: Sequence[Requirement]) -> None:
    seen: dict[ProjectName, Directive] = {}
    for one in requirements:
        if one.name is None or one.directive == NO_DIRECTIVE:
            continue
        first = seen.setdefault(one.name, one.directive)
        if first != one.directive:
            message = f"{one.name} is under two directives, this one and that of {first.source}"
            raise UsageError(message=message, source=one.directive.source)


def _check_groups(requirements: Sequence[Requirement]) -> None:
    """Refuse a group that is planned later in part."""
    first: dict[str, Directive] = {}
    for directive in (one.directive for one in requirements):
        if directive.group is None:
            continue
        other = first.setdefault(directive.group, directive)
        if other.no_build_isolation != directive.no_build_isolation:
            message = (
                f"group {directive.group!r} is marked no-build-isolation in one of two places, "
                f"this one and {other.source}: mark both, or name one of them differently"
            )
            raise UsageError(message=message, source=directive.source)


def _check_routes(requirements: Sequence[Requirement]) -> None:
    """Refuse an index-url over requirements that come from no index anyway."""
    routing = {one.directive for one in requirements if one.directive.index_url}
    useful = {one.directive for one in requirements if one.form is RequirementForm.NAMED}
    for directive in routing - useful:
        if not directive.also:
            message = "index-url holds for nothing: the requirement says itself where it comes from"
            raise UsageError(message=message, source=directive.source)
