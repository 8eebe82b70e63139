"""read-timeout, silence, unbuffered: how long a build may stand, and what its log says meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from resilient_pip.lint_command.calls import Call, runs_python_program
from resilient_pip.lint_command.findings import Finding
from resilient_pip.lint_command.shell import Simple, simple_commands
from resilient_pip.lint_command.stages import Build, Run
from resilient_pip.units import format_seconds

READ_TIMEOUT = "read-timeout"
SILENCE = "silence"
UNBUFFERED = "unbuffered"

_DEFAULT_S = {"pip": 15.0, "uv": 30.0}
"""What each waits for the next byte unless it is told otherwise (pip: --timeout; uv: UV_HTTP_TIMEOUT)."""
_TIMEOUT_VARIABLES = {
    "pip": ("PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT"),
    "uv": ("UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT"),
}
_NOWHERE = frozenset({"/dev/null"})


def find_read_timeouts(build: Build) -> Iterator[Finding]:
    """Find --timeout and its like, which limit one wait and not the whole."""
    told: set[int] = set()
    for run in build.runs:
        for call in run.calls:
            if call.is_fetching:
                for finding in _timeouts(run, call):
                    if finding.start not in told:
                        told.add(finding.start)
                        yield finding


def find_silence(build: Build) -> Iterator[Finding]:
    """Find installs that say nothing while they download; the first of each RUN stands for all."""
    for run in build.runs:
        silent = [(call, problem) for call in run.calls if (problem := _silence(run, call))]
        for call, problem in silent[:1]:
            yield Finding(
                rule=SILENCE,
                start=call.command.start,
                end=call.command.end,
                problem=problem,
                instead="resilient-pip: a line at least every 10 s (PYTHONUNBUFFERED=1 is no help here)",
            )


def find_unbuffered(build: Build) -> Iterator[Finding]:
    """Find Python programs beside installs whose output comes in blocks of 8 KiB, or at their end."""
    for run in build.runs:
        if not any(call.is_fetching for call in run.calls):
            continue
        for command in simple_commands(run.script):
            if runs_python_program(command) and not _is_set(run, command):
                yield Finding(
                    rule=UNBUFFERED,
                    start=command.start,
                    end=command.end,
                    problem="without PYTHONUNBUFFERED what it says comes late, or never where it hangs",
                    instead="ENV PYTHONUNBUFFERED=1 above it",
                )
                break


def _timeouts(run: Run, call: Call) -> Iterator[Finding]:
    words = call.command.words
    for option in (one for one in call.options if one.name == "--timeout"):
        start, end = words[option.words[0]].start, words[option.words[-1]].end
        if call.tool == "resilient-pip":
            yield Finding(
                rule=READ_TIMEOUT,
                start=start,
                end=end,
                problem="resilient-pip accepts --timeout, and it has no effect",
                instead="--deadline TIME for the whole run, --stall-timeout TIME for one wait",
            )
        else:
            yield from _timeout(call, option.value or "", start, end)
    for name in _TIMEOUT_VARIABLES.get(call.tool, ()):
        place = run.setting.variables.get(name)
        if name in call.variables:
            yield from _timeout(call, call.variables[name], call.command.start, call.command.end)
        elif place:
            yield from _timeout(call, place.value, place.at, place.at + len(name))


def _timeout(call: Call, written: str, start: int, end: int) -> Iterator[Finding]:
    seconds = 0.0
    with suppress(ValueError):
        seconds = float(written)
    default = _DEFAULT_S.get(call.tool, 0.0)
    if default < seconds < float("inf"):
        yield Finding(
            rule=READ_TIMEOUT,
            start=start,
            end=end,
            problem=(
                f"this limits no install: {call.tool} waits {format_seconds(seconds)} instead of "
                f"{format_seconds(default)} for each next byte, in silence, and again in each retry"
            ),
            instead="resilient-pip --deadline TIME for the whole; `timeout 600 pip …` ends what hangs",
        )


def _silence(run: Run, call: Call) -> str:
    """What keeps a call from saying how far it is; empty where nothing does."""
    if not call.is_fetching:
        return ""
    thrown_away = any(
        one.target and one.target.text in _NOWHERE and one.operator.text in {">", ">>", "&>", "&>>", ">|"}
        for one in call.command.redirections
        if one.operator.descriptor in {"", "1"}
    )
    if thrown_away:
        return f"what {call.tool} says is thrown away: nobody sees where it hangs or why it fails"
    if call.value("--quiet") is not None:
        return "--quiet: nobody sees where it hangs or why it fails"
    if call.tool == "resilient-pip":
        return ""
    if call.tool == "pip" and "raw" in {call.value("--progress-bar"), run.variable(call, "PIP_PROGRESS_BAR")}:
        return ""
    return f"{call.tool} says nothing while it downloads and unpacks: nobody can tell slow from hung"


def _is_set(run: Run, command: Simple) -> bool:
    texts = [word.text for word in command.words]
    return bool(run.variable(None, "PYTHONUNBUFFERED")) or any(
        text.startswith("PYTHONUNBUFFERED=") or text == "-u" for text in texts
    )
