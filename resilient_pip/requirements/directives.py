"""The `# resilient-pip:` comments of one requirements file: text in, directives by line number out.

    # resilient-pip: group=torch index-url=https://download.pytorch.org/whl/cpu also=nvidia-* timeout=900
    torch
    torchvision

    transformers>=4.30.0   # resilient-pip: group=nlp

On a line of its own a directive holds for the requirements below it, up to a blank line, the next such
directive or the end of the file, not into nested files; behind a requirement it holds for that one. Lines
are joined and comments found as pip does it (`pip._internal.req.req_file`), so pip skips what this reads.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from resilient_pip.errors import UsageError
from resilient_pip.model import NO_DIRECTIVE, Directive, SourceLine
from resilient_pip.units import parse_seconds

_COMMENT = re.compile(r"(^|\s+)#.*$")
_MARK = re.compile(r"\s*#\s*resilient-pip\s*:(?P<words>.*)", re.IGNORECASE)
_MARK_WITHOUT_COLON = re.compile(r"\s*#\s*resilient-pip\s+[\w-]+=", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_NO_BUILD_ISOLATION = "no-build-isolation"


def parse_directives(
    text: str,
    *,
    file: str,
    requirement_lines: Collection[int],
    environ: Mapping[str, str],
) -> dict[int, Directive]:
    """Find which requirement lines are under which directive.

    Args:
        text: the file's content.
        file: the file's name, for messages.
        requirement_lines: numbers of the lines on which, as pip read the file, a requirement starts.
        environ: where `${NAME}` in a value is looked up; an unknown name stays as it is, as in pip.

    Raises:
        UsageError: a directive is malformed or holds for nothing, or two hold for one line.
    """
    held: dict[int, Directive] = {}
    block: Directive | None = None
    for line in _logical_lines(text):
        if line.comment is None and not line.body:
            _check_holds(block, held)
            block = None
        words = _directive_words(line, file)
        if words is None:
            if block and line.number in requirement_lines:
                held[line.number] = block
            continue
        directive = read_directive(words, source=_source(line, file), environ=environ)
        if not line.body:
            _check_holds(block, held)
            block = directive
            continue
        if line.number in requirement_lines:
            held[line.number] = directive
        _check_holds(directive, held)
        if block:
            message = f"the requirement is under two directives, this one and that of {block.source}"
            raise UsageError(message=message, source=directive.source)
    _check_holds(block, held)
    return held


def read_directive(words: str, *, source: SourceLine, environ: Mapping[str, str]) -> Directive:
    """Read what stands behind `# resilient-pip:`: `key=value` words, quoted as in a shell.

    Raises:
        UsageError: a key is unknown or given twice, or its value is missing or bad.
    """
    try:
        pairs = [word.partition("=") for word in shlex.split(words)]
    except ValueError as error:
        raise UsageError(message=f"directive: {str(error).lower()}", source=source) from None
    fields: dict[str, Any] = {}
    for key, equals, value in pairs:
        name, given = _read_word(key, equals, _expand(value, environ), source)
        if name in fields:
            raise UsageError(message=f"directive: {key} is given twice", source=source)
        fields[name] = given
    if not fields:
        raise UsageError(message="directive: it says nothing", source=source)
    if "also" in fields and "index_url" not in fields:
        raise UsageError(message="directive: also= needs an index-url=", source=source)
    return replace(NO_DIRECTIVE, source=source, **fields)


def read_index_url(text: str) -> str:
    """Check the URL of an index that names are routed to.

    Raises:
        ValueError: it is no http, https or file URL. The message does not repeat it: it may hold a password.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https", "file"} or not (parts.netloc or parts.scheme == "file"):
        raise ValueError("an index is an http, https or file URL")
    return text


def _read_word(key: str, equals: str, value: str, source: SourceLine) -> tuple[str, Any]:
    if key == _NO_BUILD_ISOLATION:
        if equals:
            raise UsageError(message=f"directive: {key} takes no value", source=source)
        return "no_build_isolation", True
    if key not in _KEYS:
        known = ", ".join((*_KEYS, _NO_BUILD_ISOLATION))
        raise UsageError(message=f"directive: there is no key {key!r} (there are {known})", source=source)
    if not value:
        raise UsageError(message=f"directive: {key} has no value", source=source)
    name, read = _KEYS[key]
    try:
        return name, read(value)
    except ValueError as error:
        raise UsageError(message=f"directive: {key}: {error}", source=source) from None


def _group(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError(f"{text!r} is no name")
    return text


def _globs(text: str) -> tuple[str, ...]:
    """Read "nvidia-*,triton" as globs of normalised names (PEP 503)."""
    globs = tuple(re.sub(r"[-_.]+", "-", part.strip()).lower() for part in text.split(","))
    if not all(globs):
        raise ValueError(f"{text!r} has an empty part")
    return globs


def _seconds(text: str) -> float:
    seconds = parse_seconds(text)
    if seconds == 0:
        raise ValueError(f"{text!r} leaves no time")
    return seconds


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{text!r} is no number from 1 on")
    return int(text)


_KEYS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "group": ("group", _group),
    "index-url": ("index_url", read_index_url),
    "also": ("also", _globs),
    "timeout": ("timeout_s", _seconds),
    "retries": ("retries", _count),
}


def _expand(value: str, environ: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: environ.get(found[1]) or found[0], value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line as pip sees it: physical lines joined, split into what counts and the comment behind it."""

    number: int
    body: str
    comment: str | None
    physical: tuple[str, ...]


def _logical_lines(text: str) -> Iterator[_Line]:
    start, parts = 1, list[str]()
    for number, line in enumerate((*text.splitlines(), None), start=1):
        if line is not None:
            parts.append(line)
            if line.endswith("\\") and not _COMMENT.match(line):
                continue
        if parts:
            yield _join(start, parts)
        start, parts = number + 1, []


def _join(number: int, parts: list[str]) -> _Line:
    *continued, last = parts
    # A comment line ends a continuation, and pip takes it for a comment behind the joined line.
    ending = f" {last}" if _COMMENT.match(last) else last
    joined = "".join(part.strip("\\") for part in continued) + ending
    found = _COMMENT.search(joined)
    body = joined[: found.start()] if found else joined
    return _Line(
        number=number,
        body=body.strip(" \t\\"),
        comment=found[0] if found else None,
        physical=tuple(parts),
    )


def _directive_words(line: _Line, file: str) -> str | None:
    found = _MARK.match(line.comment or "")
    if found:
        return found["words"]
    if _MARK_WITHOUT_COLON.match(line.comment or ""):
        raise UsageError(message="directive: write '# resilient-pip:'", source=_source(line, file))
    return None


def _source(line: _Line, file: str) -> SourceLine:
    """Name the physical line that the comment begins on."""
    offsets = (offset for offset, part in enumerate(line.physical) if _COMMENT.search(part))
    return SourceLine(file=file, line=line.number + next(offsets, 0))


def _check_holds(directive: Directive | None, held: Mapping[int, Directive]) -> None:
    if directive and not any(one is directive for one in held.values()):
        message = "directive: it holds for nothing (it belongs behind or above requirements of the same file)"
        raise UsageError(message=message, source=directive.source)
