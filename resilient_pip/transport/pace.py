"""Whether one transfer is fast enough: the floor, and the time-out that only ends what is below it."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from resilient_pip.events import Emit, Noted
from resilient_pip.policy.progress import ActiveClock, SpeedWindow
from resilient_pip.settings import Settings
from resilient_pip.transport.places import Places
from resilient_pip.units import format_bytes, format_seconds


class Pace:
    """Judges the speed of one transfer over windows as long as a stall may be."""

    def __init__(
        self,
        *,
        name: str,
        limit_s: float | None,
        sharing: Callable[[], int],
        places: Places,
        settings: Settings,
        emit: Emit,
    ) -> None:
        self._name = name
        self._limit_s = limit_s
        self._sharing = sharing
        self._places = places
        self._settings = settings
        self._emit = emit
        self._clock = ActiveClock()
        self._window = SpeedWindow(since_s=0.0, received=0)
        self._told = False

    @property
    def overdue(self) -> bool:
        """Whether the transfer's time is over."""
        return self._limit_s is not None and self._clock.elapsed_s > self._limit_s

    def start(self, received: int) -> None:
        """A try begins: start clock and window."""
        now = anyio.current_time()
        self._clock = self._clock.read(now, self._sharing())
        self._window = SpeedWindow(since_s=now, received=received)

    def stop(self) -> None:
        """A try ended: stop the clock."""
        self._clock = self._clock.read(anyio.current_time(), self._sharing()).pause()

    async def judge(
        self, received: int, expected: int | None, *, resumable: bool
    ) -> tuple[float, str] | None:
        """Return rate and reason where this try should end; None: go on."""
        now = anyio.current_time()
        window_s = self._settings.stall_timeout_s
        if not self._window.is_full(now, window_s):
            return None
        self._clock = self._clock.read(now, self._sharing())
        rate = self._window.rate(now, received)
        self._window = SpeedWindow(since_s=now, received=received)
        if rate >= self._settings.min_speed:
            if resumable and await self._places.may_be_faster(rate * max(1, self._sharing())):
                return rate, f"over {format_seconds(window_s)}; another place may be faster"
            self._warn(rate, received, expected)
            return None
        if self.overdue:
            return rate, f"and its {format_seconds(self._limit_s or 0)} are over"
        return (rate, f"over {format_seconds(window_s)}") if resumable else None

    def _warn(self, rate: float, received: int, expected: int | None) -> None:
        if not self.overdue or self._told:
            return
        self._told = True
        left = ""
        if expected is not None:
            needs = format_seconds((expected - received) / rate)
            left = f"; at {format_bytes(round(rate))}/s it needs {needs} more"
        self._emit(
            Noted(message=f"{self._name} takes longer than {format_seconds(self._limit_s or 0)}{left}")
        )
