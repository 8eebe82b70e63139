"""Requirements and constraints files, read with pip's own parser and flattened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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
from pip._internal.utils.urls import url_to_path

from resilient_pip.errors import UsageError
from resilient_pip.model import SourceLine, UnreadFile, redact
from resilient_pip.pip_adapter.quiet import sentence

_REMOTE = ("http:", "https:")
URL_SCHEMES = (*_REMOTE, "file:")
"""What the names of files begin with that are URLs, in lower case."""


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

    finder: Any
    values: Any
    fetched: Mapping[str, str]
    """The texts of files behind URLs, as far as they are here."""
    unread: dict[str, UnreadFile] = field(default_factory=dict)
    """The others that were met, by URL; they are taken for empty."""
    texts: dict[str, str] = field(default_factory=dict)
    """The content of each file that was read, by the name that sources give it."""
    trusted_hosts: list[str] = field(default_factory=list)
    """What --trusted-host lines in the files say."""

    def read(self, filename: str, *, constraint: bool) -> Iterator[RequirementLine]:
        """Read a file, and those that it names, in order.

        Raises:
            UsageError: a file is missing or no text, or a line is wrong.
        """
        parser = _Parser(self, self.finder)
        for line in parser.lines(filename, constraint=constraint):
            parsed = handle_line(line, self.values, self.finder)
            if parsed is None:
                self.trusted_hosts.extend(line.opts.trusted_hosts or ())
                continue
            source = SourceLine(file=shown_name(line.filename), line=line.lineno)
            yield RequirementLine(parsed=parsed, index_url=line.opts.index_url, source=source)

    def text(self, filename: str) -> str | None:
        """Give the content of a file of another format; None where its URL was not fetched yet.

        Raises:
            UsageError: the file is missing or no text.
        """
        text = _content(filename, self, None)
        return None if filename in self.unread else text

    def build_constraints(self, filename: str) -> tuple[str, ...] | None:
        """Read a file for pip's isolated builds, which must not lead them past the gateway.

        Returns:
            Its lines and those of the files that it names; None where all are local, so that pip can read it.

        Raises:
            UsageError: it names an index, or cannot be read.
        """
        parser = _Parser(self, None)
        lines = []
        for line in parser.lines(filename, constraint=True):
            opts = line.opts
            lines.append(parser.written[line.filename, line.lineno])
            if line.requirement is None and (opts.index_url or opts.extra_index_urls or opts.find_links):
                source = SourceLine(file=shown_name(line.filename), line=line.lineno)
                raise UsageError(message="a build constraints file cannot name an index", source=source)
        return tuple(lines) if any(name.lower().startswith(URL_SCHEMES) for name in parser.names) else None


class _Parser(RequirementsFileParser):  # type: ignore[misc]  # mypy does not follow imports of pip
    """pip's parser, which keeps each file's text and knows where an error stands."""

    def __init__(self, files: Files, finder: Any) -> None:
        super().__init__(None, get_line_parser(finder))
        self._files = files
        self._at: SourceLine | None = None
        self.names: set[str] = set()
        """The files that were read, as pip names them."""
        self.written: dict[tuple[str, int], str] = {}
        """Each line by its file and number."""

    def lines(self, filename: str, *, constraint: bool) -> Iterator[Any]:
        """Yield pip's ParsedLine of every line, those of nested files included."""
        try:
            yield from self.parse(filename, constraint)
        except RequirementsFileParseError as error:  # files that name each other
            raise UsageError(message=sentence(str(error)), source=self._at) from error

    def _parse_file(self, filename: str, constraint: bool) -> Iterator[Any]:  # noqa: FBT001 - pip's signature
        name = shown_name(filename)
        text = _content(filename, self._files, self._at)
        self._files.texts[name] = text
        self.names.add(filename)
        for number, line in preprocess(text):
            self._at = SourceLine(file=name, line=number)
            self.written[filename, number] = line
            try:
                arguments, opts = self._line_parser(line)
            except OptionParsingError as error:
                message = sentence(error.msg.rpartition("error: ")[2])
                raise UsageError(message=message, source=self._at) from error
            _take_features(opts)
            yield ParsedLine(filename, number, arguments, opts, constraint)


def _take_features(opts: Any) -> None:
    """Take --use-feature off the list that pip's line parser adds to for as long as the process lives."""
    taken = list(opts.features_enabled)
    opts.features_enabled.clear()
    opts.features_enabled = taken


def _content(filename: str, files: Files, named_at: SourceLine | None) -> str:
    try:
        if filename.lower().startswith(_REMOTE):
            return _fetched(filename, files, named_at)
        path = url_to_path(filename) if filename.lower().startswith("file:") else filename
        return str(get_file_content(path, None)[1])
    except InstallationError as error:
        cause = error.__context__
        reason = cause.strerror if isinstance(cause, OSError) else None
        message = f"{shown_name(filename)}: {(reason or str(error)).lower().replace(' or directory', '')}"
        raise UsageError(message=message, source=named_at) from error
    except (ValueError, LookupError) as error:  # bytes that are no text, an encoding or URL that is none
        message = f"{shown_name(filename)}: it cannot be read: {error}"
        raise UsageError(message=message, source=named_at) from error


def _fetched(url: str, files: Files, named_at: SourceLine | None) -> str:
    parts = urlsplit(url)
    if not parts.hostname or parts.port == 0:  # a port that is none raises ValueError by itself
        raise ValueError("a URL without a host or port")
    if url not in files.fetched:
        files.unread.setdefault(url, UnreadFile(url=url, source=named_at))
    return files.fetched.get(url, "")


def shown_name(filename: str) -> str:
    """Name a file as the user would: pip makes the names of nested files absolute."""
    if filename.lower().startswith(URL_SCHEMES):
        return redact(filename)
    path, here = Path(filename), Path.cwd()
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else filename
