"""separate-installs, self-upgrade: installs that are planned apart, and one that replaces what runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from resilient_pip.lint_command.calls import Call, read_call
from resilient_pip.lint_command.excerpt import line_of
from resilient_pip.lint_command.findings import Finding
from resilient_pip.lint_command.rules.loops import LOOPS
from resilient_pip.lint_command.rules.merging import merging_edits
from resilient_pip.lint_command.shell import Script, Simple, compounds, simple_commands
from resilient_pip.lint_command.stages import Build, Run, Stage
from resilient_pip.lint_command.wrappers import base_name

SEPARATE_INSTALLS = "separate-installs"
SELF_UPGRADE = "self-upgrade"

_INSTALLERS = frozenset({"pip", "setuptools", "wheel", "uv", "resilient-pip"})
_PLANNED_TOGETHER = ("--plan", "--install-group", "--from-install-group")
_ELSEWHERE = ("--target", "--prefix", "--root", "--python", "-p")
_ONE_AT_A_TIME = re.compile(r"-[nLI]|--max-args|--max-lines|--replace")
"""The options of xargs that divide what it is given."""


def find_separate_installs(build: Build) -> Iterator[Finding]:
    """Find installs into one environment that know nothing of each other's versions."""
    for stage in build.stages:
        yield from _one_after_the_other(stage, build)
    for run in build.runs:
        yield from _one_by_one(run)


def find_self_upgrades(build: Build) -> Iterator[Finding]:
    """Find `pip install --upgrade pip torch`."""
    for run in build.runs:
        for call in run.calls:
            names = [_project(word.text) for word in call.operands]
            others = len(names) > names.count("pip") or call.value("--requirement") is not None
            if call.is_install and call.tool == "pip" and "pip" in names and others:
                place = call.operands[names.index("pip")]
                yield Finding(
                    rule=SELF_UPGRADE,
                    start=place.start,
                    end=place.end,
                    problem="pip replaces itself in this install, and goes on with files of two versions",
                    instead="a call of its own before it: pip install --upgrade pip && …",
                )


def _one_after_the_other(stage: Stage, build: Build) -> Iterator[Finding]:
    own = {id(run) for run in stage.runs}
    groups: dict[str, list[tuple[Run, Call]]] = {}
    for run in stage.all_runs:
        for call in _one_way_through(run.script):
            if call.is_install and not _is_harmless(call):
                groups.setdefault(_environment(call), []).append((run, call))
    for group in groups.values():
        later = [call for run, call in group[1:] if id(run) in own]
        if later and not _share_constraints([call for _, call in group]):
            runs = [run for run in stage.runs if any(run is one for one, _ in group)]
            yield _finding(group, later[0], runs, build)


def _finding(group: Sequence[tuple[Run, Call]], second: Call, runs: Sequence[Run], build: Build) -> Finding:
    lines = [str(line_of(build.file.text, call.command.start)) for _, call in group]
    places = ", ".join(dict.fromkeys(lines))
    return Finding(
        rule=SEPARATE_INSTALLS,
        start=second.command.start,
        end=second.command.end,
        problem=f"{len(group)} installs (lines {places}) are planned apart: one may undo what another chose",
        instead="one line for all: resilient-pip plans them together",
        edits=tuple(edit for run in runs for edit in merging_edits(run, build)),
    )


def _one_by_one(run: Run) -> Iterator[Finding]:
    """Find installs in a loop over requirements, and those that xargs starts for each of them."""
    looped = [
        call
        for loop in compounds(run.script)
        if loop.kind in LOOPS
        for body in loop.bodies
        for call in map(read_call, simple_commands(body))
        if call and any("$" in word.text for word in call.operands)
    ]
    fed = [call for call in run.calls if "xargs" in map(base_name, call.wrappers)]
    for call in (*looped, *(one for one in fed if any(map(_ONE_AT_A_TIME.match, one.wrappers)))):
        if call.is_install:
            yield Finding(
                rule=SEPARATE_INSTALLS,
                start=call.command.start,
                end=call.command.end,
                problem="each requirement is planned alone, and may undo what those before it chose",
                instead="all in one call: resilient-pip -r FILE",
            )


def _one_way_through(script: Script) -> Iterator[Call]:
    """Give the calls of one way through a script: of `if`, `case` and `||` only what comes first."""
    for one in script.lists:
        for place, pipeline in enumerate(one.pipelines):
            if place and one.operators[place - 1] == "||":
                continue
            for command in pipeline.commands:
                if isinstance(command, Simple):
                    call = read_call(command)
                    if call:
                        yield call
                else:
                    branches = command.bodies[:1] if command.kind in {"if", "case"} else command.bodies
                    for inner in (command.condition, *branches):
                        yield from _one_way_through(inner)


def _is_harmless(call: Call) -> bool:
    """Whether it installs nothing that others could undo, or is planned with them."""
    names = [_project(word.text) for word in call.operands]
    only_installers = bool(names) and set(names) <= _INSTALLERS
    others = ("--requirement", "--editable", "--group")
    return (
        call.value("--no-deps") is not None
        or any(call.value(name) is not None for name in _PLANNED_TOGETHER)
        or (only_installers and all(call.value(name) is None for name in others))
    )


def _environment(call: Call) -> str:
    """Name what it installs into, as far as the words tell."""
    values = [f"{name}={call.value(name)}" for name in _ELSEWHERE if call.value(name) is not None]
    folder = call.program.rpartition("/")[0]
    return " ".join(values) or ("" if folder in {"/usr/bin", "/usr/local/bin"} else folder)


def _share_constraints(calls: Sequence[Call]) -> bool:
    given = {frozenset(call.values("--constraint")) for call in calls}
    return len(given) == 1 and frozenset() not in given


def _project(requirement: str) -> str:
    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement:
        return ""
