"""A lock between processes that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FileLock:
    """An flock(2) on a file of its own. Made by `try_lock` only; never waits."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def release(self) -> None:
        """Remove the lock file and let the next one in."""
        # Removed while still held: whoever opened it before finds another file there and starts again.
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            pass  # a lock file that nobody holds locks nobody out
        finally:
            os.close(self._descriptor)


def try_lock(path: Path) -> FileLock | None:
    """Take the lock, or return None where another process (or part of this one) holds it.

    Raises:
        OSError: the file cannot be made, or the file system has no locks.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, descriptor):
                return FileLock(path, descriptor)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its holder removed it between our open and our lock


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
