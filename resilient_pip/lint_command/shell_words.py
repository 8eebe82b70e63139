"""The words and operators of a shell script (POSIX.1-2024, Shell Command Language, 2.3), with their places.

`shlex` tells neither where a word stands nor what of it was quoted, which is all that matters here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from resilient_pip.lint_command.excerpt import Excerpt

_OPERATORS = ("<<-", "&>>", "&&", "||", ";;", "|&", "<<", ">>", "<&", ">&", "&>", "<>", ">|", *";&|()<>\n")
REDIRECTIONS = frozenset({"<<-", "&>>", "<<", ">>", "<&", ">&", "&>", "<>", ">|", "<", ">"})
_OPENING = {"(": ")", "{": "}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word: what the program gets, but for expansions, which stay as they are written."""

    value: Excerpt
    start: int
    end: int
    """In the file, exclusive."""
    is_bare: bool
    """Nothing of it is quoted."""
    quote: str
    """The quotation mark that all of it is in, with nothing escaped; else empty."""

    @property
    def text(self) -> str:
        """Its value."""
        return self.value.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A control operator, a redirection (its file descriptor not included), or the end of a line."""

    text: str
    start: int
    end: int
    descriptor: str = ""


Token = Word | Operator


class _Scanner:
    def __init__(self, script: Excerpt) -> None:
        self.text = script.text
        self.offsets = script.offsets
        self.position = 0
        self.heredocs: list[str] = []
        """The names that end the here-documents of this line, whose own lines are no commands."""

    def tokens(self) -> list[Token]:
        found: list[Token] = []
        while self._skip_blanks():
            token = self._operator() or self._word()
            last = found[-1] if found else None
            if isinstance(token, Word):
                if isinstance(last, Operator) and last.text in {"<<", "<<-"}:
                    self.heredocs.append(token.text)
            elif token.text == "\n":
                self._skip_heredocs()
            elif isinstance(last, Word) and _is_descriptor(last, token):
                found.pop()
                token = replace(token, start=last.start, descriptor=last.text)
            found.append(token)
        return found

    def _skip_blanks(self) -> bool:
        """Go on to what means something; False at the end."""
        text = self.text
        while self.position < len(text):
            if text.startswith("\\\n", self.position):
                self.position += 2
            elif text[self.position] == "#":
                end = text.find("\n", self.position)
                self.position = len(text) if end < 0 else end
            elif text[self.position].isspace() and text[self.position] != "\n":
                self.position += 1
            else:
                return True
        return False

    def _operator(self) -> Operator | None:
        for operator in _OPERATORS:
            if self.text.startswith(operator, self.position):
                start = self.position
                if operator in {"<", ">"} and self.text.startswith("(", start + 1):
                    return None  # a process substitution of bash, which is a word
                self.position += len(operator)
                return Operator(
                    text=operator, start=self.offsets[start], end=self.offsets[self.position - 1] + 1
                )
        return None

    def _skip_heredocs(self) -> None:
        for name in self.heredocs:
            while self.position < len(self.text):
                end = self.text.find("\n", self.position)
                line = self.text[self.position : end if end >= 0 else None]
                self.position = len(self.text) if end < 0 else end + 1
                if line.strip("\t\r") == name:
                    break
        self.heredocs.clear()

    def _word(self) -> Word:
        start = self.position
        value: list[int] = []
        """Indexes of the characters that are its value."""
        quotes: list[str] = []
        while self.position < len(self.text):
            character = self.text[self.position]
            if character == "'":
                quotes.append(character)
                self._single_quoted(value)
            elif character == '"':
                quotes.append(character)
                self._double_quoted(value)
            elif character == "\\":
                if self.text[self.position + 1 : self.position + 2] not in {"\n", ""}:
                    value.append(self.position + 1)
                    quotes.append(character)
                self.position += 2
            elif character in {"$", "`"} or self.text.startswith(("<(", ">("), self.position):
                self._expansion(value)
            elif character.isspace() or character in ";&|()<>":
                break
            else:
                value.append(self.position)
                self.position += 1
        self.position = min(self.position, len(self.text))
        return Word(
            value=Excerpt(
                "".join(self.text[index] for index in value), tuple(self.offsets[index] for index in value)
            ),
            start=self.offsets[start],
            end=self.offsets[self.position - 1] + 1,
            is_bare=not quotes,
            quote=quotes[0] if len(quotes) == 1 and self.position - start == len(value) + 2 else "",
        )

    def _single_quoted(self, value: list[int]) -> None:
        end = self.text.find("'", self.position + 1)
        end = len(self.text) if end < 0 else end
        value.extend(range(self.position + 1, end))
        self.position = end + 1

    def _double_quoted(self, value: list[int]) -> None:
        self.position += 1
        while self.position < len(self.text) and self.text[self.position] != '"':
            if self.text[self.position] == "\\" and self.text[self.position + 1 : self.position + 2] in set(
                '"\\$`\n'
            ):
                if self.text[self.position + 1] != "\n":
                    value.append(self.position + 1)
                self.position += 2
            elif self.text[self.position] in "$`":
                self._expansion(value)
            else:
                value.append(self.position)
                self.position += 1
        self.position += 1

    def _expansion(self, value: list[int]) -> None:
        """Take `$(…)`, `${…}`, `` `…` `` and `<(…)` as they stand."""
        start = self.position
        if self.text[start] == "`":
            end = self.text.find("`", start + 1)
            self.position = len(self.text) if end < 0 else end + 1
        else:
            self.position += 1
            opening = self.text[self.position : self.position + 1]
            if opening in _OPENING:
                self.position = _closing(self.text, self.position, opening)
        value.extend(range(start, self.position))


def _is_descriptor(word: Word, operator: Operator) -> bool:
    """Whether the word is the file descriptor of the redirection right behind it."""
    return (
        operator.text in REDIRECTIONS and word.end == operator.start and word.is_bare and word.text.isdigit()
    )


def _closing(text: str, position: int, opening: str) -> int:
    """Find where what is opened here ends, quotes and what is opened inside minded."""
    depth = 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character == "'":
            end = text.find("'", position + 1)
            position = len(text) if end < 0 else end
        elif character == opening:
            depth += 1
        elif character == _OPENING[opening]:
            depth -= 1
            if depth == 0:
                return position + 1
        position += 1
    return len(text)


def shell_tokens(script: Excerpt) -> list[Token]:
    """Divide a script into words and operators; a quote that nobody closes ends with the script."""
    return _Scanner(script).tokens()
