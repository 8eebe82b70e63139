"""Who may transfer now: so many at once, fewer per host, first come first served, a waiting child first."""

from __future__ import annotations

import itertools

import anyio

_ONE_TROUBLE_S = 10.0  # connections that break together count as one trouble

_numbers = itertools.count()


class Ticket:
    """One transfer's place in the queue; it keeps its place when it lets go and comes again."""

    def __init__(self, slots: Slots, host: str, *, urgent: bool) -> None:
        self._slots = slots
        self._number = next(_numbers)
        self.host = host
        self.urgent = urgent
        self.holds = False
        self.admitted = anyio.Event()

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
        self.single: set[str] = set()
        """Hosts at which a second connection for one file has turned out to be of no use."""

    @property
    def active(self) -> int:
        """How many transfers are under way."""
        return len(self._active)

    def ticket(self, host: str, *, urgent: bool) -> Ticket:
        """Make a place at the end of the queue."""
        return Ticket(self, host, urgent=urgent)

    async def admit(self, ticket: Ticket) -> None:
        """Wait until `ticket` may go."""
        ticket.admitted = anyio.Event()
        self._waiting.append(ticket)
        self._let_in()
        try:
            await ticket.admitted.wait()
        except BaseException:
            # Cancelled: leave the queue, or give back what was granted in the same moment.
            if ticket.holds:
                self.dismiss(ticket)
            else:
                self._waiting.remove(ticket)
            raise

    def admit_now(self, ticket: Ticket) -> bool:
        """Let `ticket` in where that keeps nobody waiting; say whether it did."""
        if not self._waiting and self._has_room(ticket):
            self._enter(ticket)
        return ticket.holds

    @property
    def is_waited_for(self) -> bool:
        """Whether a transfer waits for a slot."""
        return bool(self._waiting)

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
            if self._has_room(ticket):
                self._waiting.remove(ticket)
                self._enter(ticket)

    def _has_room(self, ticket: Ticket) -> bool:
        of_host = sum(active.host == ticket.host for active in self._active)
        return len(self._active) < self._total and of_host < self._limit(ticket.host)

    def _enter(self, ticket: Ticket) -> None:
        self._active.append(ticket)
        ticket.holds = True
        ticket.admitted.set()
