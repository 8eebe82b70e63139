"""Every fault of the laboratory that shows within seconds, once and repeated, with the real command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.judge import complaints
from tests.lab.resilient import resilient_pip
from tests.lab.scenario import Scenario
from tests.lab.scenarios import QUICK_SCENARIOS
from tests.lab.trial import run_trial
from tests.support.limits import QUICK

HEARTBEAT_S = 1.0
LIMIT_S = 60.0


@pytest.mark.parametrize("scenario", [pytest.param(each, id=each.name) for each in QUICK_SCENARIOS])
def test_the_tool_comes_through_or_says_why_not(scenario: Scenario, tmp_path: Path) -> None:
    """The exit code, what is told, silence, bytes sent twice, and what is installed are as they must be."""
    tool = resilient_pip(*QUICK, *scenario.limits, "--heartbeat", f"{HEARTBEAT_S}s")
    trial = run_trial(scenario, tool, tmp_path / "trial", limit_s=LIMIT_S)
    assert complaints(trial, scenario, heartbeat_s=HEARTBEAT_S) == [], trial.output
