"""What counts as getting on, and what as too slow."""

from __future__ import annotations

from dataclasses import dataclass

_ENOUGH = 256 * 1024
_PERCENT = 100


def is_progress(before: int, after: int, size: int | None) -> bool:
    """Say whether a transfer got on enough for its tries to be counted afresh: 256 KiB or 1 % of it."""
    gained = after - before
    return gained >= _ENOUGH or (size is not None and gained > 0 and gained * _PERCENT >= size)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedWindow:
    """The stretch of a transfer that its speed is judged over; starts again whenever it is full."""

    since_s: float
    received: int

    def rate(self, now: float, received: int) -> float:
        """Return bytes a second since this window began."""
        return (received - self.received) / max(now - self.since_s, 1e-9)

    def is_full(self, now: float, length_s: float) -> bool:
        """Say whether the window is long enough to judge by."""
        return now - self.since_s >= length_s


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveClock:
    """The time that a package's soft time-out counts: shared fairly between transfers that share the link."""

    elapsed_s: float = 0.0
    read_at: float | None = None

    def read(self, now: float, sharing: int) -> ActiveClock:
        """Let the time since the last reading pass, divided by the number of transfers under way."""
        passed = 0.0 if self.read_at is None else (now - self.read_at) / max(sharing, 1)
        return ActiveClock(elapsed_s=self.elapsed_s + passed, read_at=now)

    def pause(self) -> ActiveClock:
        """Stop until the next reading."""
        return ActiveClock(elapsed_s=self.elapsed_s)
