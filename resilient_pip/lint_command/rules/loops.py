"""endless-retry: a loop that only a successful install ends."""

from __future__ import annotations

from collections.abc import Iterator

from resilient_pip.lint_command.calls import read_call
from resilient_pip.lint_command.findings import Finding
from resilient_pip.lint_command.shell import Compound, Script, compounds, program_of, simple_commands
from resilient_pip.lint_command.stages import Build

ENDLESS_RETRY = "endless-retry"
LOOPS = frozenset({"for", "while", "until"})
_ENDLESS = {"while": ([["true"]], [[":"]]), "until": ([["false"]],)}


def find_endless_retries(build: Build) -> Iterator[Finding]:
    """Find `until pip install …; do sleep 5; done`."""
    for run in build.runs:
        for loop in compounds(run.script):
            if waits_for_install(loop):
                yield Finding(
                    rule=ENDLESS_RETRY,
                    start=loop.start,
                    end=loop.start + len(loop.kind),
                    problem=f"`{loop.kind}` repeats the install until it succeeds, for ever if need be",
                    instead="resilient-pip, which tries again by itself, within limits (--tries, --deadline)",
                )


def waits_for_install(loop: Compound) -> bool:
    """Whether a loop goes on until an install succeeds."""
    if loop.kind not in _ENDLESS:
        return False
    condition = [program_of(command) for command in simple_commands(loop.condition)]
    return _installs(loop.condition) or (
        condition in _ENDLESS[loop.kind] and any(_installs(body) for body in loop.bodies)
    )


def _installs(script: Script) -> bool:
    calls = map(read_call, simple_commands(script))
    return any(call is not None and call.is_fetching for call in calls)
