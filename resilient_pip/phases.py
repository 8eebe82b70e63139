"""Telling when a phase of the run begins and how it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from resilient_pip.events import Emit, PhaseFinished, PhaseStarted
from resilient_pip.model import Outcome, Phase


@asynccontextmanager
async def phase(emit: Emit, name: Phase, *, group: str | None = None) -> AsyncIterator[None]:
    """Emit the pair of events around what is done inside; the outcome follows from how it is left."""
    started = anyio.current_time()
    emit(PhaseStarted(phase=name, group=group))
    outcome = Outcome.CANCELLED
    try:
        yield
        outcome = Outcome.DONE
    except Exception:
        outcome = Outcome.FAILED
        raise
    finally:
        elapsed_s = anyio.current_time() - started
        emit(PhaseFinished(phase=name, outcome=outcome, elapsed_s=elapsed_s, group=group))
