"""Fold the events of a run into its `Statistics`. No clock: the events carry their durations."""

from __future__ import annotations

from collections import Counter, defaultdict

from resilient_pip.events import (
    EarlyDownloadsEnded,
    Event,
    GroupFinished,
    GuessesCounted,
    Kind,
    PhaseFinished,
    RetryScheduled,
    Subject,
    TransferFinished,
)
from resilient_pip.model import Outcome, Phase, ProjectName, Statistics


class Tally:
    """Counts of one run so far. A retry counts as survived once its transfer is done."""

    def __init__(self) -> None:
        self._phase_s: defaultdict[Phase, float] = defaultdict(float)
        self._downloaded = 0
        self._from_cache = 0
        self._requests = 0
        self._in_vain = 0
        self._downloaded_in_vain = 0
        self._pending: defaultdict[Subject, Counter[str]] = defaultdict(Counter)
        self._survived: defaultdict[ProjectName, Counter[str]] = defaultdict(Counter)

    def handle(self, event: Event) -> None:
        """Take one event into account."""
        match event:
            case PhaseFinished():
                self._phase_s[event.phase] += event.elapsed_s
            case GroupFinished():
                self._phase_s[Phase.INSTALL] += event.added_s
            case GuessesCounted():
                self._in_vain += event.in_vain
            case EarlyDownloadsEnded():
                self._downloaded_in_vain += event.in_vain
            case RetryScheduled():
                self._pending[event.subject][event.cause] += 1
            case TransferFinished():
                self._finish(event)
            case _:
                pass

    def _finish(self, event: TransferFinished) -> None:
        retries = self._pending.pop(event.subject, Counter())
        self._downloaded += event.transferred
        self._requests += 0 if event.from_cache else 1 + retries.total() + event.segments
        if event.outcome is not Outcome.DONE:
            return
        if event.subject.kind is Kind.FILE:
            # What an earlier run left of a file counts too; a page may be larger than its compressed body.
            self._from_cache += max(0, event.received - event.transferred)
        if retries:
            self._survived[event.subject.project] += retries

    def statistics(self) -> Statistics:
        """Return the counts so far."""
        return Statistics(
            phase_s=dict(self._phase_s),
            downloaded=self._downloaded,
            from_cache=self._from_cache,
            requests=self._requests,
            in_vain=self._in_vain,
            downloaded_in_vain=self._downloaded_in_vain,
            retries=dict(sum(self._survived.values(), Counter())),
            retried={project: dict(causes) for project, causes in self._survived.items()},
        )
