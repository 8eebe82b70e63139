"""A shell script as a tree of commands (POSIX.1-2024, Shell Command Language, 2.9), and ways through it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from resilient_pip.lint_command.shell_words import Operator, Word
from resilient_pip.lint_command.wrappers import base_name, shell_options, unwrapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirection:
    """One redirection of a command."""

    operator: Operator
    target: Word | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Simple:
    """A program with its words, assignments before it included."""

    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]
    start: int
    end: int
    quote: str
    """What to write for a quotation mark in it: " or \\"; empty where nothing can be rewritten safely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compound:
    """A subshell, group, function, `if`, `case`, loop, or a script that another shell is given by -c."""

    kind: str
    """(, {, function, if, case, for, while, until or shell."""
    condition: Script
    bodies: tuple[Script, ...]
    start: int
    end: int


Command = Simple | Compound


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Commands joined by |."""

    commands: tuple[Command, ...]
    is_negated: bool

    @property
    def start(self) -> int:
        """Where its first command begins."""
        return self.commands[0].start

    @property
    def end(self) -> int:
        """Where its last command ends."""
        return self.commands[-1].end


@dataclass(frozen=True, slots=True, kw_only=True)
class AndOr:
    """Pipelines joined by && and ||, and what ends them."""

    pipelines: tuple[Pipeline, ...]
    operators: tuple[str, ...]
    """One fewer than pipelines."""
    terminator: str
    """;, &, the end of a line, or nothing."""
    quote: str
    """As that of a simple command."""

    @property
    def start(self) -> int:
        """Where its first pipeline begins."""
        return self.pipelines[0].start

    @property
    def end(self) -> int:
        """Where its last pipeline ends."""
        return self.pipelines[-1].end


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Commands one after the other, and the options that the shell is started with for them."""

    lists: tuple[AndOr, ...] = ()
    options: frozenset[str] = field(default_factory=frozenset)
    """errexit, pipefail."""


def simple_commands(script: Script) -> Iterator[Simple]:
    """Give all programs that are called in a script, in the order of their lines."""
    for one in script.lists:
        for pipeline in one.pipelines:
            yield from commands_of(pipeline)


def commands_of(pipeline: Pipeline) -> Iterator[Simple]:
    """Give all programs that are called in a pipeline."""
    for command in pipeline.commands:
        if isinstance(command, Simple):
            yield command
        else:
            for inner in (command.condition, *command.bodies):
                yield from simple_commands(inner)


def program_of(command: Simple) -> list[str]:
    """The program that really runs, by its name alone, and its words."""
    texts = [word.text for word in command.words]
    found = texts[unwrapped(texts) :]
    return [base_name(found[0]), *found[1:]] if found else []


def options_after(one: AndOr, options: frozenset[str]) -> frozenset[str]:
    """What of errexit and pipefail is on once `set -e` and its like were run."""
    for pipeline in one.pipelines:
        for command in pipeline.commands:
            if isinstance(command, Simple) and program_of(command)[:1] == ["set"]:
                options, _, _ = shell_options(program_of(command), options)
    return options


def all_scripts(script: Script) -> Iterator[Script]:
    """Give a script and those that are nested in it, outer ones first."""
    yield script
    for one in script.lists:
        for pipeline in one.pipelines:
            for command in pipeline.commands:
                if isinstance(command, Compound):
                    for inner in (command.condition, *command.bodies):
                        yield from all_scripts(inner)
