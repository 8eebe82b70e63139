"""Hand each event to everyone who shows it. A display that breaks must not break an install."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from resilient_pip.events import Event, Noted


class Subscriber(Protocol):
    """Something that shows events to a person or a program."""

    def handle(self, event: Event, now: float, /) -> None:
        """Take one event, at the monotonic time `now`."""

    def tick(self, now: float, /) -> None:
        """Show that time passes. Comes about twice a second for as long as anything is under way."""

    def close(self) -> None:
        """Leave the output tidy. Nothing comes after this."""


class Hub:
    """Fans events out to subscribers, in one order and with one clock.

    A subscriber that raises (a closed pipe, a full disk, a defect) is closed and dropped; the others get a
    note.
    """

    def __init__(self, subscribers: Iterable[Subscriber], clock: Callable[[], float]) -> None:
        self._subscribers = list(subscribers)
        self._clock = clock
        self._dropped: list[str] = []

    @property
    def dropped(self) -> tuple[str, ...]:
        """Why subscribers were dropped, as "Heartbeat: BrokenPipeError: …"."""
        return tuple(self._dropped)

    def emit(self, event: Event) -> None:
        """Pass an event on to all (an `events.Emit`)."""
        now = self._clock()
        self._each(lambda subscriber: subscriber.handle(event, now))

    def tick(self, now: float) -> None:
        """Let all show that time passes."""
        self._each(lambda subscriber: subscriber.tick(now))

    def close(self) -> None:
        """Close all; may be called again."""
        subscribers, self._subscribers = self._subscribers, []
        for subscriber in subscribers:
            self._close(subscriber)

    def _each(self, call: Callable[[Subscriber], None]) -> None:
        for subscriber in tuple(self._subscribers):
            self._guarded(subscriber, call)

    def _guarded(self, subscriber: Subscriber, call: Callable[[Subscriber], None]) -> None:
        try:
            call(subscriber)
        except Exception as error:  # noqa: BLE001 - the boundary between an install and its displays
            self._drop(subscriber, error)

    def _drop(self, subscriber: Subscriber, error: Exception) -> None:
        if subscriber not in self._subscribers:
            return  # a note to it broke it already
        self._subscribers.remove(subscriber)
        self._close(subscriber)
        reason = f"{type(subscriber).__name__}: {type(error).__name__}: {error}"
        self._dropped.append(reason)
        self.emit(Noted(message=f"a display ended: {reason}"))

    def _close(self, subscriber: Subscriber) -> None:
        try:
            subscriber.close()
        except Exception as error:  # noqa: BLE001 - as above; there is nothing left to drop
            self._dropped.append(f"{type(subscriber).__name__}.close: {type(error).__name__}: {error}")
