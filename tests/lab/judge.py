"""Whether a trial came out as its scenario demands."""

from __future__ import annotations

from collections.abc import Iterator

from tests.lab.scenario import Scenario
from tests.lab.trial import Trial

GRACE_S = 2.0
"""How much later than the heartbeat a line may come."""
MOST_WASTE = 0.02
"""Of the useful bytes, what may be sent beyond them where ranges work."""
PAGE = 1000
"""Bytes that may be sent besides: where a file is refused, its page is read again for a newer URL."""


def complaints(trial: Trial, scenario: Scenario, *, heartbeat_s: float) -> list[str]:
    """Say what is not as it must be; nothing where all is."""
    return [*_outcome(trial, scenario), *_conduct(trial, scenario, heartbeat_s)]


def _outcome(trial: Trial, scenario: Scenario) -> Iterator[str]:
    if trial.hung:
        yield f"hung: killed after {trial.elapsed_s:.0f} s"
        return
    accepted = scenario.failure.exit_codes if scenario.failure else {0}
    if trial.exit_code not in accepted:
        yield f"exit code {trial.exit_code} instead of {scenario.outcome}"
    if trial.named is False:
        yield "the failure names not all of package, URL and cause"
    missing = scenario.keeps - trial.installed
    if missing:
        yield f"not installed: {', '.join(sorted(missing))}"


def _conduct(trial: Trial, scenario: Scenario, heartbeat_s: float) -> Iterator[str]:
    if trial.longest_silence_s > heartbeat_s + GRACE_S:
        yield f"silent for {trial.longest_silence_s:.1f} s"
    if scenario.resumes and trial.beyond_useful > MOST_WASTE * trial.useful + PAGE:
        yield f"{trial.beyond_useful} bytes beyond {trial.useful} useful ones"
    if not trial.importable:
        yield "something that is installed cannot be imported"
    if trial.leaked:
        yield "another host was sent the credentials"
