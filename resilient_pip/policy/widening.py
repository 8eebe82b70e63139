"""How many connections one large file gets: one more for as long as that makes it faster."""

from __future__ import annotations

from dataclasses import dataclass, replace

WINDOW_S = 1.5
"""Over which a speed is measured."""
SETTLING_S = 0.5
"""After a connection was added: its start is slow."""
LEAST_LEFT_S = 4.0
"""What is over sooner than this does not become faster."""
LEAST_RATE = 50_000
"""Bytes a second; on a slower link further connections only take from each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Widening:
    """What was tried so far, and with what result; times are monotonic seconds."""

    since_s: float
    """When the current measurement begins."""
    received: int
    """Bytes that had come by then."""
    connections: int = 1
    slower: float | None = None
    """Bytes a second with one connection less."""
    is_settled: bool = False
    """Whether the number stays as it is."""

    def judged(self, now: float, received: int, left: int) -> Widening:
        """Take into account that `received` bytes have come in all and `left` are still to come."""
        if self.is_settled or now - self.since_s < WINDOW_S:
            return self
        rate = (received - self.received) / (now - self.since_s)
        if self.slower is not None and rate < self.slower * (1 + 0.5 / (self.connections - 1)):
            return replace(self, connections=self.connections - 1, is_settled=True)
        if rate < LEAST_RATE or left < rate * LEAST_LEFT_S:
            return replace(self, since_s=now, received=received)
        return Widening(
            since_s=now + SETTLING_S, received=received, connections=self.connections + 1, slower=rate
        )
