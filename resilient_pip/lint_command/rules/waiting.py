"""read-timeout, silence, unbuffered: how long a build may stand, and what its log says meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from resilient_pip.lint_command.calls import PYTHON, Call, read_call
from resilient_pip.lint_command.findings import Finding
from resilient_pip.lint_command.shell import Simple, program_of, simple_commands
from resilient_pip.lint_command.stages import Build, Run
from resilient_pip.units import format_seconds

READ_TIMEOUT = "read-timeout"
SILENCE = "silence"
UNBUFFERED = "unbuffered"

_DEFAULT_S = 15.0
"""What pip waits for the next byte unless --timeout says otherwise."""
_TIMEOUT_VARIABLES = ("PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT")
_SHORT_MODULES = frozenset({"venv", "ensurepip", "site", "sysconfig"})


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
            if _runs_python(command) and not _is_set(run, command):
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
            yield from _timeout(option.value or "", start, end)
    for name in _TIMEOUT_VARIABLES if call.tool == "pip" else ():
        place = run.setting.variables.get(name)
        if name in call.variables:
            yield from _timeout(call.variables[name], call.command.start, call.command.end)
        elif place:
            yield from _timeout(place.value, place.at, place.at + len(name))


def _timeout(written: str, start: int, end: int) -> Iterator[Finding]:
    seconds = 0.0
    with suppress(ValueError):
        seconds = float(written)
    if _DEFAULT_S < seconds < float("inf"):
        yield Finding(
            rule=READ_TIMEOUT,
            start=start,
            end=end,
            problem=(
                f"this limits no install: pip waits {format_seconds(seconds)} instead of "
                f"{format_seconds(_DEFAULT_S)} for each next byte, in silence, and again in each retry"
            ),
            instead="resilient-pip --deadline TIME for the whole; `timeout 600 pip …` ends what hangs",
        )


def _silence(run: Run, call: Call) -> str:
    """What keeps a call from saying how far it is; empty where nothing does."""
    if not call.is_fetching:
        return ""
    thrown_away = any(
        one.target and one.target.text == "/dev/null" and one.operator.text in {">", ">>", "&>", "&>>", ">|"}
        for one in call.command.redirections
        if one.operator.descriptor in {"", "1"}
    )
    if thrown_away:
        return f"what {call.tool} says is thrown away: nobody sees where it hangs or why it fails"
    if call.value("--quiet") is not None:
        return "--quiet: nobody sees where it hangs or why it fails"
    if call.tool == "resilient-pip":
        return ""
    if "raw" in {call.value("--progress-bar"), run.variable(call, "PIP_PROGRESS_BAR")}:
        return ""
    return "pip says nothing while it downloads and unpacks: nobody can tell slow from hung"


def _is_set(run: Run, command: Simple) -> bool:
    texts = [word.text for word in command.words]
    return bool(run.variable(None, "PYTHONUNBUFFERED")) or any(
        text.startswith("PYTHONUNBUFFERED=") or text == "-u" for text in texts
    )


def _runs_python(command: Simple) -> bool:
    """Whether a command starts Python for a file or a module that may take its time."""
    program, *words = program_of(command) or [""]
    if not PYTHON.match(program) or read_call(command):
        return False
    if words[:1] == ["-m"]:
        return not set(words[1:2]) & _SHORT_MODULES
    return bool(words) and not words[0].startswith("-")
