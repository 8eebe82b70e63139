"""cache-purge: what empties the cache mount that the next build was to find full."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from resilient_pip.lint_command.calls import read_call
from resilient_pip.lint_command.findings import Edit, Finding, holds_comment
from resilient_pip.lint_command.rules.cache_folders import home_of, is_in, mounts_of
from resilient_pip.lint_command.shell import AndOr, Pipeline, Simple, all_scripts, program_of
from resilient_pip.lint_command.stages import Build, Mount, Run

CACHE_PURGE = "cache-purge"
_HOME = re.compile(r"^(?:~|\$HOME|\$\{HOME\})(?=/|\Z)")
_ACTIONS = frozenset({"cache purge", "cache clean", "cache remove"})
_FOLDERS_OF_TOOLS = frozenset({".cache", "pip", "resilient-pip"})


def find_purges(build: Build) -> Iterator[Finding]:
    """Find `pip cache purge` and `rm -rf ~/.cache` on a cache mount."""
    for run in build.runs:
        for script in all_scripts(run.script):
            for place, one in enumerate(script.lists):
                before = script.lists[place - 1] if place else None
                yield from _purges(run, one, before, build.file.text)


def _purges(run: Run, one: AndOr, before: AndOr | None, text: str) -> Iterator[Finding]:
    for place, pipeline in enumerate(one.pipelines):
        for command in pipeline.commands:
            emptied = _emptied(run, command) if isinstance(command, Simple) else []
            if any(emptied):
                # What else a command removes would stay without it: its author has to divide it.
                edits = _removal(one, place, before, pipeline, text) if all(emptied) else ()
                yield Finding(
                    rule=CACHE_PURGE,
                    start=command.start,
                    end=command.end,
                    problem="this empties the cache mount for all builds, and no image becomes smaller",
                    instead="nothing: what is in a cache mount is no part of the image",
                    edits=tuple(edits),
                )


def _removal(one: AndOr, place: int, before: AndOr | None, pipeline: Pipeline, text: str) -> Iterator[Edit]:
    """Take a command out of its list, together with the && or ; before it."""
    operators = one.operators[max(place - 1, 0) : place + 1]
    if not one.quote or len(pipeline.commands) > 1 or set(operators) - {"&&"}:
        return
    if place:
        start, end = one.pipelines[place - 1].end, pipeline.end
    elif len(one.pipelines) > 1:
        start, end = pipeline.start, one.pipelines[1].start
    elif before and before.terminator != "&" and one.terminator != "&":
        start, end = before.end, pipeline.end
    else:
        return
    if not holds_comment(text[start:end]):
        yield Edit(start=start, end=end)


def _emptied(run: Run, command: Simple) -> list[bool]:
    """For each thing that a command removes, whether it is in a cache mount of its RUN."""
    call = read_call(command)
    if call:
        return [call.action in _ACTIONS and bool(mounts_of(run, call))]
    program, *words = program_of(command) or [""]
    if program != "rm" or command.redirections:
        return []
    home = home_of(run)
    paths = [_HOME.sub(lambda _: home, word).removesuffix("/*") for word in words if not word.startswith("-")]
    targets = [mount.target for mount in run.mounts if mount.kind == "cache" and _is_of_a_tool(mount)]
    return [any(is_in(target, path) or is_in(path, target) for target in targets) for path in paths]


def _is_of_a_tool(mount: Mount) -> bool:
    return PurePosixPath(mount.target).name in _FOLDERS_OF_TOOLS
