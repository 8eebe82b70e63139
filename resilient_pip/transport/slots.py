"""Who may transfer now: so many at once, fewer per host, first come first served, a waiting child first.

A large file whose connections fill the link is let alone by later ones of its host: side by side all would be
there at the end, one after the other the first can be installed meanwhile.
"""

from __future__ import annotations

import itertools

import anyio

from resilient_pip.settings import MIB

_ONE_TROUBLE_S = 10.0  # connections that break together count as one trouble
_LOOK_S = 0.5
"""How often those who wait look whether what they leave alone still comes."""
FILLING = 32 * MIB
"""Bytes that have to be left of a file for later ones to leave it alone."""
_SILENT_S = 1.5
"""Without a byte a file fills nothing."""

_numbers = itertools.count()


class Ticket:
    """One transfer's place in the queue; it keeps its place when it lets go and comes again."""

    def __init__(self, slots: Slots, host: str, *, urgent: bool, size: int) -> None:
        self._slots = slots
        self._number = next(_numbers)
        self.host = host
        self.urgent = urgent
        self.holds = False
        self.admitted = anyio.Event()
        self.fills = size >= FILLING
        """Whether what it transfers takes all that the link gives."""
        self.heard_at = 0.0
        """Monotonic time of its latest bytes, as long as it fills the link."""

    @property
    def rank(self) -> tuple[bool, int]:
        """Smaller goes first."""
        return not self.urgent, self._number

    async def acquire(self) -> None:
        """Wait for a slot, unless this holds one."""
        if not self.holds:
            await self._slots.admit(self)

    def release(self) -> None:
        """Let the next one in, if this holds a slot."""
        if self.holds:
            self._slots.dismiss(self)


class Slots:
    """Admits transfers within the limits."""

    def __init__(self, *, total: int, per_host: int) -> None:
        self._total = total
        self._per_host = per_host
        self._limits: dict[str, int] = {}
        self._slowed_at: dict[str, float] = {}
        self._waiting: list[Ticket] = []
        self._active: list[Ticket] = []
        self.best: dict[str, int] = {}
        """How many connections for one file have turned out to be of use, by host."""

    @property
    def active(self) -> int:
        """How many transfers are under way."""
        return len(self._active)

    def ticket(self, host: str, *, urgent: bool, size: int = 0) -> Ticket:
        """Make a place at the end of the queue, for so many bytes as far as that is known."""
        return Ticket(self, host, urgent=urgent, size=size)

    async def admit(self, ticket: Ticket) -> None:
        """Wait until `ticket` may go."""
        ticket.admitted = anyio.Event()
        self._waiting.append(ticket)
        self._let_in()
        try:
            while not ticket.holds:
                with anyio.move_on_after(_LOOK_S):
                    await ticket.admitted.wait()
                self._let_in()
        except BaseException:
            # Cancelled: leave the queue, or give back what was granted in the same moment.
            if ticket.holds:
                self.dismiss(ticket)
            else:
                self._waiting.remove(ticket)
            raise

    def admit_now(self, ticket: Ticket) -> bool:
        """Let the ticket of a further connection in where that keeps nobody waiting; say whether it did."""
        if not self.is_waited_for and self._has_room(ticket):
            self._enter(ticket)
        return ticket.holds

    @property
    def is_waited_for(self) -> bool:
        """Whether a transfer waits for a slot, and not for what fills the link."""
        return not all(map(self._is_held, self._waiting))

    def dismiss(self, ticket: Ticket) -> None:
        """Take the slot back."""
        ticket.holds = False
        self._active.remove(ticket)
        self._let_in()

    def slow_down(self, host: str) -> None:
        """Halve what one host is asked for at once: its connections break."""
        now = anyio.current_time()
        if now - self._slowed_at.get(host, -_ONE_TROUBLE_S) >= _ONE_TROUBLE_S:
            self._slowed_at[host] = now
            self._limits[host] = max(1, self._limit(host) // 2)

    def speed_up(self, host: str) -> None:
        """Allow a host one more again: a file came through."""
        if host in self._limits:
            self._limits[host] = min(self._per_host, self._limits[host] + 1)

    def _limit(self, host: str) -> int:
        return self._limits.get(host, self._per_host)

    def _let_in(self) -> None:
        for ticket in sorted(self._waiting, key=lambda waiting: waiting.rank):
            if self._has_room(ticket) and not self._is_held(ticket):
                self._waiting.remove(ticket)
                self._enter(ticket)

    def _has_room(self, ticket: Ticket) -> bool:
        of_host = sum(active.host == ticket.host for active in self._active)
        return len(self._active) < self._total and of_host < self._limit(ticket.host)

    def _is_held(self, ticket: Ticket) -> bool:
        """Whether an earlier file of its host fills the link."""
        since = anyio.current_time() - _SILENT_S
        return any(
            active.fills
            and active.host == ticket.host
            and active.heard_at > since
            and active.rank < ticket.rank
            for active in self._active
        )

    def _enter(self, ticket: Ticket) -> None:
        self._active.append(ticket)
        ticket.heard_at = anyio.current_time()
        ticket.holds = True
        ticket.admitted.set()
