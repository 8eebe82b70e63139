"""cache-mount, no-cache-dir, locked-cache: downloads that the next build could have had."""

from __future__ import annotations

import re
from collections.abc import Iterator

from resilient_pip.lint_command.calls import Call
from resilient_pip.lint_command.findings import Edit, Finding
from resilient_pip.lint_command.rules.cache_folders import (
    FOLDER_VARIABLES,
    NO_CACHE_VARIABLES,
    ROOT,
    cache_folder,
    is_disabled,
    mounts_of,
    no_cache_options,
)
from resilient_pip.lint_command.shell_words import Word
from resilient_pip.lint_command.stages import Build, Run

CACHE_MOUNT = "cache-mount"
NO_CACHE_DIR = "no-cache-dir"
LOCKED_CACHE = "locked-cache"

_OLD_FRONTEND = re.compile(r"docker/dockerfile:1\.[01](?:\D|\Z)")


def find_missing_mounts(build: Build) -> Iterator[Finding]:
    """Find installs without a cache mount where their tool keeps what it downloads."""
    for run in build.runs:
        missing = [
            call for call in run.calls if call.is_fetching and _downloads(call) and not mounts_of(run, call)
        ]
        # One mount serves all calls of a tool; one that switches its cache off says the most about them.
        missing.sort(key=lambda call: not is_disabled(run, call))
        for call in {call.tool: call for call in reversed(missing)}.values():
            yield _missing(run, call, build)


def find_disabled_caches(build: Build) -> Iterator[Finding]:
    """Find --no-cache-dir on a cache mount."""
    for run in build.runs:
        for call in run.calls:
            if call.is_fetching and mounts_of(run, call) and is_disabled(run, call):
                yield _disabled(run, call, build.file.text)


def find_locked_caches(build: Build) -> Iterator[Finding]:
    """Find `sharing=locked`, which lets the second of two builds stand without a word."""
    for run in build.runs:
        used = [mount for call in run.calls if call.is_fetching for mount in mounts_of(run, call)]
        for mount in used:
            if mount.options.get("sharing") == "locked":
                yield Finding(
                    rule=LOCKED_CACHE,
                    start=mount.at,
                    end=mount.at + len("--mount=type=cache"),
                    problem="`sharing=locked` lets a second build wait for the first one's RUN, silently",
                    instead="no sharing=, and resilient-pip, which locks files and says what it waits for",
                )


def _missing(run: Run, call: Call, build: Build) -> Finding:
    folder = cache_folder(run, call)
    if any(mount.kind == "cache" for mount in run.mounts) and folder:
        problem = f"no cache mount is where {call.tool} keeps its downloads: {folder}"
    elif is_disabled(run, call):
        problem = (
            "nothing that is downloaded is kept: after a failure or a change everything is downloaded again"
        )
    elif call.tool == "resilient-pip":
        problem = "without a cache mount nothing is kept of a build that fails: the next one begins at 0"
    else:
        problem = (
            "downloads stay in this layer, and after a failure or a change everything is downloaded again"
        )
    target = folder or f"/root/.cache/{'uv' if call.tool == 'uv' else 'pip'}"
    flag = f"--mount=type=cache,target={target}"
    keyword = run.instruction.keyword
    edits = (Edit(start=keyword.end, end=keyword.end, text=f" {flag}"),)
    option = _no_cache_word(call)
    return Finding(
        rule=CACHE_MOUNT,
        start=option.start if option else call.command.start,
        end=option.end if option else call.command.end,
        problem=problem,
        instead=f"RUN {flag} …",
        edits=edits if _mount_is_certain(run, call, build) else (),
    )


def _no_cache_word(call: Call) -> Word | None:
    """The option that switches the cache off."""
    names = no_cache_options(call)
    places = [option.words[0] for option in call.options if option.name in names]
    return call.command.words[places[0]] if places else None


def _mount_is_certain(run: Run, call: Call, build: Build) -> bool:
    """Whether this call uses root's own cache folder, so that a mount there changes its downloads only."""
    has_others = any(mount.kind == "cache" for mount in run.mounts)
    is_moved = any(
        run.variable(call, name) is not None
        for name in (*FOLDER_VARIABLES[call.tool], "XDG_CACHE_HOME", "HOME")
    )
    by_variable = run.variable(call, NO_CACHE_VARIABLES[call.tool]) is not None
    is_old = bool(_OLD_FRONTEND.search(build.file.syntax or ""))
    given = call.value("--cache-dir") or call.value("--file-cache")
    return run.setting.user in ROOT and not (has_others or is_moved or by_variable or is_old or given)


def _disabled(run: Run, call: Call, text: str) -> Finding:
    word = _no_cache_word(call)
    if word is None:
        variable = NO_CACHE_VARIABLES[call.tool]
        place = run.setting.variables.get(variable)
        return Finding(
            rule=NO_CACHE_DIR,
            start=place.at if place else call.command.start,
            end=place.at + len(variable) if place else call.command.end,
            problem=f"{variable} switches the cache off: the cache mount of the RUN stays empty",
            instead=f"no {variable}",
        )
    previous = call.command.words[call.command.words.index(word) - 1]
    has_nothing_between = not text[previous.end : word.start].strip(" \t\r\n\\`")
    is_certain = call.command.quote and word.text.startswith("--no-cache") and has_nothing_between
    return Finding(
        rule=NO_CACHE_DIR,
        start=word.start,
        end=word.end,
        problem=f"{word.text} switches the cache off: the cache mount stays empty",
        instead=f"no {word.text}: what is in a cache mount is no part of the image",
        edits=(Edit(start=previous.end, end=word.end),) if is_certain else (),
    )


def _downloads(call: Call) -> bool:
    return call.value("--no-index") is None and call.value("--cache-mode") != "discard"
