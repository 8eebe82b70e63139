"""A speed, measured over a sliding window. Pure."""

from __future__ import annotations

from dataclasses import dataclass

SPEED_WINDOW_S = 10.0
SAMPLE_EVERY_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """The speed of something over the last seconds, from samples of its running total."""

    samples: tuple[tuple[float, int], ...] = ()
    """(time, total) in order of time, the first one at or before the window's start."""

    def after(self, now: float, total: int) -> Speed:
        """Return the speed with one more sample; samples closer than half a second are joined."""
        kept = self._since(now - SPEED_WINDOW_S)
        if len(kept) > 1 and kept[-1][0] - kept[-2][0] < SAMPLE_EVERY_S:
            kept = kept[:-1]
        return Speed(samples=(*kept, (now, total)))

    def rate(self, now: float) -> float:
        """Return bytes a second over the window that ends now; falls to zero in a stall."""
        kept = self._since(now - SPEED_WINDOW_S)
        if not kept or now - kept[0][0] < SAMPLE_EVERY_S:
            return 0.0
        return (kept[-1][1] - kept[0][1]) / (now - kept[0][0])

    def _since(self, start: float) -> tuple[tuple[float, int], ...]:
        older = sum(1 for time, _ in self.samples if time <= start)
        return self.samples[max(0, older - 1) :]
