"""piped-script: `curl …/get-pip.py | python`, which succeeds where nothing comes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from resilient_pip.lint_command.calls import PYTHON
from resilient_pip.lint_command.findings import Finding
from resilient_pip.lint_command.shell import Pipeline, Simple, compounds, options_after, program_of
from resilient_pip.lint_command.stages import Build

PIPED_SCRIPT = "piped-script"
_FETCHERS = frozenset({"curl", "wget"})
_SHELLS = frozenset({"sh", "bash"})
_INSTALLER = re.compile(r"get-pip|ez_setup|bootstrap\.pypa\.io|astral\.sh/uv")


def find_piped_scripts(build: Build) -> Iterator[Finding]:
    """Find scripts that install pip or uv and are run while they come, without pipefail."""
    for run in build.runs:
        for script in (run.script, *(body for one in compounds(run.script) for body in one.bodies)):
            options = script.options
            for one in script.lists:
                options = options_after(one, options)
                if "pipefail" not in options:
                    yield from (finding for pipeline in one.pipelines for finding in _piped(pipeline))


def _piped(pipeline: Pipeline) -> Iterator[Finding]:
    programs = [program_of(command) for command in pipeline.commands if isinstance(command, Simple)]
    for left, right in pairwise(programs):
        is_run = right and (PYTHON.match(right[0]) or right[0] in _SHELLS)
        if is_run and left and left[0] in _FETCHERS and _INSTALLER.search(" ".join(left)):
            yield Finding(
                rule=PIPED_SCRIPT,
                start=pipeline.start,
                end=pipeline.end,
                problem=f"where {left[0]} fails, {right[0]} runs an empty script, and succeeds",
                instead=f"{left[0]} into a file, then `&& {right[0]} FILE`; or `python3 -m ensurepip`",
            )
