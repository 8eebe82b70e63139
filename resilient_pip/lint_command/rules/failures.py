"""hidden-failure: what makes of a failed install a build that goes on."""

from __future__ import annotations

from collections.abc import Iterator

from resilient_pip.lint_command.calls import Call, read_call
from resilient_pip.lint_command.findings import Edit, Finding, holds_comment
from resilient_pip.lint_command.shell import (
    AndOr,
    Command,
    Compound,
    Pipeline,
    Script,
    Simple,
    commands_of,
    options_after,
    program_of,
    simple_commands,
)
from resilient_pip.lint_command.stages import Build

HIDDEN_FAILURE = "hidden-failure"
_NOTHING = frozenset({"true", ":"})
_ALWAYS_WELL = _NOTHING | {"echo", "printf", "sleep", "break", "continue", "cat", "touch", "date", "logger"}
_LOOPS = frozenset({"for", "while", "until"})
_ENDING = frozenset({"exit", "return"})


def find_hidden_failures(build: Build) -> Iterator[Finding]:
    """Find installs whose exit code nobody sees."""
    for run in build.runs:
        search = _Search(build.file.text)
        search.script(run.script, run.script.options)
        yield from search.found


class _Search:
    """Follows the failure of each install up to where it is lost.

    Each method looks through one level and gives the installs whose failure is the failure of that level.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self.found: list[Finding] = []

    def script(self, script: Script, options: frozenset[str]) -> list[Call]:
        failing: list[Call] = []
        for place, one in enumerate(script.lists):
            options = options_after(one, options)
            failing = self._and_or(one, options)
            if failing and one.terminator == "&":
                self._tell(
                    (one.start, one.end),
                    "`&` leaves the install behind, and nobody sees how it ends",
                    "no `&`",
                )
                failing = []
            elif failing and place + 1 < len(script.lists):
                self._going_on(one, script.lists[place + 1 :], failing, options)
        return failing

    def _going_on(
        self, one: AndOr, behind: tuple[AndOr, ...], failing: list[Call], options: frozenset[str]
    ) -> None:
        """Look at a list behind which the script goes on."""
        if "errexit" in options:
            # `set -e` minds only what follows the last && (POSIX.1-2024, set).
            if any(call.command.start < one.pipelines[-1].start for call in failing):
                self._tell(
                    (one.start, one.end),
                    "`set -e` does not mind what fails to the left of `&&`: the script goes on",
                    "each command on a line of its own",
                )
            return
        gap = "the next line" if one.terminator == "\n" else "what follows `;`"
        problem = f"{gap} runs even if the install failed, and only the last command's exit code counts"
        instead = "`&&`, or `set -e` before all"
        end = behind[0].end
        if len(behind) == 1 and _is_nothing(behind[0]):
            self._tell((one.end, end), problem, instead, self._removal(one, one.end, end))
        else:
            self._tell((one.start, one.end), problem, instead)

    def _and_or(self, one: AndOr, options: frozenset[str]) -> list[Call]:
        failing: list[Call] = []
        for place, pipeline in enumerate(one.pipelines):
            if place and one.operators[place - 1] == "||":
                goes_on = _always_succeeds(pipeline) and not any(map(_fails, one.pipelines[place + 1 :]))
                if failing and goes_on:
                    self._or(one, place)
                failing = []
            failing += self._pipeline(pipeline, options)
        return failing

    def _or(self, one: AndOr, place: int) -> None:
        before, pipeline = one.pipelines[place - 1], one.pipelines[place]
        self._tell(
            (before.end + max(self._text[before.end : pipeline.start].find("||"), 0), pipeline.end),
            "a failed install does not end the build: an image without its packages comes of it",
            "nothing in its place",
            self._removal(one, before.end, pipeline.end) if _is_only_nothing(pipeline) else (),
        )

    def _pipeline(self, pipeline: Pipeline, options: frozenset[str]) -> list[Call]:
        failing: list[Call] = []
        for command in pipeline.commands:
            if failing and "pipefail" not in options:
                self._tell(
                    (pipeline.start, pipeline.end),
                    "the exit code of a pipe is that of its last command, whatever the install came to",
                    'SHELL ["/bin/bash", "-o", "pipefail", "-c"] above it, or no pipe',
                )
                failing = []
            failing += self._command(command, options)
        return [] if pipeline.is_negated else failing

    def _command(self, command: Command, options: frozenset[str]) -> list[Call]:
        if isinstance(command, Simple):
            call = read_call(command)
            return [call] if call and call.is_fetching else []
        failing: list[Call] = []
        for body in command.bodies:
            failing += self.script(body, body.options if command.kind == "shell" else options)
        if command.kind in _LOOPS:
            if failing and "errexit" not in options and not _breaks(command):
                self._tell(
                    (command.start, command.end),
                    "of all rounds of the loop, only the last one's exit code counts",
                    "one install of all, or `|| exit 1` behind it",
                )
            return []
        return [] if command.kind == "function" else failing

    def _removal(self, one: AndOr, start: int, end: int) -> tuple[Edit, ...]:
        is_certain = one.quote and not holds_comment(self._text[start:end])
        return (Edit(start=start, end=end),) if is_certain else ()

    def _tell(self, place: tuple[int, int], problem: str, instead: str, edits: tuple[Edit, ...] = ()) -> None:
        start, end = place
        self.found.append(
            Finding(rule=HIDDEN_FAILURE, start=start, end=end, problem=problem, instead=instead, edits=edits)
        )


def _always_succeeds(pipeline: Pipeline) -> bool:
    return all(
        not program or program[0] in _ALWAYS_WELL or (program[0] in _ENDING and program[1:] == ["0"])
        for program in map(program_of, commands_of(pipeline))
    )


def _fails(pipeline: Pipeline) -> bool:
    return any(
        program[:1] == ["false"] or (program and program[0] in _ENDING and program[1:] != ["0"])
        for program in map(program_of, commands_of(pipeline))
    )


def _is_only_nothing(pipeline: Pipeline) -> bool:
    match pipeline.commands:
        case [Simple(redirections=()) as command]:
            program = program_of(command)
            return len(program) == 1 and program[0] in _NOTHING
        case _:
            return False


def _is_nothing(one: AndOr) -> bool:
    return len(one.pipelines) == 1 and one.terminator != "&" and _is_only_nothing(one.pipelines[0])


def _breaks(loop: Compound) -> bool:
    """Whether a loop ends once the install succeeded, so that its last round is the one that counts."""
    return any(program_of(command) == ["break"] for body in loop.bodies for command in simple_commands(body))
