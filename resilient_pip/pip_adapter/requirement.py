"""pip's own constructors say what a requirement is: name, extras, marker, and where its file comes from."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pip._internal.exceptions import PipError
from pip._internal.req.constructors import (
    install_req_from_editable,
    install_req_from_line,
    install_req_from_parsed_requirement,
    install_req_from_req_string,
)
from pip._internal.req.req_dependency_group import parse_dependency_groups

from resilient_pip.errors import UsageError
from resilient_pip.model import (
    NO_DIRECTIVE,
    Directive,
    Requirement,
    RequirementForm,
    SourceLine,
    project_name,
)
from resilient_pip.pip_adapter.command_line import CommandLine
from resilient_pip.pip_adapter.files import RequirementLine
from resilient_pip.pip_adapter.quiet import in_a_sentence, sentence
from resilient_pip.requirements.directives import read_index_url


def from_command_line(line: CommandLine, groups: list[tuple[str, str]]) -> Iterator[Requirement]:
    """Yield the requirements of the words, groups of projects and editables, in pip's order.

    Raises:
        UsageError: pip makes nothing of one.
    """
    values = line.values
    settings = values.config_settings
    for argument in line.arguments:
        if argument.strip():
            with refusing(argument):
                made = install_req_from_line(argument, user_supplied=True, config_settings=settings)
            yield requirement_of(made, text=argument.strip(), settings=settings)
    for text in parse_dependency_groups(groups):
        yield requirement_of(install_req_from_req_string(text, user_supplied=True), text=text)
    for argument in values.editables:
        with refusing(argument):
            made = install_req_from_editable(argument, user_supplied=True, config_settings=settings)
        yield requirement_of(made, text=argument, settings=settings)


def from_file(line: RequirementLine) -> tuple[Requirement, bool]:
    """Make the requirement of a line, and say whether it is a constraint.

    Raises:
        UsageError: pip makes nothing of it.
    """
    parsed, source = line.parsed, line.source
    options = parsed.options or {}
    settings = options.get("config_settings")
    with refusing(parsed.requirement, source):
        made = install_req_from_parsed_requirement(parsed, user_supplied=True, config_settings=settings)
    read = requirement_of(
        made,
        text=parsed.requirement.strip(),
        settings=settings,
        hashes=options.get("hashes"),
        source=source,
        directive=NO_DIRECTIVE if parsed.constraint else _line_directive(line),
    )
    return read, parsed.constraint


def _line_directive(line: RequirementLine) -> Directive:
    """Take `torch --index-url URL` for what it says; pip reads the option there and forgets it."""
    if line.index_url is None:
        return NO_DIRECTIVE
    try:
        return Directive(index_url=read_index_url(line.index_url), source=line.source)
    except ValueError as error:
        raise UsageError(message=f"--index-url: {error}", source=line.source) from error


@contextlib.contextmanager
def refusing(text: str, source: SourceLine | None = None) -> Iterator[None]:
    """Say of which requirement it is that pip makes nothing.

    Raises:
        UsageError: pip makes nothing of it.
    """
    try:
        yield
    except PipError as error:
        raise UsageError(message=in_a_sentence(error), source=source) from error
    except ValueError as error:  # before 26.2 pip lets a bad marker through as this
        message = sentence(f"Invalid requirement: {text!r}: {error}")
        raise UsageError(message=message, source=source) from error


def requirement_of(
    made: Any,
    *,
    text: str,
    settings: Mapping[str, str | list[str]] | None = None,
    hashes: Mapping[str, list[str]] | None = None,
    source: SourceLine | None = None,
    directive: Directive = NO_DIRECTIVE,
) -> Requirement:
    """Make our value of pip's InstallRequirement.

    Args:
        made: pip's.
        text: the requirement as it is written.
        settings: its --config-settings.
        hashes: its hashes by algorithm.
        source: where it stands.
        directive: what its line says beyond pip.

    Raises:
        UsageError: it names a local file that is not there.
    """
    form = _form(made)
    applies = made.match_markers()
    if form is RequirementForm.LOCAL and applies and not Path(made.link.file_path).exists():
        raise UsageError(message=f"{made.link.file_path}: no such file", source=source)
    return Requirement(
        # pip splits the words behind -e as a shell does, but takes other requirements as they are.
        text=shlex.quote(text) if made.editable else text,
        form=form,
        name=project_name(made.name) if made.name else None,
        extras=frozenset(made.extras),
        applies=applies,
        options=(*_hash_words(hashes or {}), *_setting_words(settings or {})),
        source=source,
        directive=directive,
    )


def _form(made: Any) -> RequirementForm:
    if made.editable:
        return RequirementForm.EDITABLE
    if made.link is None:
        return RequirementForm.NAMED
    if made.link.is_vcs:
        return RequirementForm.VCS
    return RequirementForm.LOCAL if made.link.is_file else RequirementForm.DIRECT


def _hash_words(hashes: Mapping[str, list[str]]) -> Iterator[str]:
    for algorithm, digests in hashes.items():
        for digest in digests:
            yield f"--hash={algorithm}:{digest}"


def _setting_words(settings: Mapping[str, str | list[str]]) -> Iterator[str]:
    for key, value in settings.items():
        for one in [value] if isinstance(value, str) else value:
            yield f"--config-settings={shlex.quote(f'{key}={one}')}"
