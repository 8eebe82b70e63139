"""A file that is not complete yet: bytes on disk, their hash in memory, a lock around both."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from anyio import to_thread

from resilient_pip.cache.digests import Digests, digest_file
from resilient_pip.cache.origin import Origin, load_origin
from resilient_pip.disk.lock import FileLock
from resilient_pip.disk.storing import storing
from resilient_pip.model import RemoteFile


class Partial:
    """The one writer's view of a partial file. Opened by `Store.open` only; must be closed.

    All methods that touch the disk raise StorageError.
    """

    def __init__(
        self, *, file: RemoteFile, path: Path, url_digest: str, lock: FileLock | None, keep: bool
    ) -> None:
        self.file = file
        self.path = path
        self.url_digest = url_digest
        self._algorithms = tuple(file.hashes)
        self._has_sha256 = "sha256" in file.hashes
        self._lock = lock
        self._keep = keep
        self._descriptor = -1
        self.origin = Origin(url_digest=url_digest)
        self.digests = Digests(self._algorithms)
        self.received = 0
        """Bytes that are on disk and in the digests."""

    @property
    def sidecar(self) -> Path:
        """Where `origin` is kept."""
        return self.path.with_name(self.path.name + ".json")

    @property
    def kept(self) -> int:
        """Bytes that a later run can start from.

        With a hash to check in the end any beginning may be tried; without one only a beginning that
        the server can be asked about (If-Range).
        """
        return self.received if self._keep and (self._has_sha256 or self.origin.if_range) else 0

    async def load(self) -> None:
        """Take up what an earlier run left, and hash it: only the bytes themselves tell what is there."""
        with storing(self.path):
            await to_thread.run_sync(self._open)
            if self.received:
                self.digests = await digest_file(self.path, self._algorithms)

    def _open(self) -> None:
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        origin = load_origin(self.sidecar)
        if origin is not None and origin.url_digest == self.url_digest:
            self.origin = origin
        self.received = os.lseek(self._descriptor, 0, os.SEEK_END)
        if not self.kept:
            os.ftruncate(self._descriptor, 0)
            self.received = os.lseek(self._descriptor, 0, os.SEEK_SET)

    async def write(self, chunks: Sequence[bytes]) -> None:
        """Append; what of it fits on a full disk stays there."""
        with storing(self.path, missing=self._missing):
            await to_thread.run_sync(self._write, chunks)

    def _missing(self) -> int:
        size = self.origin.size if self.file.size is None else self.file.size
        return max(0, (size or 0) - self.received)

    def _write(self, chunks: Sequence[bytes]) -> None:
        # In one piece: each call that lets the interpreter lock go has to win it back from the event loop.
        left = memoryview(b"".join(chunks))
        while left:
            written = os.write(self._descriptor, left)
            self.digests.update(left[:written])
            self.received += written
            left = left[written:]

    async def start_over(self, origin: Origin | None = None) -> None:
        """Throw away what is there and note whose bytes come next."""
        self.origin = origin or Origin(url_digest=self.url_digest)
        with storing(self.path):
            await to_thread.run_sync(self._start_over)

    def _start_over(self) -> None:
        # In this order a crash in between leaves an empty file, never bytes under another's validators.
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self.received = 0
        self.digests = Digests(self._algorithms)
        self.origin.save(self.sidecar)

    def move_to(self, path: Path) -> None:
        """Make it a finished file at `path`, safely on disk; raises OSError."""
        os.fsync(self._descriptor)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path.replace(path)
        _sync_folder(path.parent)
        self.sidecar.unlink(missing_ok=True)

    def close(self) -> None:
        """Let others have it; what a later run can start from stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        try:
            if not self.kept:
                self.path.unlink(missing_ok=True)
                self.sidecar.unlink(missing_ok=True)
        except OSError:
            pass  # a useless file that stays does no harm
        finally:
            if self._lock is not None:
                self._lock.release()


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
