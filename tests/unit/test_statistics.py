"""The counts of a run, from its events."""

from __future__ import annotations

from resilient_pip.events import Noted, PhaseFinished
from resilient_pip.model import Outcome, Phase, Statistics
from resilient_pip.statistics import Tally
from tests.support.runs import (
    IDNA,
    SYMPY,
    TORCH,
    file_of,
    finished,
    metadata_of,
    page_of,
    retry,
    started,
)


def test_nothing_happened() -> None:
    """A run without events has the empty statistics."""
    assert Tally().statistics() == Statistics()


def test_counts_of_a_run() -> None:
    """Bytes, requests, phases and the retries of transfers that succeeded add up."""
    tally = Tally()
    torch, sympy, page = file_of(TORCH), file_of(SYMPY), page_of("torch")
    for event in (
        PhaseFinished(phase=Phase.PLAN, outcome=Outcome.DONE, elapsed_s=2.0),
        started(page),
        retry(page, "HTTP 503"),
        finished(page, 9000, 1000),
        started(torch, 200, received=50),
        retry(torch, "stall"),
        retry(torch, "stall"),
        finished(torch, 200, 150),
        finished(sympy, 60, 0, from_cache=True),
        PhaseFinished(phase=Phase.INSTALL, outcome=Outcome.DONE, elapsed_s=3.0),
        PhaseFinished(phase=Phase.PLAN, outcome=Outcome.DONE, elapsed_s=1.5),
        Noted(message="counts nothing"),
    ):
        tally.handle(event)
    assert tally.statistics() == Statistics(
        phase_s={Phase.PLAN: 3.5, Phase.INSTALL: 3.0},
        downloaded=1150,
        from_cache=50 + 60,
        requests=2 + 3,
        retries={"HTTP 503": 1, "stall": 2},
        retried={"torch": {"HTTP 503": 1, "stall": 2}},
    )


def test_failed_transfer_survived_nothing() -> None:
    """The bytes and requests of a transfer that failed count, its retries do not."""
    tally = Tally()
    idna, metadata = file_of(IDNA), metadata_of("idna")
    for event in (
        retry(idna, "stall"),
        finished(idna, 40, 40, outcome=Outcome.FAILED),
        retry(metadata, "HTTP 502"),
        finished(metadata, 10),
    ):
        tally.handle(event)
    assert tally.statistics() == Statistics(
        downloaded=50, requests=4, retries={"HTTP 502": 1}, retried={"idna": {"HTTP 502": 1}}
    )


def test_restarted_file_kept_nothing() -> None:
    """A file that was resumed and then begun again took nothing from the cache."""
    tally = Tally()
    tally.handle(finished(file_of(IDNA), 100, 130))
    assert tally.statistics() == Statistics(downloaded=130, requests=1)
