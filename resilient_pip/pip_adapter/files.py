"""Requirements and constraints files, read with pip's own parser and flattened."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pip._internal.exceptions import InstallationError
from pip._internal.req.req_file import (
    OptionParsingError,
    ParsedLine,
    RequirementsFileParseError,
    RequirementsFileParser,
    get_file_content,
    get_line_parser,
    handle_line,
    preprocess,
)

from resilient_pip.errors import UsageError
from resilient_pip.model import SourceLine, redact
from resilient_pip.pip_adapter.quiet import sentence
from resilient_pip.pip_adapter.remote_files import READING_FAILED, read_url

_REMOTE = ("http:", "https:", "file:")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementLine:
    """A line of a file that holds a requirement or constraint."""

    parsed: Any
    """pip's ParsedRequirement."""
    index_url: str | None
    """A per-line --index-url, on which pip itself does not act."""
    source: SourceLine


@dataclass(slots=True, kw_only=True)
class Files:
    """The files of one command line. Reading one changes pip's finder and option values as pip does it."""

    session: Any
    finder: Any
    values: Any
    texts: dict[str, str] = field(default_factory=dict)
    """The content of each file that was read, by the name that sources give it."""
    trusted_hosts: list[str] = field(default_factory=list)
    """What --trusted-host lines in the files say."""

    def read(self, filename: str, *, constraint: bool) -> Iterator[RequirementLine]:
        """Read a file, and those that it names, in order.

        Raises:
            UsageError: a file is missing or no text, or a line is wrong.
            SourceError: a file's URL cannot be read.
        """
        parser = _Parser(self, self.finder)
        for line in parser.lines(filename, constraint=constraint):
            parsed = handle_line(line, self.values, self.finder, self.session)
            if parsed is None:
                self.trusted_hosts.extend(line.opts.trusted_hosts or ())
                continue
            source = SourceLine(file=_shown(line.filename), line=line.lineno)
            yield RequirementLine(parsed=parsed, index_url=line.opts.index_url, source=source)

    def check_build_constraints(self, filename: str) -> None:
        """See that a file which pip's isolated builds read does not lead them past the gateway.

        Raises:
            UsageError: it names an index, or cannot be read.
            SourceError: its URL cannot be read.
        """
        for line in _Parser(self, None).lines(filename, constraint=True):
            opts = line.opts
            if line.requirement is None and (opts.index_url or opts.extra_index_urls or opts.find_links):
                source = SourceLine(file=_shown(line.filename), line=line.lineno)
                raise UsageError(message="a build constraints file cannot name an index", source=source)


class _Parser(RequirementsFileParser):  # type: ignore[misc]  # mypy does not follow imports of pip
    """pip's parser, which keeps each file's text and knows where an error stands."""

    def __init__(self, files: Files, finder: Any) -> None:
        super().__init__(files.session, get_line_parser(finder))
        self._retries: int = files.values.retries
        self._texts = files.texts
        self._at: SourceLine | None = None

    def lines(self, filename: str, *, constraint: bool) -> Iterator[Any]:
        """Yield pip's ParsedLine of every line, those of nested files included."""
        try:
            yield from self.parse(filename, constraint)
        except RequirementsFileParseError as error:  # files that name each other
            raise UsageError(message=sentence(str(error)), source=self._at) from error

    def _parse_file(self, filename: str, constraint: bool) -> Iterator[Any]:  # noqa: FBT001  # pip's signature
        name = _shown(filename)
        text = _content(filename, self._session, self._retries, self._at)
        self._texts[name] = text
        for number, line in preprocess(text):
            self._at = SourceLine(file=name, line=number)
            try:
                arguments, opts = self._line_parser(line)
            except OptionParsingError as error:
                message = sentence(error.msg.rpartition("error: ")[2])
                raise UsageError(message=message, source=self._at) from error
            yield ParsedLine(filename, number, arguments, opts, constraint)


def _content(filename: str, session: Any, retries: int, named_at: SourceLine | None) -> str:
    is_file_url = filename.lower().startswith("file:")
    try:
        if filename.lower().startswith(_REMOTE) and not is_file_url:
            return read_url(filename, session, retries=retries)
        return str(get_file_content(filename, session)[1])
    except InstallationError as error:
        cause = error.__context__
        reason = cause.strerror if isinstance(cause, OSError) else None
        message = f"{_shown(filename)}: {(reason or str(error)).lower().replace(' or directory', '')}"
        raise UsageError(message=message, source=named_at) from error
    except READING_FAILED as error:  # a file: URL, for which pip answers with an HTTP status of its own
        raise UsageError(message=f"{_shown(filename)}: no such file", source=named_at) from error
    except (ValueError, LookupError) as error:  # bytes that are no text, an encoding or URL that is none
        message = f"{_shown(filename)}: it cannot be read: {error}"
        raise UsageError(message=message, source=named_at) from error


def _shown(filename: str) -> str:
    """Name a file as the user would: pip makes the names of nested files absolute."""
    if filename.lower().startswith(_REMOTE):
        with contextlib.suppress(ValueError):
            return redact(filename)
        return sentence(filename)
    path, here = Path(filename), Path.cwd()
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else filename
