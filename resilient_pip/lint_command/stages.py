"""A Dockerfile as its stages run: each RUN with its script and with what the lines before it have set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from resilient_pip.lint_command.calls import Call, read_call
from resilient_pip.lint_command.dockerfile import Dockerfile, Instruction, raw_words, read_dockerfile
from resilient_pip.lint_command.shell import AndOr, Pipeline, Script, Simple, simple_commands
from resilient_pip.lint_command.shell_parser import exec_script, parse_script
from resilient_pip.lint_command.wrappers import SHELLS, base_name, shell_options, unwrapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable that ENV or ARG sets for the lines below."""

    value: str
    at: int
    """Where it is set, in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """`--mount=type=…,target=…`."""

    kind: str
    target: str
    options: Mapping[str, str]
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the lines of a stage have set so far."""

    variables: Mapping[str, Variable] = field(default_factory=dict)
    user: str = ""
    """Empty: what the base image has, which nobody sees here, mostly root."""
    shell: tuple[str, ...] = ("/bin/sh", "-c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One RUN."""

    instruction: Instruction
    script: Script
    """Empty where the shell is none that is known here."""
    setting: Setting
    mounts: tuple[Mount, ...]
    calls: tuple[Call, ...]

    def variable(self, call: Call | None, name: str) -> str | None:
        """The value that a variable has for a call; None where it is not set."""
        if call is not None and name in call.variables:
            return call.variables[name]
        found = self.setting.variables.get(name)
        return found.value if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The RUN lines of one stage, behind those of the stage that it is made from."""

    inherited: tuple[Run, ...]
    runs: tuple[Run, ...]

    @property
    def all_runs(self) -> tuple[Run, ...]:
        """All lines that make the image of this stage."""
        return (*self.inherited, *self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A Dockerfile and its stages."""

    file: Dockerfile
    stages: tuple[Stage, ...]

    @property
    def runs(self) -> Iterator[Run]:
        """Every RUN of the file, once."""
        for stage in self.stages:
            yield from stage.runs


def read_build(text: str) -> Build:
    """Read any text."""
    file = read_dockerfile(text)
    return Build(file=file, stages=tuple(_stages(file)))


def _stages(dockerfile: Dockerfile) -> list[Stage]:
    """Follow the instructions from stage to stage."""
    stages: list[Stage] = []
    named: dict[str, tuple[Stage, Setting]] = {}
    name, setting = "", Setting()
    inherited: tuple[Run, ...] = ()
    runs: list[Run] = []

    def close() -> None:
        stage = Stage(inherited=inherited, runs=tuple(runs))
        stages.append(stage)
        named[name] = stage, setting

    for instruction in dockerfile.instructions:
        if instruction.name == "FROM":
            close()
            words = instruction.body.text.lower().split()
            base = named.get(words[0]) if words else None
            inherited, setting = (base[0].all_runs, base[1]) if base else ((), Setting())
            name, runs = words[2] if words[1:2] == ["as"] and words[2:] else "", []
        elif instruction.name == "RUN":
            runs.append(_run(instruction, setting))
        else:
            setting = _after(instruction, setting, dockerfile.escape)
    close()
    return stages


def _after(instruction: Instruction, setting: Setting, escape: str) -> Setting:
    match instruction.name:
        case "ENV" | "ARG":
            return replace(setting, variables={**setting.variables, **_variables(instruction, escape)})
        case "USER":
            return replace(setting, user=instruction.body.text.partition(":")[0])
        case "SHELL" if instruction.exec_form:
            return replace(setting, shell=tuple(word.text for word in instruction.exec_form))
        case _:
            return setting


def _variables(instruction: Instruction, escape: str) -> dict[str, Variable]:
    body = instruction.body
    words = [body.part(start, stop) for start, stop in raw_words(body, escape)]
    if instruction.name == "ENV" and words and "=" not in words[0].text:
        value = body.part(len(words[0].text)).stripped()
        return {words[0].text: Variable(value=value.text, at=words[0].start)}
    return {
        word.text.partition("=")[0]: Variable(
            value=re.sub(r"[\"'\\]", "", word.text.partition("=")[2]), at=word.start
        )
        for word in words
        if "=" in word.text
    }


def _run(instruction: Instruction, setting: Setting) -> Run:
    script = _script(instruction, setting.shell)
    calls = (read_call(command) for command in simple_commands(script))
    return Run(
        instruction=instruction,
        script=script,
        setting=setting,
        mounts=tuple(_mounts(instruction)),
        calls=tuple(call for call in calls if call),
    )


def _mounts(instruction: Instruction) -> Iterator[Mount]:
    for flag in instruction.flags:
        if not flag.text.lower().startswith("--mount="):
            continue
        fields = re.sub(r"[\"']", "", flag.text).partition("=")[2].split(",")
        options = {name.lower(): value for name, _, value in (one.partition("=") for one in fields)}
        target = next((options[name] for name in ("target", "dst", "destination") if name in options), "")
        yield Mount(kind=options.get("type", "bind"), target=target, options=options, at=flag.start)


def _script(instruction: Instruction, shell: tuple[str, ...]) -> Script:
    if instruction.exec_form is not None:
        return exec_script(instruction.exec_form)
    if not shell or base_name(shell[0]) not in SHELLS:
        return Script()
    options, _, _ = shell_options(shell, frozenset())
    script = parse_script(instruction.body, options=options)
    reader = _reader(script) if instruction.heredocs else None
    if reader is None:
        return script
    # `RUN <<EOF` gives the lines to the shell (or to what #! names), `RUN bash -e <<EOF` to another.
    lines = instruction.heredocs[0]
    if not reader and lines.text.startswith("#!"):
        reader = lines.text.partition("\n")[0].removeprefix("#!").split()
    if not reader:
        return parse_script(lines, options=options)
    first = unwrapped(reader)
    if base_name("".join(reader[first : first + 1])) not in SHELLS:
        return script
    return parse_script(lines, options=shell_options(reader[first:], frozenset())[0])


def _reader(script: Script) -> list[str] | None:
    """The program (empty: none) of a script that is one command, which reads the here-document."""
    match script.lists:
        case [AndOr(pipelines=[Pipeline(commands=[Simple() as command])])]:
            return [word.text for word in command.words]
        case _:
            return None
