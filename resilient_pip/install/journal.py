"""The journal: what an install child is about to change, on disk for as long as it may be at it.

It is a file in the destination, `.resilient-pip-unfinished.json`, written and synced before the child starts
and removed after its end. So one that nobody holds tells of a run that was killed. It is held under flock(2)
by the run and, through the descriptor that it inherits, by the child: the next run never repairs beside a
child that outlives its own run for a moment. A journal that cannot be read was cut short while it was
written; then the child had not begun.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from resilient_pip.disk.lock import FileLock, try_lock
from resilient_pip.disk.storing import storing
from resilient_pip.install.scheme import Scheme
from resilient_pip.install.survey import Before, Pending, Survey
from resilient_pip.model import ProjectName

_NAME = ".resilient-pip-unfinished.json"
_FORMAT = 1


class Journal:
    """The journal of a destination, open and locked. Made by `open_journal` only."""

    def __init__(self, path: Path, lock: FileLock) -> None:
        self._path = path
        self._lock = lock

    def fileno(self) -> int:
        """Give the descriptor that the lock lasts with, for a child to inherit."""
        return self._lock.fileno()

    def write(self, survey: Survey) -> None:
        """Put a survey safely on disk; raises StorageError."""
        with storing(self._path):
            os.ftruncate(self.fileno(), 0)
            os.pwrite(self.fileno(), _dumped(survey, self._path.parent), 0)
            os.fsync(self.fileno())

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


def read_journal(scheme: Scheme) -> Survey | None:
    """Read the journal of a destination; None where there is none, or none that is whole."""
    path = journal_path(scheme)
    try:
        return _loaded(path.read_bytes(), path.parent)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _dumped(survey: Survey, home: Path) -> bytes:
    """Write paths relative to the journal: the environment may lie elsewhere next time (a mounted volume)."""

    def relative(paths: Iterable[Path]) -> list[str]:
        return sorted(os.path.relpath(path, home) for path in paths)

    plain = {
        "format": _FORMAT,
        "stashes": relative(survey.stashes),
        "pending": [
            {
                "project": one.project,
                "name": one.name,
                "version": one.version,
                "added": relative(one.added),
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
    return json.dumps(plain).encode()


def _loaded(data: bytes, home: Path) -> Survey | None:
    def absolute(paths: Iterable[str]) -> frozenset[Path]:
        return frozenset(Path(os.path.normpath(home / path)) for path in paths)

    plain = json.loads(data)
    if plain["format"] != _FORMAT:
        return None
    return Survey(
        stashes=absolute(plain["stashes"]),
        pending=tuple(
            Pending(
                project=ProjectName(one["project"]),
                name=one["name"],
                version=one["version"],
                added=absolute(one["added"]),
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
