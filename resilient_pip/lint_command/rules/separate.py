"""separate-installs: installs that are planned apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from resilient_pip.lint_command.calls import Call, read_call
from resilient_pip.lint_command.excerpt import line_of
from resilient_pip.lint_command.findings import Finding
from resilient_pip.lint_command.rules.merging import merging_edits
from resilient_pip.lint_command.shell import Script, Simple
from resilient_pip.lint_command.stages import Build, Run, Stage

SEPARATE_INSTALLS = "separate-installs"

_INSTALLERS = frozenset({"pip", "setuptools", "wheel", "resilient-pip"})
_PLANNED_TOGETHER = ("--plan", "--install-group", "--from-install-group")
_ELSEWHERE = ("--target", "--prefix", "--root", "--python", "-p")


def find_separate_installs(build: Build) -> Iterator[Finding]:
    """Find installs into one environment that know nothing of each other's versions."""
    for stage in build.stages:
        yield from _in_stage(stage, build)


def _in_stage(stage: Stage, build: Build) -> Iterator[Finding]:
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
