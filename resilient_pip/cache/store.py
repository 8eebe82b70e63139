"""Downloaded files by content, safe for several runs at once and for a run that is killed.

files/sha256/ab/<hex>     finished files; nothing is here that was not complete and checked
partial/<key>             what came so far, key being the SHA-256 or a digest of the URL
partial/<key>.json        whose bytes these are (`origin.Origin`)
partial/<key>.lock        held by the run that writes it
urls/<digest>.json        files whose index gives no SHA-256: what the URL served last time
"""

from __future__ import annotations

import dataclasses
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from anyio import Path as AsyncPath  # by name: anyio imports its parts when they are first touched
from anyio import to_thread

from resilient_pip.cache.digests import digest_file
from resilient_pip.cache.failing import storing
from resilient_pip.cache.lock import try_lock
from resilient_pip.cache.origin import Origin, digest_url, load_origin
from resilient_pip.cache.partial import Partial
from resilient_pip.model import RemoteFile

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Store:
    """The files below one folder. Several processes may use the same folder at the same time."""

    def __init__(self, root: Path, *, persistent: bool = True) -> None:
        self._root = root
        self.persistent = persistent
        """Whether a later run finds what this one leaves."""
        self._verified: set[str] = set()

    @classmethod
    def temporary(cls, root: Path) -> Store:
        """Make a store that ends with the run, for "no cache"."""
        return cls(root, persistent=False)

    def prepare(self) -> None:
        """Make the folders and see that they can be written to.

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

    async def find(self, hashes: Mapping[str, str]) -> Path | None:
        """Return the finished file with this SHA-256; its content is checked once per run.

        A damaged file is removed.
        """
        sha256 = hashes.get("sha256", "").lower()
        if not _SHA256.fullmatch(sha256):
            return None
        path = self._finished(sha256)
        if not await AsyncPath(path).is_file():
            return None
        if sha256 not in self._verified:
            try:
                digests = await digest_file(path)
            except OSError:
                return None  # gone or unreadable: not there
            if digests.sha256 != sha256:
                with storing(path):
                    path.unlink(missing_ok=True)
                return None
            self._verified.add(sha256)
        return path

    def size_of_partial(self, file: RemoteFile) -> int:
        """Return how many bytes of a file an earlier run left or another run has got so far."""
        try:
            return self._partial(file).stat().st_size
        except OSError:
            return 0

    @property
    def root(self) -> Path:
        """The folder that everything lies in."""
        return self._root

    def missing(self, file: RemoteFile) -> int:
        """Return how many bytes of a file still have to come; 0 where its size is not known."""
        if file.size is None or file.url.startswith("file:"):
            return 0
        sha256 = file.hashes.get("sha256", "").lower()
        if _SHA256.fullmatch(sha256) and self._finished(sha256).is_file():
            return 0
        return max(0, file.size - self.size_of_partial(file))

    async def open(self, file: RemoteFile, *, private: bool = False) -> Partial | None:
        """Open the partial file of `file` for writing; None while another run writes it.

        Args:
            file: what is to be downloaded.
            private: beside the one that another run holds and does not get on with.

        Raises:
            StorageError: the folder cannot be written to, or its file system has no locks.
        """
        path = self._partial(file)
        if private:
            path = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with storing(path):
            await AsyncPath(path.parent).mkdir(parents=True, exist_ok=True)
            lock = try_lock(path.with_name(path.name + ".lock"))
        if lock is None:
            return None
        partial = Partial(file=file, path=path, url_digest=digest_url(file.url), lock=lock, keep=not private)
        try:
            await partial.load()
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
        path = self._finished(sha256)
        with storing(path):
            await to_thread.run_sync(partial.move_to, path)
        self._verified.add(sha256)
        return path

    async def remember(self, partial: Partial) -> None:
        """Note what a URL without a known SHA-256 served, for `recall`; raises StorageError."""
        record = dataclasses.replace(partial.origin, sha256=partial.digests.sha256, size=partial.received)
        path = self._record(partial.url_digest)
        with storing(path):
            await to_thread.run_sync(record.save, path)

    async def recall(self, file: RemoteFile) -> tuple[Origin, Path] | None:
        """Return what the URL served last time and where that is, if it is still here and unharmed.

        Whether it is still what the URL serves, only the server can tell.
        """
        record = await to_thread.run_sync(load_origin, self._record(digest_url(file.url)))
        if record is None or record.sha256 is None or not (record.etag or record.last_modified):
            return None
        path = self._finished(record.sha256)
        try:
            digests = await digest_file(path, file.hashes)
        except OSError:
            return None
        harmed = digests.mismatch({**file.hashes, "sha256": record.sha256})
        return None if harmed else (record, path)

    def _finished(self, sha256: str) -> Path:
        return self._root / "files" / "sha256" / sha256[:2] / sha256

    def _partial(self, file: RemoteFile) -> Path:
        sha256 = file.hashes.get("sha256", "").lower()
        key = sha256 if _SHA256.fullmatch(sha256) else f"url-{digest_url(file.url)}"
        return self._root / "partial" / key

    def _record(self, url_digest: str) -> Path:
        return self._root / "urls" / f"{url_digest}.json"
