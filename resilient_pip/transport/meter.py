"""The events of one transfer: begun once, ended once, and not too often in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from resilient_pip.errors import ResilientPipError
from resilient_pip.events import Emit, Subject, TransferAdvanced, TransferFinished, TransferStarted
from resilient_pip.model import Outcome

_INTERVAL_S = 0.25


class Meter:
    """What one transfer has to tell. Made by `transferring` only."""

    def __init__(self, subject: Subject, emit: Emit, received: int) -> None:
        self._subject = subject
        self._emit = emit
        self._told_at = anyio.current_time()
        self.received = received
        self.transferred = 0
        """Body bytes that crossed the network."""
        self.segments = 0
        """Parts that were asked for over further connections."""
        self.from_cache = False

    def advance(self, received: int, expected: int | None) -> None:
        """Note how many bytes are there, and tell it at most four times a second."""
        self.received = received
        now = anyio.current_time()
        if now - self._told_at >= _INTERVAL_S:
            self._told_at = now
            self._emit(TransferAdvanced(subject=self._subject, received=received, expected=expected))


@contextmanager
def transferring(
    subject: Subject, emit: Emit, *, received: int = 0, expected: int | None = None
) -> Iterator[Meter]:
    """Emit TransferStarted, and TransferFinished however the block ends."""
    emit(TransferStarted(subject=subject, received=received, expected=expected))
    meter = Meter(subject, emit, received)
    outcome = Outcome.CANCELLED
    try:
        yield meter
        outcome = Outcome.DONE
    except ResilientPipError:
        outcome = Outcome.FAILED
        raise
    finally:
        emit(
            TransferFinished(
                subject=subject,
                outcome=outcome,
                received=meter.received,
                transferred=meter.transferred,
                segments=meter.segments,
                from_cache=meter.from_cache,
            )
        )
