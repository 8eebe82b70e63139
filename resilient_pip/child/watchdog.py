"""When a child counts as hung. Pure: the caller brings the time and the measurements."""

from __future__ import annotations

from dataclasses import dataclass, replace

IDLE_SHARE = 0.0005
"""The share of one CPU that merely waking up to look costs; using no more than that is no sign of life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """The last sign of life of a child and what was measured then."""

    at_s: float
    output: int = 0
    """Bytes that it has printed."""
    cpu_s: float = 0.0
    """CPU time of all its processes together."""
    io: int = 0
    """Bytes that its processes have read and written."""

    def observe(self, now: float, *, output: int, cpu_s: float, io: int) -> Life:
        """Compare with what is measured now: the same value if nothing moved, else a new one of now.

        Less CPU time or I/O than before means that one of the processes has ended, which is a sign of life.
        """
        quiet_s = now - self.at_s
        worked = cpu_s < self.cpu_s or cpu_s - self.cpu_s > IDLE_SHARE * quiet_s
        if output == self.output and io == self.io and not worked:
            return self
        return Life(at_s=now, output=output, cpu_s=cpu_s, io=io)

    def excuse(self, now: float) -> Life:
        """Restart the clock: the child has a good reason to be quiet."""
        return replace(self, at_s=now)
