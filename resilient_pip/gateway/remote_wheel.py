"""Parts of files on servers: their length, and core metadata out of the ends of wheels."""

from __future__ import annotations

from functools import partial

from anyio import Path as AsyncPath
from anyio import to_thread

from resilient_pip.cache.answers import Answers
from resilient_pip.errors import AttemptsExhausted, BadContent
from resilient_pip.events import Kind, Subject
from resilient_pip.gateway.local import local_path
from resilient_pip.gateway.seams import Answer, Reader
from resilient_pip.index.content_range import read_content_range
from resilient_pip.index.wheel_metadata import BrokenWheel, Missing, SparseBytes, read_core_metadata
from resilient_pip.model import ProjectName, RemoteFile
from resilient_pip.urls import host_of

_OK = 200
_PARTIAL = 206
_NO_RANGES = frozenset({400, 405, 416, 501})
_NO_ANSWER = frozenset({401, 403, 404, 410}) | _NO_RANGES
_TAIL = 66 * 1024
"""Bytes of a wheel's end that are asked for first: .dist-info and its entries in the directory fit in most.

On a link of 25 MB/s and 20 ms a request more costs as much as 500 KB; zipfile may look for the end of the
directory in the last 64 KiB.
"""
_LONGEST = 16 * 2**20
"""Bytes of one range that are accepted; a directory of 100 000 files is smaller."""
_REQUESTS = 4


class RemoteWheels:
    """Reads parts of files by range requests, and remembers which hosts cannot and how long files are."""

    def __init__(self, reader: Reader, answers: Answers | None = None) -> None:
        self._reader = reader
        self._answers = answers
        self._rangeless: set[str] = set()
        self._sizes: dict[str, int] = {}

    def known_size(self, file: RemoteFile) -> int | None:
        """Give a file's length in bytes as far as the index or an earlier answer told."""
        return self._sizes.get(file.url, file.size)

    async def size(self, file: RemoteFile) -> int | None:
        """Give a file's length in bytes, asking its server where it is not known; None if that tells nothing.

        Raises:
            AttemptsExhausted: the server does not answer.
        """
        if self.known_size(file) is None:
            local = local_path(file.url)
            if local is None:
                await self._ask_for_size(file)
            elif await AsyncPath(local).is_file():
                self._sizes[file.url] = (await AsyncPath(local).stat()).st_size
        return self.known_size(file)

    async def _ask_for_size(self, file: RemoteFile) -> None:
        sha256 = file.hashes.get("sha256")
        if self._answers is None or sha256 is None:
            await self._read(file, (0, 1))
            return
        size = await to_thread.run_sync(self._answers.find_size, sha256)
        if size is not None:
            self._sizes[file.url] = size
            return
        await self._read(file, (0, 1))
        if file.url in self._sizes:
            await to_thread.run_sync(self._answers.keep_size, sha256, self._sizes[file.url])

    async def read_metadata(self, file: RemoteFile) -> bytes | None:
        """Read METADATA out of a wheel, a few requests at most; None where its server gives no ranges.

        Raises:
            AttemptsExhausted: the server does not answer.
        """
        host = host_of(file.url)
        if host in self._rangeless:
            return None
        wheel: SparseBytes | None = None
        wanted = _tail(self.known_size(file))
        for _ in range(_REQUESTS):
            answer = await self._read(file, wanted)
            if answer is None or answer.status in _NO_RANGES | {_OK}:
                self._rangeless.add(host)
                return None
            place = _place(answer)
            if place is None:
                return None
            start, size = place
            wheel = wheel or SparseBytes(size)
            wheel.add(start, answer.body)
            found = await to_thread.run_sync(partial(_try, wheel, file.project))
            if not isinstance(found, Missing):
                return found
            wanted = (found.start, found.end)
        return None

    async def _read(self, file: RemoteFile, wanted: tuple[int, int | None] | int) -> Answer | None:
        """Make one request; None where the server does not take it or sends something else."""
        subject = Subject(kind=Kind.METADATA, project=file.project, name=file.filename, url=file.safe_url)
        try:
            answer = await self._reader.read(
                file.url, subject=subject, byte_range=wanted, limit=_LONGEST, absent=_NO_ANSWER
            )
        except AttemptsExhausted as error:
            if isinstance(error.last, BadContent):
                return None
            raise
        self._learn(file, answer)
        return answer

    def _learn(self, file: RemoteFile, answer: Answer) -> None:
        place = _place(answer)
        length = answer.headers.get("content-length", "")
        if place:
            self._sizes[file.url] = place[1]
        elif answer.status == _OK and length.isdecimal() and "content-encoding" not in answer.headers:
            self._sizes[file.url] = int(length)


def _place(answer: Answer) -> tuple[int, int] | None:
    """Give where in the file an answer begins and how long the file is; None where one is not told."""
    part = read_content_range(answer.headers) if answer.status == _PARTIAL else None
    return (part.start, part.total) if part and part.total is not None else None


def _tail(size: int | None) -> tuple[int, int | None] | int:
    """Say what to ask for first: an exact range where the size is known, which every server understands."""
    return -_TAIL if size is None else (max(0, size - _TAIL), size)


def _try(wheel: SparseBytes, project: ProjectName) -> bytes | Missing | None:
    try:
        return read_core_metadata(wheel, project)
    except Missing as missing:
        return missing
    except BrokenWheel:
        return None  # the whole file will show what is wrong
