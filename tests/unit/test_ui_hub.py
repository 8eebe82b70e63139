"""The hub between the core and its displays."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from resilient_pip.events import Event, Noted
from resilient_pip.ui.hub import Hub

FIRST = Noted(message="first")
SECOND = Noted(message="second")


@dataclass(eq=False)
class Recorder:
    """A display that keeps what it is given."""

    seen: list[object] = field(default_factory=list)

    def handle(self, event: Event, now: float) -> None:
        """Keep an event with its time."""
        self.seen.append((now, event))

    def tick(self, now: float) -> None:
        """Keep the time."""
        self.seen.append(now)

    def close(self) -> None:
        """Keep that it was closed."""
        self.seen.append("closed")


class Broken:
    """A display whose pipe is closed."""

    closed = False

    def handle(self, _event: Event, _now: float, /) -> None:
        """Fail as a write to a closed pipe does."""
        raise BrokenPipeError(32, "Broken pipe")

    def tick(self, _now: float, /) -> None:
        """Fail the same way."""
        raise BrokenPipeError(32, "Broken pipe")

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


class BrokenWholly(Broken):
    """A display that cannot even be closed."""

    def close(self) -> None:
        """Fail as well."""
        raise ValueError("closed file")


def test_all_get_everything_with_one_time() -> None:
    """Events, ticks and the end reach each subscriber, in order."""
    one, other = Recorder(), Recorder()
    hub = Hub([one, other], clock=lambda: 7.0)
    hub.emit(FIRST)
    hub.tick(7.5)
    hub.close()
    hub.close()
    assert one.seen == other.seen == [(7.0, FIRST), 7.5, "closed"]
    assert hub.dropped == ()


@pytest.mark.parametrize("tick_first", [True, False])
def test_broken_display_is_dropped_once(*, tick_first: bool) -> None:
    """A display that raises is closed and dropped; the others are told once and get all events."""
    broken, other = Broken(), Recorder()
    hub = Hub([broken, other], clock=lambda: 7.0)
    if tick_first:
        hub.tick(6.0)
        other.seen.remove(6.0)
    hub.emit(FIRST)
    hub.emit(SECOND)
    reason = "Broken: BrokenPipeError: [Errno 32] Broken pipe"
    note = Noted(message=f"a display ended: {reason}")
    assert broken.closed
    assert other.seen == [(7.0, note), (7.0, FIRST), (7.0, SECOND)]
    assert hub.dropped == (reason,)


def test_all_displays_broken() -> None:
    """Nothing escapes the hub when every display breaks, in closing too."""
    hub = Hub([Broken(), BrokenWholly()], clock=lambda: 7.0)
    hub.emit(FIRST)
    hub.emit(SECOND)
    assert hub.dropped == (
        "Broken: BrokenPipeError: [Errno 32] Broken pipe",
        "BrokenWholly.close: ValueError: closed file",
        "BrokenWholly: BrokenPipeError: [Errno 32] Broken pipe",
    )
