"""A Dockerfile as BuildKit reads it: instructions, each character of which can be found in the file again.

The rules are those of BuildKit's frontend/dockerfile/parser; tests/properties/test_lint.py compares them with
a port of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from resilient_pip.lint_command.excerpt import Excerpt, excerpt_of, joined

_LINES = re.compile(r"[^\n]*\n|[^\n]+\Z")
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*\Z")
_DIRECTIVES = frozenset({"syntax", "escape", "check"})
_HEREDOC = re.compile(r"\d*<<(-?)[\t\n\f\r ]*([^<]+)\Z")
_WORD = re.compile(r"""(?:[^"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+\Z""")
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_WITH_HEREDOCS = frozenset({"RUN", "COPY", "ADD"})
_ESCAPE = "\\"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction, its continuation lines and here-documents included."""

    keyword: Excerpt
    flags: tuple[Excerpt, ...]
    """`--mount=…` and the like."""
    body: Excerpt
    """What follows them, on one line and without comments."""
    exec_form: tuple[Excerpt, ...] | None
    """The strings of a body in JSON form."""
    heredocs: tuple[Excerpt, ...]
    comments: tuple[Excerpt, ...]
    """The comment lines directly above and between."""
    start: int
    end: int
    """Where its last line ends in the file, exclusive."""

    @property
    def name(self) -> str:
        """The keyword in capitals."""
        return self.keyword.text.upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """A whole file."""

    text: str
    escape: str
    instructions: tuple[Instruction, ...]


class _Line(NamedTuple):
    content: Excerpt
    """Without what ends it."""
    end: int


def read_dockerfile(text: str) -> Dockerfile:
    """Read any text; what BuildKit would refuse gives instructions nobody knows."""
    bom = len(text) - len(text.removeprefix("\ufeff"))
    lines = [
        _Line(excerpt_of(text, match.start(), match.start() + len(match[0].rstrip("\r\n"))), match.end())
        for match in _LINES.finditer(text, bom)
    ]
    directives = _read_directives(lines)
    escape = directives.get("escape", _ESCAPE)
    return Dockerfile(
        text=text,
        escape=escape,
        instructions=tuple(_Reader(lines, escape if escape in "\\`" else _ESCAPE).instructions()),
    )


def _read_directives(lines: list[_Line]) -> dict[str, str]:
    """Read `# key=value` at the very top; the first line of another kind ends them."""
    found: dict[str, str] = {}
    for line in lines:
        match = _DIRECTIVE.match(line.content.text.lstrip())
        if match is None or match[1].lower() not in _DIRECTIVES or match[1].lower() in found:
            break
        found[match[1].lower()] = match[2]
    return found


class _Reader:
    def __init__(self, lines: list[_Line], escape: str) -> None:
        self._lines = lines
        self._next = 0
        self._escape = escape
        token = re.escape(escape)
        # The last character that is not blank, unless it is itself escaped.
        self._continued = re.compile(rf"(?:(?<=[^{token}])|^){token}[ \t]*\Z")

    def instructions(self) -> Iterator[Instruction]:
        above: list[Excerpt] = []
        while self._next < len(self._lines):
            line = self._lines[self._next].content
            stripped = line.text.lstrip()
            if stripped.startswith("#"):
                above.append(line)
                self._next += 1
            elif not stripped:
                above.clear()
                self._next += 1
            else:
                yield self._instruction(above)
                above = []

    def _instruction(self, above: list[Excerpt]) -> Instruction:
        start = self._lines[self._next].content.start
        line, between = self._logical_line()
        keyword, flags, body = self._divided(line)
        while keyword.text.upper() == "ONBUILD" and body.text:
            keyword, flags, body = self._divided(body)
        exec_form = _json_strings(body)
        heredocs: tuple[Excerpt, ...] = ()
        if keyword.text.upper() in _WITH_HEREDOCS and exec_form is None and "<<" in body.text:
            heredocs = tuple(self._heredocs(body))
        return Instruction(
            keyword=keyword,
            flags=flags,
            body=body,
            exec_form=exec_form,
            heredocs=heredocs,
            comments=(*above, *between),
            start=start,
            end=self._lines[self._next - 1].end,
        )

    def _logical_line(self) -> tuple[Excerpt, list[Excerpt]]:
        """Join a line with those that it continues on; comments and empty lines between do not end it."""
        parts: list[Excerpt] = []
        comments: list[Excerpt] = []
        while self._next < len(self._lines):
            line = self._lines[self._next].content
            self._next += 1
            stripped = line.text.lstrip()
            if parts and (not stripped or stripped.startswith("#")):
                comments += [line] if stripped else []
                continue
            mark = self._continued.search(line.text)
            parts.append(line.part(0, mark.start()) if mark else line)
            if not mark:
                break
        return joined(parts).stripped(), comments

    def _divided(self, line: Excerpt) -> tuple[Excerpt, tuple[Excerpt, ...], Excerpt]:
        """Divide a line into keyword, flags and the rest."""
        words = list(raw_words(line, self._escape))
        if not words:
            return line, (), line.part(len(line.text))
        # Quotes mean nothing in a keyword, which ends at the first blank.
        length = len(line.text.split(None, 1)[0])
        keyword, rest = line.part(0, length), line.part(length)
        flags: list[Excerpt] = []
        position = 0
        for start, stop in raw_words(rest, self._escape):
            position = start
            if not rest.text.startswith("--", start):
                break
            position = stop
            if stop - start == len("--"):
                break
            flags.append(rest.part(start, stop))
        return keyword, tuple(flags), rest.part(position).stripped()

    def _heredocs(self, body: Excerpt) -> Iterator[Excerpt]:
        words = [body.text[start:stop] for start, stop in raw_words(body, _ESCAPE)]
        if not all(map(_WORD.match, words)):
            return  # a quote that nobody closes: BuildKit looks for none then
        for word in words:
            match = _HEREDOC.match(word)
            name = re.sub(r"[\"'\\]", "", match[2]) if match else ""
            if match and name:
                yield self._heredoc(name, tabs=bool(match[1]))

    def _heredoc(self, name: str, *, tabs: bool) -> Excerpt:
        """Take the lines up to the one that is its name (up to the end, where there is none)."""
        parts: list[Excerpt] = []
        while self._next < len(self._lines):
            line, end = self._lines[self._next]
            self._next += 1
            if (line.text.lstrip("\t") if tabs else line.text) == name:
                break
            parts += [line, Excerpt("\n", (end - 1,))]
        return joined(parts)


def raw_words(line: Excerpt, escape: str) -> Iterator[tuple[int, int]]:
    """Find the words between white space, quotes and escapes left in them; as indexes into the text."""
    text, start, quote, position = line.text, None, "", 0
    while position < len(text):
        character = text[position]
        if start is None and not character.isspace():
            start = position
        if character == escape and quote != "'":
            position += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif start is not None and character.isspace():
            yield start, position
            start = None
        position += 1
    if start is not None:
        yield start, len(text)


def _json_strings(body: Excerpt) -> tuple[Excerpt, ...] | None:
    """Read a JSON array of strings; None where the body is none."""
    if not body.text.startswith("["):
        return None
    try:
        values = json.loads(body.text)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(value, str) for value in values):
        return None
    found: list[Excerpt] = []
    for value, match in zip(values, _JSON_STRING.finditer(body.text), strict=True):
        inner = body.part(match.start() + 1, match.end() - 1)
        # With escapes in it the characters cannot be told apart: all stand where the string begins.
        where = inner.offsets if inner.text == value else (body.offsets[match.start()],) * len(value)
        found.append(Excerpt(value, where))
    return tuple(found)
