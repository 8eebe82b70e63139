"""Core metadata of wheels: from the index where it offers that, else out of the wheel."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from anyio import to_thread
from anyio.abc import TaskGroup

from resilient_pip.cache.answers import Answers
from resilient_pip.errors import AttemptsExhausted, BadContent, HashMismatch, Unreachable
from resilient_pip.events import Kind, Subject
from resilient_pip.gateway.flights import Flights
from resilient_pip.gateway.local import local_path
from resilient_pip.gateway.remote_wheel import RemoteWheels
from resilient_pip.gateway.seams import Files, Reader
from resilient_pip.index.pages import ListedFile
from resilient_pip.index.wheel_metadata import BrokenWheel, read_core_metadata
from resilient_pip.mirrors import metadata_url
from resilient_pip.model import ProjectName, RemoteFile, SafeUrl, redact
from resilient_pip.transport.places import Find

_LARGEST = 16 * 2**20
_OK = 200
_NOT_OFFERED = frozenset({403, 404, 410})
_NOT_UNDERSTOOD = _NOT_OFFERED | {400, 401, 405, 406, 500, 501}
"""What servers that have never heard of PEP 658 answer to a URL that they did not offer."""
_TRIALS = 3
_CHEAP = 2**20
"""Bytes up to which a whole wheel may be fetched for a guess."""


class _Luck:
    """How asking an index for metadata that it did not offer went so far."""

    def __init__(self) -> None:
        self.tried = 0
        self.found = False


class CoreMetadata:
    """Produces core metadata; each wheel's once, whichever way works."""

    def __init__(
        self,
        *,
        reader: Reader,
        wheels: RemoteWheels,
        files: Files,
        mirrors: Callable[[ListedFile], Sequence[Find]],
        answers: Answers | None,
        tasks: TaskGroup,
    ) -> None:
        self._reader = reader
        self._wheels = wheels
        self._files = files
        self._mirrors = mirrors
        self._answers = answers
        self._parts: Flights[str, bytes | None] = Flights(tasks)
        self._wholes: Flights[str, bytes] = Flights(tasks)
        self._luck: dict[SafeUrl, _Luck] = {}

    def abandon(self) -> None:
        """End the reading of metadata that nobody waits for."""
        self._parts.abandon()
        self._wholes.abandon()

    async def guess(self, listed: ListedFile) -> bytes | None:
        """Give a file's core metadata if that costs little, else None.

        Raises:
            SourceError: its server fails.
        """
        found = await self._parts.get(listed.file.url, partial(self._read_parts, listed))
        size = self._wheels.known_size(listed.file)
        if found is None and listed.file.is_wheel and size is not None and size <= _CHEAP:
            return await self.get(listed)
        return found

    async def get(self, listed: ListedFile) -> bytes:
        """Give a file's core metadata, by downloading all of it where nothing else works.

        Raises:
            SourceError: its server fails, or the metadata is not what the index says.
            StorageError: the file cannot be stored.
        """
        url = listed.file.url
        found = await self._parts.get(url, partial(self._read_parts, listed))
        if found is not None:
            return found
        if not listed.file.is_wheel:
            raise BadContent(
                url=listed.file.safe_url, reason="the index offers its metadata and does not have it"
            )
        return await self._wholes.get(url, partial(self._read_whole, listed))

    async def _read_parts(self, listed: ListedFile) -> bytes | None:
        file = listed.file
        path = local_path(file.url)
        if path is not None:
            return await _read_wheel(path, file) if file.is_wheel else None
        sha256 = file.hashes.get("sha256")
        if self._answers is None or sha256 is None:
            return await self._read_remote(listed)
        found = await to_thread.run_sync(self._answers.find_metadata, sha256)
        if found is not None and _mismatch(found, listed) is None:
            return found
        found = await self._read_remote(listed)
        if found is not None:
            await to_thread.run_sync(self._answers.keep_metadata, sha256, found)
        return found

    async def _read_remote(self, listed: ListedFile) -> bytes | None:
        file = listed.file
        if listed.metadata is None:
            found = await self._try_unoffered(listed)
        else:
            found = await self._read_sidecar(listed, _NOT_OFFERED)
        if found is not None and _mismatch(found, listed) is None:
            return found
        found = await self._wheels.read_metadata(file) if file.is_wheel else None
        return None if found is None else _checked(found, listed)

    async def _try_unoffered(self, listed: ListedFile) -> bytes | None:
        """Ask for metadata that the index did not offer, a few times only where it never has any."""
        file = listed.file
        if not file.is_wheel:
            return None
        luck = self._luck.setdefault(file.index, _Luck())
        if not luck.found and luck.tried >= _TRIALS:
            return None
        luck.tried += 1
        found = await self._read_sidecar(listed, _NOT_UNDERSTOOD)
        luck.found = luck.found or found is not None
        return found

    async def _read_sidecar(self, listed: ListedFile, absent: frozenset[int]) -> bytes | None:
        """Read `<file>.metadata`; None where the server has nothing of the kind."""
        file = listed.file
        subject = Subject(kind=Kind.METADATA, project=file.project, name=file.filename, url=file.safe_url)
        try:
            answer = await self._reader.read(
                metadata_url(file.url),
                subject=subject,
                limit=_LARGEST,
                absent=absent,
                mirrors=self._mirrors(listed),
                hashes=listed.metadata or {},
            )
        except AttemptsExhausted as error:
            if isinstance(error.last, Unreachable):
                raise
            return None  # the wheel itself may well be there
        # Some servers answer every URL with a page.
        plausible = answer.status == _OK and b"metadata-version:" in answer.body[:4096].lower()
        return answer.body if plausible else None

    async def _read_whole(self, listed: ListedFile) -> bytes:
        stored = await self._files.fetch(listed.file)
        return _checked(await _read_wheel(stored.path, listed.file), listed)


async def _read_wheel(path: Path, file: RemoteFile) -> bytes:
    try:
        return await to_thread.run_sync(_read_path, path, file.project)
    except BrokenWheel as error:
        raise BadContent(url=file.safe_url, reason=str(error)) from error


def _read_path(path: Path, project: ProjectName) -> bytes:
    try:
        with path.open("rb") as wheel:
            return read_core_metadata(wheel, project)
    except OSError as error:
        raise BrokenWheel(f"cannot be read: {error.strerror}") from error


def _checked(metadata: bytes, listed: ListedFile) -> bytes:
    mismatch = _mismatch(metadata, listed)
    if mismatch:
        raise mismatch
    return metadata


def _mismatch(metadata: bytes, listed: ListedFile) -> HashMismatch | None:
    """Compare with the hashes that the index gives (PEP 658)."""
    for algorithm, expected in (listed.metadata or {}).items():
        actual = hashlib.new(algorithm, metadata).hexdigest()
        if actual != expected:
            url = redact(metadata_url(listed.file.url))
            return HashMismatch(url=url, algorithm=algorithm, expected=expected, actual=actual)
    return None
