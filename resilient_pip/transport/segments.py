"""One large file over several connections, where each alone is what makes it slow.

The first connection begins as with any file. If nothing else is being transferred and a second one makes it
faster, what is left is fetched in segments, by as many connections as keep making it faster, and given on in
order: what is on disk is always a beginning, from which a later run goes on. What waits for its turn is in
memory, and bounded. Where a second connection is of no use, the file goes on over one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import anyio

from resilient_pip.errors import ResilientPipError, SourceError
from resilient_pip.policy.widening import Widening
from resilient_pip.settings import MIB
from resilient_pip.transport.client import Answer, Client
from resilient_pip.transport.parts import Parts, Whole
from resilient_pip.transport.slots import FILLING, Slots, Ticket

SEGMENT = 4 * MIB
AHEAD = 8 * SEGMENT
"""Bytes behind what is given on up to which segments are begun."""
LEAST_LEFT = 2 * SEGMENT
"""Bytes that have to be left for a second connection: a segment for the first one, and one for itself."""


class Segments:
    """What one try brings of a file, in order. Made by `segmented` only."""

    def __init__(
        self,
        *,
        whole: Whole | None,
        received: int,
        client: Client,
        slots: Slots,
        ticket: Ticket,
        idle_s: Callable[[int], float],
        heard: Callable[[], None],
        begin: Callable[..., object],
    ) -> None:
        self._whole = whole
        self._given = received
        self._slots = slots
        self._ticket = ticket
        self.parts = Parts(client=client, idle_s=idle_s, came=self._heard)
        """What comes over other connections than the first."""
        self._tell_heard = heard
        self._begin = begin
        self._widening = self._begun()
        ticket.fills = whole is not None and whole.size - received >= FILLING
        ticket.heard_at = anyio.current_time()
        self._connections = 1
        self._stop: int | None = None
        """Where the first connection has to stop; None: nowhere."""
        self._next = 0
        """Where the next segment begins."""
        self._there: dict[int, bytes] = {}
        self._changed = anyio.Event()
        self._error: SourceError | None = None
        self._came = 0

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
                    if self.parts.body_bytes:
                        yield self._give(chunk[: self._stop - self._given])
                        break
                    self._stay_alone()  # nobody else has brought anything
                yield self._give(chunk)
            else:
                return
        await answer.close()
        assert self._whole is not None  # noqa: S101 - else there is no stop
        self._begin(self._work, None)
        while self._given < self._next:
            yield self._give(await self._segment())
        if self._given < self._whole.size:
            async with self.parts.open(self._whole, self._given) as rest, aclosing(rest) as left:
                async for chunk in left:
                    yield self._give(chunk)

    def _give(self, piece: bytes) -> bytes:
        self._given += len(piece)
        self._tell()
        return piece

    def _note(self, length: int) -> None:
        """Count what came over any connection, and begin a further one where that is what the speed says."""
        self._came += length
        self._ticket.heard_at = anyio.current_time()
        self._widen()

    def _heard(self, length: int) -> None:
        self._tell_heard()
        self._note(length)

    def _forgive(self) -> None:
        """Let the failure of another connection be none of the file, as long as the first goes on."""
        if self._error is not None:
            self._error = None
            self._stay_alone()

    def _stay_alone(self) -> None:
        """Let the first connection go on to the end."""
        self._whole = self._stop = None
        self._there.clear()
        self._ticket.fills = False

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
        before, self._widening = self._widening, self._widening.judged(now, self._came, left)
        if self._widening.is_settled and not before.is_settled:
            self._slots.best[self._whole.host] = self._widening.connections
        if self._widening.connections > self._connections:
            self._add_connection(self._whole)

    def _begun(self) -> Widening:
        """Begin with as many connections as were of use to the file before."""
        best = self._slots.best.get(self._whole.host) if self._whole else None
        now = anyio.current_time()
        return Widening(since_s=now, received=0, connections=best or 1, is_settled=best is not None)

    @property
    def _is_alone(self) -> bool:
        """Whether the first connection is to be the only one."""
        return self._widening.is_settled and self._widening.connections == 1

    def _add_connection(self, whole: Whole) -> None:
        # So far that the second has brought something by then.
        lead = max(SEGMENT, round(self._widening.slower or AHEAD))
        is_late = self._stop is None and whole.size - self._given < lead + SEGMENT
        ticket = self._slots.ticket(whole.host, urgent=False)
        if is_late or not self._slots.admit_now(ticket):
            self._widening = replace(self._widening, connections=self._connections, is_settled=True)
            return
        if self._stop is None:
            self._stop = self._next = self._given + lead
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
                self._there[start] = await self.parts.read(whole, start, end)
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

    async def _segment(self) -> bytes:
        """Wait for the segment whose turn it is."""
        while self._given not in self._there:
            if self._error is not None:
                raise self._error
            await self._changed.wait()
        return self._there.pop(self._given)

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
    ticket: Ticket,
    idle_s: Callable[[int], float],
    heard: Callable[[], None],
) -> AsyncIterator[Segments]:
    """Give what fetches a file over one connection or several; they end with the block.

    Args:
        whole: the file; None where it has to come over one connection.
        received: bytes of it that are there.
        client: sends the requests.
        slots: each further connection takes one, as if it were another file's.
        ticket: of the file.
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
                ticket=ticket,
                idle_s=idle_s,
                heard=heard,
                begin=tasks.start_soon,
            )
        except ResilientPipError as error:
            failure = error  # carried past the task group, which would wrap it
        finally:
            ticket.fills = False
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
