"""What a child prints, on its way from the pipe to the log file, to whoever listens and into memory."""

from __future__ import annotations

import codecs
import io
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import anyio

from resilient_pip.errors import StorageError
from resilient_pip.lines import printable

TAIL_LINES = 400
"""How many of the last lines are kept in memory."""

LONGEST_LINE = 16_384
"""Characters after which a line without an end is taken for one."""

_CHUNK = 65_536
_LAST_CHUNKS = 16
"""How much is read after the child's end: all that a pipe holds, but no endless flood of a daemon it left."""


class Output:
    """The pipe that a child prints into, read here; a context manager that owns pipe and log file.

    asyncio's own pipes are not used: with them, waiting for a process can mean waiting until the last holder
    of the pipe is gone, and that may be a daemon that the child has left behind (python/cpython#119710).

    Raises:
        StorageError: the log file cannot be written.
    """

    def __init__(
        self, log: Path, tell: Callable[[str], None], clean: Callable[[str], str] = lambda line: line
    ) -> None:
        try:
            self._log = log.open("w", encoding="utf-8")
        except OSError as error:
            raise StorageError(path=str(log), reason=error.strerror or str(error)) from error
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._tell = tell
        self._clean = clean
        self._splitter = LineSplitter()
        self.received = 0
        """Bytes up to now."""
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        """The last lines."""

    def __enter__(self) -> Output:  # noqa: PYI034  # typing.Self is not in Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Pass on what is in the pipe at this moment, the unfinished line included, and close everything."""
        for _ in range(_LAST_CHUNKS):
            if not self._take():
                break
        self._pass_on(self._splitter.feed(b"", final=True))
        os.close(self._read_end)
        try:
            self._log.close()
        except OSError:
            pass  # as in _pass_on

    async def pump(self) -> None:
        """Pass on what comes until every holder of the pipe has closed it."""
        await anyio.wait_readable(self._read_end)
        while self._take():
            await anyio.wait_readable(self._read_end)

    def _take(self) -> bool:
        """Pass on one portion; False where there is none."""
        try:
            data = os.read(self._read_end, _CHUNK)
        except BlockingIOError:
            return False
        self.received += len(data)
        self._pass_on(self._splitter.feed(data))
        return bool(data)

    def _pass_on(self, lines: list[str]) -> None:
        lines = [self._clean(line) for line in lines]
        for line in lines:
            self.tail.append(line)
            self._tell(line)
        try:
            self._log.writelines(f"{line}\n" for line in lines)
            self._log.flush()
        except OSError:
            pass  # a full disk is the child's to report: what it prints says more than a failure of ours


class LineSplitter:
    """Cuts a stream of bytes into printable lines; a carriage return ends one too, for progress bars."""

    def __init__(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
        self._rest = ""

    def feed(self, data: bytes, *, final: bool = False) -> list[str]:
        """Take more bytes and give the lines that are complete; with `final`, the unfinished one as well."""
        *lines, self._rest = (self._rest + self._decoder.decode(data, final=final)).split("\n")
        if self._rest and (final or len(self._rest) > LONGEST_LINE):
            lines.append(self._rest)
            self._rest = ""
        return [printable(line) for line in lines]
