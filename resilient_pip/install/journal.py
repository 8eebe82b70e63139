"""The journal: what install children are about to change, on disk for as long as they may be at it.

It is a file in the destination, `.resilient-pip-unfinished.json`, removed when nothing is under way any more.
So one that nobody holds tells of a run that was killed. It is held under flock(2) by the run and, through the
descriptor that they inherit, by its children: the next run never repairs beside a child that outlives its own
run for a moment. A line is added, and synced, before an installation begins, and one after its end. One that
cannot be read was cut short while it was written; then that child had not begun.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from resilient_pip.disk.lock import FileLock, try_lock
from resilient_pip.disk.storing import storing
from resilient_pip.install.scheme import Scheme, path_from
from resilient_pip.install.survey import Before, Pending, Survey
from resilient_pip.model import ProjectName

_NAME = ".resilient-pip-unfinished.json"
_FORMAT = 2


class Journal:
    """The journal of a destination, open and locked. Made by `open_journal` only."""

    def __init__(self, path: Path, lock: FileLock) -> None:
        self._path = path
        self._lock = lock
        self._size = 0

    def fileno(self) -> int:
        """Give the descriptor that the lock lasts with, for a child to inherit."""
        return self._lock.fileno()

    def begin(self, number: int, survey: Survey) -> None:
        """Put the survey of an installation safely on disk; raises StorageError."""
        self._add({"format": _FORMAT, "begun": number, **_dumped(survey, self._path.parent)})

    def finish(self, number: int) -> None:
        """Note that an installation has come to its end, or is repaired; raises StorageError."""
        self._add({"format": _FORMAT, "finished": number})

    def _add(self, entry: Mapping[str, Any]) -> None:
        data = json.dumps(entry).encode() + b"\n"
        with storing(self._path):
            os.ftruncate(self.fileno(), self._size)
            if os.pwrite(self.fileno(), data, self._size) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self.fileno())
        self._size += len(data)

    def remove(self) -> None:
        """Take the file away: nothing is unfinished any more."""
        self._lock.release()

    def leave(self) -> None:
        """Let go of the file, which stays for the next run."""
        self._lock.close()


def journal_path(scheme: Scheme) -> Path:
    """Say where the journal of a destination is."""
    return scheme.home / _NAME


def open_journal(scheme: Scheme) -> Journal | None:
    """Open the journal of a destination, made where there is none; None while another process holds it.

    Raises:
        OSError: it cannot be made, or its file system has no locks.
    """
    path = journal_path(scheme)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = try_lock(path)
    return None if lock is None else Journal(path, lock)


def read_journal(scheme: Scheme) -> tuple[Survey, ...]:
    """Read what the journal of a destination tells of as not finished, in the order in which it was begun."""
    path = journal_path(scheme)
    begun: dict[int, Survey] = {}
    try:
        for line in path.read_bytes().splitlines():
            entry = json.loads(line)
            if entry["format"] != _FORMAT:
                break
            if "finished" in entry:
                begun.pop(entry["finished"], None)
            else:
                begun[entry["begun"]] = _loaded(entry, path.parent)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # what comes before is whole
    return tuple(begun.values())


def _dumped(survey: Survey, home: Path) -> dict[str, Any]:
    """Write paths relative to the journal: the environment may lie elsewhere next time (a mounted volume)."""

    def relative(paths: Iterable[Path]) -> list[str]:
        return sorted(path_from(path, home) for path in paths)

    return {
        "stashes": relative(survey.stashes),
        "pending": [
            {
                "project": one.project,
                "name": one.name,
                "version": one.version,
                "added": relative(one.added),
                "compiles": one.compiles,
                "before": [
                    {
                        "info": os.path.relpath(old.info, home),
                        "version": old.version,
                        "record": old.record,
                        "files": relative(old.files),
                        "stays": old.stays,
                    }
                    for old in one.before
                ],
            }
            for one in survey.pending
        ],
    }


def _loaded(plain: Mapping[str, Any], home: Path) -> Survey:
    def absolute(paths: Iterable[str]) -> frozenset[Path]:
        return frozenset(Path(os.path.normpath(home / path)) for path in paths)

    return Survey(
        stashes=absolute(plain["stashes"]),
        pending=tuple(
            Pending(
                project=ProjectName(one["project"]),
                name=one["name"],
                version=one["version"],
                added=absolute(one["added"]),
                compiles=one["compiles"],
                before=tuple(
                    Before(
                        info=Path(os.path.normpath(home / old["info"])),
                        version=old["version"],
                        record=old["record"],
                        files=absolute(old["files"]),
                        stays=old["stays"],
                    )
                    for old in one["before"]
                ),
            )
            for one in plain["pending"]
        ),
    )
