"""One large file over several connections, where each alone is what makes it slow.

The first connection begins as with any file. If nothing else is being transferred and a second one makes it
faster, what is left is fetched in segments, by as many connections as keep making it faster, and given on in
order: what is on disk is always a beginning, from which a later run goes on. What waits for its turn is in
memory, and bounded. Where a second connection is of no use, the file goes on over one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace

import anyio

from resilient_pip.cache.origin import Origin
from resilient_pip.errors import BadContent, Dropped, ResilientPipError, SourceError
from resilient_pip.model import redact
from resilient_pip.policy.widening import Widening
from resilient_pip.settings import MIB
from resilient_pip.transport.client import Answer, Client
from resilient_pip.transport.ranges import resume_headers, why_not_the_rest
from resilient_pip.transport.slots import Slots, Ticket
from resilient_pip.transport.status import refusal

SEGMENT = 4 * MIB
AHEAD = 8 * SEGMENT
"""Bytes behind what is given on up to which segments are begun."""
LEAST_LEFT = 2 * SEGMENT
"""Bytes that have to be left for a second connection: a segment for the first one, and one for itself."""
_OK = 200
_PARTIAL_CONTENT = 206


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The file that the segments are of, as one place has it."""

    url: str
    host: str
    origin: Origin
    size: int


class Segments:
    """What one try brings of a file, in order. Made by `segmented` only."""

    def __init__(
        self,
        *,
        whole: Whole | None,
        received: int,
        client: Client,
        slots: Slots,
        idle_s: Callable[[int], float],
        heard: Callable[[], None],
        begin: Callable[..., object],
    ) -> None:
        self._whole = whole
        self._given = received
        self._client = client
        self._slots = slots
        self._idle_s = idle_s
        self._heard = heard
        self._begin = begin
        self._widening = Widening(since_s=anyio.current_time(), received=0)
        self._connections = 1
        self._stop: int | None = None
        """Where the first connection has to stop; None: nowhere."""
        self._next = 0
        """Where the next segment begins."""
        self._there: dict[int, bytes] = {}
        self._changed = anyio.Event()
        self._error: SourceError | None = None
        self._came = 0
        self.requested = 0
        """Requests for segments."""
        self.body_bytes = 0
        """Bytes that came over other connections than the first."""

    async def chunks(self, answer: Answer, body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Give the file on, as far as it comes.

        Args:
            answer: of the first connection.
            body: its chunks.

        Raises:
            SourceError: a connection failed.
        """
        async with aclosing(body):
            async for chunk in body:
                self._forgive()
                self._note(len(chunk))
                if self._stop is not None and self._given + len(chunk) >= self._stop:
                    yield self._give(chunk[: self._stop - self._given])
                    break
                yield self._give(chunk)
            else:
                return
        await answer.close()
        assert self._whole is not None  # noqa: S101 - else there is no stop
        self._begin(self._work, None)
        while self._given < self._next:
            yield self._give(await self._segment())
        if self._given < self._whole.size:
            async with self._part(self._whole, self._given) as rest, aclosing(rest) as left:
                async for chunk in left:
                    yield self._give(chunk)

    def _give(self, piece: bytes) -> bytes:
        self._given += len(piece)
        self._tell()
        return piece

    def _note(self, length: int) -> None:
        """Count what came over any connection, and begin a further one where that is what the speed says."""
        self._came += length
        self._widen()

    def _forgive(self) -> None:
        """Let the failure of another connection be none of the file, as long as the first goes on."""
        if self._error is not None:
            self._error = self._whole = self._stop = None
            self._there.clear()

    def _widen(self) -> None:
        if self._whole is None:
            return
        now, left = anyio.current_time(), self._whole.size - self._given
        if self._stop is None and left < LEAST_LEFT:
            return
        if self._slots.active != self._connections:
            # Beside other transfers nobody could tell what one connection more brings.
            self._widening = replace(self._widening, since_s=now, received=self._came)
            return
        self._widening = self._widening.judged(now, self._came, left)
        if self._widening.connections > self._connections:
            self._add_connection(self._whole)
        elif self._is_alone:
            self._slots.single.add(self._whole.host)

    @property
    def _is_alone(self) -> bool:
        """Whether the first connection is to be the only one."""
        return self._widening.is_settled and self._widening.connections == 1

    def _add_connection(self, whole: Whole) -> None:
        ticket = self._slots.ticket(whole.host, urgent=False)
        if not self._slots.admit_now(ticket):
            self._widening = replace(self._widening, connections=self._connections, is_settled=True)
            return
        if self._stop is None:
            self._stop = self._next = self._given + SEGMENT
        self._connections += 1
        self._begin(self._work, ticket)

    # --- further connections ---------------------------------------------------------------------

    async def _work(self, ticket: Ticket | None) -> None:
        """Fetch segments until there are none left, or this connection is one too many."""
        try:
            while (whole := self._whole) is not None and self._error is None and self._is_wanted(ticket):
                start, end = self._next, min(self._next + SEGMENT, whole.size)
                if start == end:
                    break
                if start >= self._given + AHEAD:
                    await self._changed.wait()
                    continue
                self._next = end
                self._there[start] = await self._fetch(whole, start, end)
                self._tell()
        except SourceError as error:
            self._error = error
            self._tell()
        finally:
            if ticket is not None:
                self._connections -= 1
                ticket.release()

    def _is_wanted(self, ticket: Ticket | None) -> bool:
        if self._is_alone:
            return False
        is_one_too_many = self._slots.is_waited_for or self._connections > self._widening.connections
        return ticket is None or not is_one_too_many

    async def _fetch(self, whole: Whole, start: int, end: int) -> bytes:
        found = bytearray()
        async with self._part(whole, start, end) as part, aclosing(part) as chunks:
            async for chunk in chunks:
                found += chunk
        if len(found) != end - start:
            url = redact(whole.url)
            raise Dropped(url=url, reason="body ended early", received=len(found), expected=end - start)
        return bytes(found)

    async def _segment(self) -> bytes:
        """Wait for the segment whose turn it is."""
        while self._given not in self._there:
            if self._error is not None:
                raise self._error
            await self._changed.wait()
        return self._there.pop(self._given)

    @asynccontextmanager
    async def _part(
        self, whole: Whole, start: int, end: int | None = None
    ) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        """Ask for the bytes from `start` on, up to `end` or the end of the file."""
        headers = resume_headers(start, whole.origin, end=end)
        self.requested += 1
        async with self._client.get(whole.url, headers=headers, first_byte_s=self._idle_s(start)) as answer:
            if answer.status == _OK:
                # The next try asks once for all that is left, and takes a whole file as one.
                raise Dropped(
                    url=redact(answer.url),
                    reason="the whole file in place of a part",
                    received=start,
                    expected=whole.size,
                )
            if answer.status != _PARTIAL_CONTENT:
                raise refusal(answer)
            reason = why_not_the_rest(
                answer.headers, received=start, expected=whole.size, origin=whole.origin
            )
            if reason is not None:
                raise BadContent(url=redact(answer.url), reason=reason)
            yield self._counted(answer.chunks(lambda body: self._idle_s(start + body)))

    async def _counted(self, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async with aclosing(chunks):
            async for chunk in chunks:
                self.body_bytes += len(chunk)
                self._heard()
                self._note(len(chunk))
                yield chunk

    def _tell(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


@asynccontextmanager
async def segmented(
    *,
    whole: Whole | None,
    received: int,
    client: Client,
    slots: Slots,
    idle_s: Callable[[int], float],
    heard: Callable[[], None],
) -> AsyncIterator[Segments]:
    """Give what fetches a file over one connection or several; they end with the block.

    Args:
        whole: the file; None where it has to come over one connection.
        received: bytes of it that are there.
        client: sends the requests.
        slots: each further connection takes one, as if it were another file's.
        idle_s: how long a connection may be silent, given the place in the file that it has come to.
        heard: called when bytes come that are not given on yet.

    Raises:
        ResilientPipError: what the block raised.
    """
    failure: ResilientPipError | None = None
    async with anyio.create_task_group() as tasks:
        try:
            yield Segments(
                whole=whole,
                received=received,
                client=client,
                slots=slots,
                idle_s=idle_s,
                heard=heard,
                begin=tasks.start_soon,
            )
        except ResilientPipError as error:
            failure = error  # carried past the task group, which would wrap it
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
