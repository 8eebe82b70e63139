"""Removing files of a cache beside runs that use it.

A partial file goes under its own lock. All else goes while no run holds the folder: a run holds it from its
first step to its last, as links in other folders lead to finished files until a group is installed.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from resilient_pip.cache.contents import Contents, Entry, State, judge_answers, read_partials
from resilient_pip.cache.pruning import DAY_S, expendable
from resilient_pip.disk.lock import NO_LOCKS, Hold, hold_alone, try_lock
from resilient_pip.disk.storing import storing
from resilient_pip.errors import StorageError

_HELD_S = 1.0
"""How long runs that start are kept waiting at a time."""
_GAP_S = 0.2
_MOST_TIDIED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What came of a removal."""

    gone: tuple[Entry, ...]
    in_use: tuple[Entry, ...]
    """What had to stay, as a run needs it or may need it."""


def remove(contents: Contents, entries: Sequence[Entry], others: Iterable[Path] = ()) -> Removed:
    """Remove entries and other paths of a cache, but for what running installs need.

    Raises:
        StorageError: the folder cannot be written, or its file system has no locks.
    """
    try:
        with storing(contents.root):
            return _remove(contents.root, entries, others)
    except StorageError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in NO_LOCKS:
            error.reason = (
                "its file system has no locks to tell whether a run uses it: remove the folder itself"
            )
        raise


def _remove(root: Path, entries: Sequence[Entry], others: Iterable[Path]) -> Removed:
    partials = [entry for entry in entries if entry.state is State.PARTIAL]
    gone = [entry for entry in partials if _remove_partial(entry.path)]
    rest: list[Entry | Path] = [entry for entry in entries if entry.state is not State.PARTIAL]
    for path in others:
        if path.parent == root / "partial" and not path.name.startswith("."):
            _remove_partial(path)
        else:
            rest.append(path)
    removed = _remove_alone(root, rest)
    gone += [one for one in removed if isinstance(one, Entry)]
    paths = {entry.path for entry in gone}
    return Removed(gone=tuple(gone), in_use=tuple(one for one in entries if one.path not in paths))


def _remove_partial(path: Path) -> bool:
    lock = try_lock(path.with_name(f"{path.name}.lock"))
    if lock is None:
        return False
    try:
        for file in (path, *path.parent.glob(f"{path.name}.json*")):
            file.unlink(missing_ok=True)
    finally:
        lock.release()
    return True


def _remove_alone(root: Path, wanted: Sequence[Entry | Path]) -> list[Entry | Path]:
    """Remove what runs may need, as long as none is there; return what is gone."""
    gone: list[Entry | Path] = []
    while len(gone) < len(wanted) and (hold := hold_alone(root)) is not None:
        gone += _for_a_while(hold, wanted[len(gone) :])
        if len(gone) < len(wanted):
            time.sleep(_GAP_S)  # in which a run may start
    return gone


def _for_a_while(hold: Hold, wanted: Sequence[Entry | Path]) -> Sequence[Entry | Path]:
    until_s = time.monotonic() + _HELD_S
    try:
        for count, one in enumerate(wanted, 1):
            path = one.path if isinstance(one, Entry) else one
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
            if time.monotonic() >= until_s:
                return wanted[:count]
    finally:
        hold.release()
    return wanted


def tidy(root: Path, now: float) -> None:
    """Remove a bounded number of old partial files and what is too much of answers, once a day.

    That it cannot is nothing to tell.

    Args:
        root: the cache folder.
        now: seconds since the epoch.
    """
    stamp = root / "tidied"
    try:
        if stamp.exists() and now - stamp.stat().st_mtime < DAY_S:
            return
        stamp.touch()
        for entry in expendable(read_partials(root)[0], now=now)[:_MOST_TIDIED]:
            _remove_partial(entry.path)
        for path, stays in judge_answers(root, now).items():
            if not stays:
                path.unlink(missing_ok=True)  # who reads it has opened it, or does without
    except OSError:
        pass
