"""Locks between processes, of any PID namespace, that end with the process that holds them: flock(2)."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path

NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS})
"""What flock(2) answers on a file system that has no locks (some NFS and FUSE)."""

IN_USE = "in-use"
"""The file by which runs and whoever removes what they need keep out of each other's way."""
PATIENCE_S = 10.0
"""How long a run waits for whoever removes, who lets go every other second."""
_POLL_S = 0.05


class FileLock:
    """An exclusive lock on a file of its own. Made by `try_lock` only; never waits."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Give the descriptor; whoever inherits it holds the lock as well."""
        return self._descriptor

    def close(self) -> None:
        """Let the next one in; the file stays."""
        os.close(self._descriptor)

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
        descriptor = _locked(path, os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX)
        if descriptor is None:
            return None
        if _is_still(path, descriptor):
            return FileLock(path, descriptor)
        os.close(descriptor)  # its holder removed it between our open and our lock


class Hold:
    """A lock on a cache folder. Made by `hold_with_others` and `hold_alone` only."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Let others have the folder."""
        os.close(self._descriptor)


def hold_with_others(root: Path, patience_s: float = PATIENCE_S, *, make: bool = True) -> Hold:
    """Keep finished files where they are for as long as this run lives.

    Args:
        root: the cache folder.
        patience_s: how long to wait for another process that removes files.
        make: whether to make the marker where none is.

    Raises:
        OSError: the marker cannot be made or locked, or another process is removing for too long.
    """
    deadline_s = time.monotonic() + patience_s
    flags = os.O_RDWR | os.O_CREAT if make else os.O_RDONLY
    while True:
        try:
            descriptor = _locked(root / IN_USE, flags, fcntl.LOCK_SH)
        except OSError as error:
            if error.errno not in {errno.EROFS, errno.EACCES}:
                raise
            descriptor = _locked(root / IN_USE, os.O_RDONLY, fcntl.LOCK_SH)
        if descriptor is not None:
            return Hold(descriptor)
        if time.monotonic() >= deadline_s:
            raise OSError(errno.EBUSY, "another process is removing files there")
        time.sleep(_POLL_S)


def hold_alone(root: Path) -> Hold | None:
    """Keep runs from starting; None where one is alive.

    Raises:
        OSError: the marker cannot be made, or the file system has no locks.
    """
    descriptor = _locked(root / IN_USE, os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX)
    return None if descriptor is None else Hold(descriptor)


def _locked(path: Path, flags: int, kind: int) -> int | None:
    """Open and lock a file; None where somebody holds it."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
