"""Downloaded files by content, safe for several runs at once and for a run that is killed."""

from __future__ import annotations

import dataclasses
import errno
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from anyio import Path as AsyncPath  # by name: anyio imports its parts when they are first touched
from anyio import to_thread

from resilient_pip.cache.digests import digest_file
from resilient_pip.cache.origin import Origin, digest_url, load_origin
from resilient_pip.cache.partial import Partial
from resilient_pip.cache.place import SHA256, finished_path, note_name
from resilient_pip.cache.removal import tidy
from resilient_pip.disk.lock import NO_LOCKS, PATIENCE_S, Hold, hold_with_others, try_lock
from resilient_pip.disk.storing import storing
from resilient_pip.errors import StorageError
from resilient_pip.model import RemoteFile


class Store:
    """The files below one folder. Several processes may use the same folder at the same time."""

    def __init__(self, root: Path, *, persistent: bool = True) -> None:
        self._root = root
        self._roots = [root]
        self.persistent = persistent
        """Whether a later run finds what this one leaves."""
        self.has_locks = True
        """Whether runs can share a download: some file systems have no locks."""
        self._holds: list[Hold] = []
        self._verified: set[Path] = set()

    @classmethod
    def temporary(cls, root: Path) -> Store:
        """Make a store that ends with the run, for "no cache"."""
        return cls(root, persistent=False)

    def prepare(self, *, patience_s: float = PATIENCE_S) -> None:
        """Make the folders, see that they can be written to, and keep others from removing files.

        Args:
            patience_s: how long to wait for another process that removes files.

        Raises:
            StorageError: they cannot.
        """
        with storing(self._root):
            for name in ("files", "partial", "urls"):
                folder = self._root / name
                folder.mkdir(parents=True, exist_ok=True)
                probe = folder / f".probe-{secrets.token_hex(8)}"
                probe.touch()
                probe.unlink()
            try:
                self._holds.append(hold_with_others(self._root, patience_s))
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise
                self.has_locks = False

    def look_in(self, readable: Path, *, patience_s: float = PATIENCE_S) -> None:
        """Find finished files in another store's folder too, in which nothing is changed, times neither.

        In an image layer a change of a file's time alone would bring a copy of it into the next layer.

        Args:
            readable: the folder.
            patience_s: how long to wait for another process that removes files.

        Raises:
            StorageError: another process is removing files there.
        """
        try:
            self._holds.append(hold_with_others(readable, patience_s, make=False))
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise StorageError(path=str(readable), reason=str(error.strerror)) from error
            # Without a marker: nobody who may write there has used it, or has locks.
        self._roots.append(readable)

    def close(self) -> None:
        """Let others remove files, and remove old partials, which nobody else does on most machines."""
        while self._holds:
            self._holds.pop().release()
        if self.persistent and self.has_locks:
            tidy(self._root, time.time())

    async def find(self, hashes: Mapping[str, str]) -> Path | None:
        """Return the finished file with this SHA-256; its content is checked once per run.

        A damaged file is removed.
        """
        sha256 = hashes.get("sha256", "").lower()
        if not SHA256.fullmatch(sha256):
            return None
        for root in self._roots:
            path = finished_path(root, sha256)
            if await AsyncPath(path).is_file() and await self._is_whole(path, sha256):
                self._note_use(path)
                return path
        return None

    async def _is_whole(self, path: Path, sha256: str) -> bool:
        if path in self._verified:
            return True
        try:
            digests = await digest_file(path)
        except OSError:
            return False  # gone or unreadable: not there
        if digests.sha256 == sha256:
            self._verified.add(path)
            return True
        if path.is_relative_to(self._root):
            with storing(path):
                await AsyncPath(path).unlink(missing_ok=True)
        return False

    def size_of_partial(self, file: RemoteFile) -> int:
        """Return how many bytes of a file an earlier run left or another run has got so far."""
        try:
            return self._partial(file).stat().st_size
        except OSError:
            return 0

    @property
    def root(self) -> Path:
        """The folder that everything new lies in."""
        return self._root

    def missing(self, file: RemoteFile) -> int:
        """Return how many bytes of a file still have to come; 0 where its size is not known."""
        if file.size is None or file.url.startswith("file:"):
            return 0
        sha256 = file.hashes.get("sha256", "").lower()
        if SHA256.fullmatch(sha256) and any(finished_path(root, sha256).is_file() for root in self._roots):
            return 0
        return max(0, file.size - self.size_of_partial(file))

    async def open(self, file: RemoteFile, *, private: bool = False) -> Partial | None:
        """Open the partial file of `file` for writing; None while another run writes it.

        Args:
            file: what is to be downloaded.
            private: beside the one that another run holds and does not get on with.

        Raises:
            StorageError: the folder cannot be written to.
        """
        path = self._partial(file)
        private = private or not self.has_locks
        if private:
            path = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        lock = None
        with storing(path):
            await AsyncPath(path.parent).mkdir(parents=True, exist_ok=True)
            if self.has_locks and (lock := try_lock(path.with_name(path.name + ".lock"))) is None:
                return None
        partial = Partial(file=file, path=path, url_digest=digest_url(file.url), lock=lock, keep=not private)
        try:
            await partial.load()
            if not private:
                await to_thread.run_sync(note_name, self._root, path.name, file)
        except BaseException:
            partial.close()  # also when cancelled: the lock must not stay
            raise
        return partial

    async def publish(self, partial: Partial) -> Path:
        """Make a complete partial, whose hashes the caller has checked, a finished file.

        Raises:
            StorageError: it cannot be moved.
        """
        sha256 = partial.digests.sha256
        path = finished_path(self._root, sha256)
        with storing(path):
            await to_thread.run_sync(partial.move_to, path)
        await to_thread.run_sync(note_name, self._root, sha256, partial.file)
        self._verified.add(path)
        return path

    async def remember(self, partial: Partial) -> None:
        """Note what a URL without a known SHA-256 served, for `recall`; raises StorageError."""
        record = dataclasses.replace(partial.origin, sha256=partial.digests.sha256, size=partial.received)
        path = _record(self._root, partial.url_digest)
        with storing(path):
            await to_thread.run_sync(record.save, path)

    async def recall(self, file: RemoteFile) -> tuple[Origin, Path] | None:
        """Return what the URL served last time and where that is, if it is still here and unharmed.

        Whether it is still what the URL serves, only the server can tell.
        """
        for root in self._roots:
            record = await to_thread.run_sync(load_origin, _record(root, digest_url(file.url)))
            if record is None or record.sha256 is None or not (record.etag or record.last_modified):
                continue
            path = finished_path(root, record.sha256)
            try:
                digests = await digest_file(path, file.hashes)
            except OSError:
                continue
            if digests.mismatch({**file.hashes, "sha256": record.sha256}) is None:
                self._note_use(path)
                return record, path
        return None

    def _note_use(self, path: Path) -> None:
        """Note that a file was used now, for whoever prunes by age; what is only read is left as it is."""
        if path.is_relative_to(self._root):
            try:
                os.utime(path)
            except OSError:
                pass  # it may be another user's

    def _partial(self, file: RemoteFile) -> Path:
        sha256 = file.hashes.get("sha256", "").lower()
        key = sha256 if SHA256.fullmatch(sha256) else f"url-{digest_url(file.url)}"
        return self._root / "partial" / key


def _record(root: Path, url_digest: str) -> Path:
    return root / "urls" / f"{url_digest}.json"
