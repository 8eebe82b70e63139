"""One `resilient-pip cache` from its words to the lines that it prints."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anyio
from anyio import to_thread

from resilient_pip.build.kept import whole_wheel
from resilient_pip.cache.contents import Contents, Entry, State, read_contents
from resilient_pip.cache.digests import digest_file
from resilient_pip.cache.mode import UNWRITABLE, look
from resilient_pip.cache.place import CLIENTS
from resilient_pip.cache.pruning import expendable
from resilient_pip.cache.removal import remove
from resilient_pip.cache_command.arguments import Arguments, read_arguments
from resilient_pip.cache_command.wording import (
    damage_lines,
    info_as_json,
    info_lines,
    list_as_json,
    list_lines,
    removal_lines,
)
from resilient_pip.disk.storing import storing
from resilient_pip.target.room import existing
from resilient_pip.units import format_bytes

Tell = Callable[[str], None]
_TELL_EVERY_S = 10.0


def run_cache_command(
    argv: Sequence[str], *, environ: Mapping[str, str], table: Mapping[str, Any], tell: Tell
) -> list[str]:
    """Do what the words behind `cache` ask for, and return what to print.

    Args:
        argv: the words.
        environ: the environment, for settings.
        table: `[tool.resilient-pip]`.
        tell: shows a line while it lasts.

    Raises:
        UsageError: the words or a setting are wrong, or there is no cache.
        StorageError: the cache cannot be read or written.
        SystemExit: --help, after it was printed.
    """
    asked = read_arguments(argv, environ=environ, table=table)
    if asked.action == "dir":
        return [str(asked.folder)]
    contents, now = read_contents(asked.folder), time.time()
    match asked.action:
        case "info":
            return _info(contents, asked, now)
        case "list" if asked.as_json:
            return [json.dumps(list_as_json(contents.entries), indent=2)]
        case "list":
            return list_lines(contents.entries, now=now)
        case "prune":
            return _prune(contents, asked, now, tell)
        case _:
            clients = [folder for folder in (contents.root / CLIENTS,) if folder.is_dir()]
            others = (*contents.records, *contents.stray, *clients)
            return removal_lines(remove(contents, contents.entries, others))


def _info(contents: Contents, asked: Arguments, now: float) -> list[str]:
    keeping = look(asked.mode, asked.folder)
    if keeping.keeps and not os.access(existing(asked.folder), os.W_OK):
        keeping = UNWRITABLE
    with storing(contents.root):
        free = shutil.disk_usage(existing(contents.root)).free
        record_size = sum(path.stat().st_size for path in contents.records if path.exists())
    if asked.as_json:
        facts = info_as_json(contents, record_size=record_size, free=free, keeping=keeping)
        return [json.dumps(facts, indent=2)]
    return info_lines(contents, record_size=record_size, free=free, keeping=keeping, now=now)


def _prune(contents: Contents, asked: Arguments, now: float, tell: Tell) -> list[str]:
    damaged = anyio.run(_damaged, contents.entries, tell) if asked.verify else []
    paths = {entry.path for entry in damaged}
    sound = [entry for entry in contents.entries if entry.path not in paths]
    old = expendable(sound, now=now, max_age_s=asked.max_age_s, max_size=asked.max_size)
    return [*damage_lines(damaged), *removal_lines(remove(contents, [*damaged, *old], contents.stray))]


async def _damaged(entries: Sequence[Entry], tell: Tell) -> list[Entry]:
    """Read everything that can be checked; what is not whole."""
    checked = [entry for entry in entries if entry.state is not State.PARTIAL]
    total, done, told_at = sum(entry.size for entry in checked), 0, anyio.current_time()
    damaged = []
    for entry in checked:
        if anyio.current_time() - told_at >= _TELL_EVERY_S:
            told_at = anyio.current_time()
            tell(f"verified {format_bytes(done)} of {format_bytes(total)}")
        if not await _is_whole(entry):
            damaged.append(entry)
        done += entry.size
    return damaged


async def _is_whole(entry: Entry) -> bool:
    if entry.state is State.BUILT:
        return await to_thread.run_sync(whole_wheel, entry.path) is not None
    with storing(entry.path):
        try:
            return (await digest_file(entry.path)).sha256 == entry.path.name
        except FileNotFoundError:
            return True  # a run has just found the damage
