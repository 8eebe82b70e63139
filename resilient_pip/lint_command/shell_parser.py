"""From the text of a shell script to its tree.

Any text gives a tree: what the shell would refuse is read as far as it goes.
"""

from __future__ import annotations

from collections.abc import Sequence

from resilient_pip.lint_command.excerpt import Excerpt
from resilient_pip.lint_command.shell import AndOr, Command, Compound, Pipeline, Redirection, Script, Simple
from resilient_pip.lint_command.shell_words import REDIRECTIONS, Operator, Token, Word, shell_tokens
from resilient_pip.lint_command.wrappers import shell_script, unwrapped

_ENDS = frozenset({"then", "elif", "else", "fi", "do", "done", "esac", "}"})
_DEEPEST = 40
"""Levels of nesting that are looked into; nobody writes as many."""


def parse_script(
    script: Excerpt, *, quote: str = '"', options: frozenset[str] = frozenset(), depth: int = 0
) -> Script:
    """Read a script.

    Args:
        script: its text.
        quote: what to write for a quotation mark inside of it.
        options: of the shell that runs it.
        depth: how many scripts it is inside of.
    """
    return _Parser(shell_tokens(script), quote, depth).script(options)


def exec_script(strings: Sequence[Excerpt]) -> Script:
    """Make a script of the strings of an exec form, which no shell reads unless they name one."""
    words = tuple(
        Word(
            value=string,
            start=string.start,
            end=string.end,
            is_bare=False,
            # Where a string has escapes, its characters cannot be told apart in the file.
            quote='"' if len(set(string.offsets)) == len(string.offsets) else "",
        )
        for string in strings
    )
    if not words:
        return Script()
    start, end = words[0].start, words[-1].end
    command = _other_shell(words, '"', 0) or Simple(
        words=words, redirections=(), start=start, end=end, quote=""
    )
    pipeline = Pipeline(commands=(command,), is_negated=False)
    return Script(lists=(AndOr(pipelines=(pipeline,), operators=(), terminator="", quote=""),))


class _Parser:
    def __init__(self, tokens: list[Token], quote: str, depth: int) -> None:
        self._tokens = tokens
        self._next = 0
        self._quote = quote
        self._depth = depth

    def script(self, options: frozenset[str] = frozenset()) -> Script:
        """Read up to the end; what belongs to nothing is passed over."""
        lists: list[AndOr] = []
        while self._next < len(self._tokens):
            lists += self._lists()
            self._next += 1
        return Script(lists=tuple(lists), options=options)

    def _peek(self) -> str:
        """The operator, or the word where nothing of it is quoted, that comes next."""
        if self._next >= len(self._tokens):
            return ""
        token = self._tokens[self._next]
        return token.text if isinstance(token, Operator) or token.is_bare else '"'

    def _at_word(self) -> bool:
        return self._next < len(self._tokens) and isinstance(self._tokens[self._next], Word)

    def _accept(self, *texts: str) -> bool:
        found = self._peek() in texts
        self._next += found
        return found

    def _skip_newlines(self) -> None:
        while self._accept("\n"):
            pass

    def _lists(self) -> list[AndOr]:
        """Read lists up to a word or operator that ends what they are in."""
        found: list[AndOr] = []
        while True:
            while self._accept("\n", ";"):
                pass
            if self._peek() in _ENDS or not (one := self._and_or()):
                return found
            found.append(one)

    def _nested(self) -> Script:
        if self._depth >= _DEEPEST:
            self._next = len(self._tokens)
            return Script()
        self._depth += 1
        script = Script(lists=tuple(self._lists()))
        self._depth -= 1
        return script

    def _and_or(self) -> AndOr | None:
        pipelines: list[Pipeline] = []
        operators: list[str] = []
        while pipeline := self._pipeline():
            pipelines.append(pipeline)
            operator = self._peek()
            if not self._accept("&&", "||"):
                break
            operators.append(operator)
            self._skip_newlines()
        if not pipelines:
            return None
        terminator = self._peek() if self._peek() in {";", "&", "\n"} else ""
        self._next += bool(terminator)
        return AndOr(
            pipelines=tuple(pipelines),
            operators=tuple(operators[: len(pipelines) - 1]),
            terminator=terminator,
            quote=self._quote,
        )

    def _pipeline(self) -> Pipeline | None:
        is_negated = self._accept("!")
        commands: list[Command] = []
        while command := self._command():
            commands.append(command)
            if not self._accept("|", "|&"):
                break
            self._skip_newlines()
        return Pipeline(commands=tuple(commands), is_negated=is_negated) if commands else None

    def _command(self) -> Command | None:
        first = self._next
        kind = self._peek()
        if kind in {"(", "{", "if", "case", "for", "while", "until"}:
            self._next += 1
            condition, bodies = self._compound(kind)
        elif self._at_word() and [self._text_at(first + 1), self._text_at(first + 2)] == ["(", ")"]:
            self._next += 3
            self._skip_newlines()
            kind, condition, bodies = "function", Script(), (self._function(),)
        else:
            return self._simple()
        self._redirections()
        last = min(self._next, len(self._tokens)) - 1
        return Compound(
            kind=kind,
            condition=condition,
            bodies=bodies,
            start=self._tokens[first].start,
            end=self._tokens[last].end,
        )

    def _text_at(self, place: int) -> str:
        return self._tokens[place].text if place < len(self._tokens) else ""

    def _function(self) -> Script:
        if not self._accept("{", "("):
            return Script()
        body = self._nested()
        self._accept("}", ")")
        return body

    def _compound(self, kind: str) -> tuple[Script, tuple[Script, ...]]:
        match kind:
            case "(" | "{":
                body = self._nested()
                self._accept(")" if kind == "(" else "}")
                return Script(), (body,)
            case "if":
                return self._if()
            case "case":
                return Script(), self._case()
            case "for":
                while self._at_word() and self._peek() != "do":
                    self._next += 1
                condition = Script()
            case _:
                condition = self._nested()
        while self._accept("\n", ";"):
            pass
        self._accept("do")
        body = self._nested()
        self._accept("done")
        return condition, (body,)

    def _if(self) -> tuple[Script, tuple[Script, ...]]:
        condition = self._nested()
        bodies: list[Script] = []
        while self._accept("then", "elif", "else"):
            bodies.append(self._nested())
        self._accept("fi")
        return condition, tuple(bodies)

    def _case(self) -> tuple[Script, ...]:
        """Read `case WORD in PATTERN) … ;; esac`."""
        bodies: list[Script] = []
        while self._next < len(self._tokens) and not self._accept("esac"):
            if self._accept(")"):
                bodies.append(self._nested())
            else:
                self._next += 1
        return tuple(bodies)

    def _simple(self) -> Command | None:
        first = self._next
        words: list[Word] = []
        redirections: list[Redirection] = []
        while self._at_word() or self._peek() in REDIRECTIONS:
            token = self._tokens[self._next]
            if isinstance(token, Word):
                words.append(token)
                self._next += 1
            else:
                redirections += self._redirections()
        if self._next == first:
            return None
        start, end = self._tokens[first].start, self._tokens[self._next - 1].end
        return _other_shell(words, self._quote, self._depth) or Simple(
            words=tuple(words), redirections=tuple(redirections), start=start, end=end, quote=self._quote
        )

    def _redirections(self) -> list[Redirection]:
        found: list[Redirection] = []
        while self._next < len(self._tokens) and self._peek() in REDIRECTIONS:
            operator = self._tokens[self._next]
            if not isinstance(operator, Operator):
                break
            self._next += 1
            target = self._tokens[self._next] if self._at_word() else None
            self._next += target is not None
            found.append(Redirection(operator=operator, target=target if isinstance(target, Word) else None))
        return found


def _other_shell(words: Sequence[Word], quote: str, depth: int) -> Compound | None:
    """Look into what `sh -c` and its like are given."""
    texts = [word.text for word in words]
    first = unwrapped(texts)
    found = shell_script(texts[first:])
    if found is None or depth >= _DEEPEST:
        return None
    word = words[first + found.index]
    # In double quotes a quote is written \" inside; deeper than that nothing is rewritten.
    inner = {"'": '"', '"': '\\"'}.get(word.quote, "") if quote == '"' else ""
    script = parse_script(word.value, quote=inner, options=found.options, depth=depth + 1)
    return Compound(
        kind="shell", condition=Script(), bodies=(script,), start=words[0].start, end=words[-1].end
    )
