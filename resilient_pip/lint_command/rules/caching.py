"""cache-mount, no-cache-dir: downloads that the next build could have had."""

from __future__ import annotations

from collections.abc import Iterator

from resilient_pip.lint_command.calls import Call
from resilient_pip.lint_command.findings import Edit, Finding
from resilient_pip.lint_command.rules.cache_folders import (
    FOLDER_VARIABLES,
    NO_CACHE_VARIABLE,
    ROOTS_CACHE,
    cache_folder,
    is_disabled,
    is_roots,
    mounts_of,
)
from resilient_pip.lint_command.shell_words import Word
from resilient_pip.lint_command.stages import Build, Run

CACHE_MOUNT = "cache-mount"
NO_CACHE_DIR = "no-cache-dir"


def find_missing_mounts(build: Build) -> Iterator[Finding]:
    """Find RUN lines whose installs have no cache mount where they keep what they download."""
    for run in build.runs:
        missing = [
            call for call in run.calls if call.is_fetching and _downloads(call) and not mounts_of(run, call)
        ]
        # One mount serves all of them; one that switches its cache off says the most.
        missing.sort(key=lambda call: not is_disabled(run, call))
        for call in missing[:1]:
            yield _missing(run, call)


def find_disabled_caches(build: Build) -> Iterator[Finding]:
    """Find --no-cache-dir on a cache mount."""
    for run in build.runs:
        for call in run.calls:
            if call.is_fetching and mounts_of(run, call) and is_disabled(run, call):
                yield _disabled(run, call, build.file.text)


def _missing(run: Run, call: Call) -> Finding:
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
    usual = ROOTS_CACHE if is_roots(run, call) else "HOME/.cache/pip,uid=UID,gid=GID"
    flag = f"--mount=type=cache,target={folder or usual}"
    keyword = run.instruction.keyword
    option = _no_cache_word(call)
    return Finding(
        rule=CACHE_MOUNT,
        start=option.start if option else call.command.start,
        end=option.end if option else call.command.end,
        problem=problem,
        instead=f"RUN {flag} …",
        edits=(Edit(start=keyword.end, end=keyword.end, text=f" {flag}"),)
        if _mount_is_certain(run, call)
        else (),
    )


def _no_cache_word(call: Call) -> Word | None:
    """The option that switches the cache off."""
    places = [option.words[0] for option in call.options if option.name == "--no-cache-dir"]
    return call.command.words[places[0]] if places else None


def _mount_is_certain(run: Run, call: Call) -> bool:
    """Whether this call uses root's own cache folder, so that a mount there changes its downloads only."""
    variables = (*FOLDER_VARIABLES[call.tool], NO_CACHE_VARIABLE, "XDG_CACHE_HOME", "HOME")
    return not (
        not is_roots(run, call)
        or any(mount.kind == "cache" for mount in run.mounts)
        or any(run.variable(call, name) is not None for name in variables)
        or any(call.value(name) for name in ("--cache-dir", "--file-cache"))
    )


def _disabled(run: Run, call: Call, text: str) -> Finding:
    word = _no_cache_word(call)
    if word is None:
        place = run.setting.variables.get(NO_CACHE_VARIABLE)
        return Finding(
            rule=NO_CACHE_DIR,
            start=place.at if place else call.command.start,
            end=place.at + len(NO_CACHE_VARIABLE) if place else call.command.end,
            problem=f"{NO_CACHE_VARIABLE} switches the cache off: the cache mount of the RUN stays empty",
            instead=f"no {NO_CACHE_VARIABLE}",
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
