"""Hashes of files, computed while they are written or read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from anyio import to_thread

from resilient_pip.settings import MIB

_CHUNK = 8 * MIB
_CHECKED = frozenset(name for name in hashlib.algorithms_guaranteed if not name.startswith("shake"))


class Digests:
    """SHA-256 and every algorithm that somebody gave a hash of, over the same bytes."""

    def __init__(self, algorithms: Iterable[str] = ()) -> None:
        names = {"sha256"} | (_CHECKED & set(algorithms))
        self._running = {name: hashlib.new(name, usedforsecurity=False) for name in sorted(names)}

    def update(self, data: bytes | memoryview) -> None:
        """Take more bytes in."""
        for running in self._running.values():
            running.update(data)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes so far, in lower-case hex."""
        return self._running["sha256"].hexdigest()

    def mismatch(self, expected: Mapping[str, str]) -> tuple[str, str, str] | None:
        """Return algorithm, expected and actual digest of the first hash that is not met.

        Algorithms that this Python does not know are passed over, as pip does.
        """
        for algorithm, digest in expected.items():
            if algorithm in self._running:
                actual = self._running[algorithm].hexdigest()
                if actual != digest.lower():
                    return algorithm, digest, actual
        return None


async def digest_file(path: Path, algorithms: Iterable[str] = ()) -> Digests:
    """Hash a whole file in threads.

    Raises:
        OSError: it cannot be read.
    """
    digests = Digests(algorithms)
    file = await to_thread.run_sync(path.open, "rb")
    try:
        while await to_thread.run_sync(_take_in, file, digests):
            pass  # between two pieces this can be cancelled
    finally:
        file.close()
    return digests


def _take_in(file: BinaryIO, digests: Digests) -> bool:
    data = file.read(_CHUNK)
    digests.update(data)
    return bool(data)
