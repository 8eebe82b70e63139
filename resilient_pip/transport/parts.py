"""Parts of a file, each by a request of its own; what comes is sure to be the bytes that were asked for."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from resilient_pip.cache.origin import Origin
from resilient_pip.errors import Dropped
from resilient_pip.model import redact
from resilient_pip.transport.client import Client
from resilient_pip.transport.ranges import resume_headers, why_not_the_rest
from resilient_pip.transport.status import refusal

_OK = 200
_PARTIAL_CONTENT = 206


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The file that the parts are of, as one place has it."""

    url: str
    host: str
    origin: Origin
    size: int


class Parts:
    """Asks for parts and counts what they bring.

    Args:
        client: sends the requests.
        idle_s: how long a connection may be silent, given the place in the file that it has come to.
        came: called with the number of bytes that have come.
    """

    def __init__(
        self, *, client: Client, idle_s: Callable[[int], float], came: Callable[[int], None]
    ) -> None:
        self._client = client
        self._idle_s = idle_s
        self._came = came
        self.requested = 0
        """Requests so far."""
        self.body_bytes = 0
        """Bytes that they brought."""

    async def read(self, whole: Whole, start: int, end: int) -> bytes:
        """Give the bytes from `start` up to `end`.

        Raises:
            SourceError: they do not come.
        """
        found, size = bytearray(), end - start
        async with self.open(whole, start, end) as part, aclosing(part) as chunks:
            async for chunk in chunks:
                found += chunk
                if len(found) > size:
                    raise _of_no_use(whole, start, "206 with more than was asked for")
        if len(found) < size:
            raise _of_no_use(whole, start, "body ended early")
        return bytes(found)

    @asynccontextmanager
    async def open(
        self, whole: Whole, start: int, end: int | None = None
    ) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        """Ask for the bytes from `start` on, up to `end` or the end of the file, and give them as they come.

        Raises:
            SourceError: they do not come, or are not these.
        """
        headers = resume_headers(start, whole.origin, end=end)
        self.requested += 1
        async with self._client.get(whole.url, headers=headers, first_byte_s=self._idle_s(start)) as answer:
            if answer.status == _OK:
                raise _of_no_use(whole, start, "the whole file in place of a part")
            if answer.status != _PARTIAL_CONTENT:
                raise refusal(answer)
            reason = why_not_the_rest(
                answer.headers, received=start, expected=whole.size, origin=whole.origin
            )
            if reason is not None:
                raise _of_no_use(whole, start, reason)
            yield self._counted(answer.chunks(lambda body: self._idle_s(start + body)))

    async def _counted(self, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async with aclosing(chunks):
            async for chunk in chunks:
                self.body_bytes += len(chunk)
                self._came(len(chunk))
                yield chunk


def _of_no_use(whole: Whole, start: int, reason: str) -> Dropped:
    """Say why a part did not come; what came before it is good, and the next try asks for the rest."""
    return Dropped(url=redact(whole.url), reason=reason, received=start, expected=whole.size)
