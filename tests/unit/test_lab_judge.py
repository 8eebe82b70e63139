"""What is complained of, and what not."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.lab.judge import complaints
from tests.lab.scenario import EARLY, RESIDENT, Failure, Resource, Scenario
from tests.lab.trial import Trial

LOST = Failure(exit_codes=frozenset({75}), words=("stalled",))
WELL = Scenario(name="file-well", resource=Resource.FILE, summary="nothing")
DEAD = dataclasses.replace(WELL, name="file-dead", failure=LOST)
GOOD = Trial(
    scenario="file-well",
    tool="some",
    exit_code=0,
    elapsed_s=9.0,
    longest_silence_s=3.0,
    useful=1000,
    beyond_useful=1020,
    named=None,
    installed=frozenset({RESIDENT, *EARLY, "torch"}),
    importable=True,
    leaked=False,
    peak_memory=0,
    output="",
)


def judged(scenario: Scenario, **changes: Any) -> list[str]:
    """What is complained of in a trial that differs so from a good one."""
    return complaints(dataclasses.replace(GOOD, **changes), scenario, heartbeat_s=1)


def test_nothing_is_said_of_what_is_as_it_must_be() -> None:
    """Limits are met where they are reached, and a failure that must be is no fault."""
    assert judged(WELL) == []
    assert judged(DEAD, exit_code=75, named=True, installed=frozenset({RESIDENT, *EARLY})) == []


@pytest.mark.parametrize(
    ("scenario", "changes", "expected"),
    [
        pytest.param(WELL, {"exit_code": None}, ["hung: killed after 9 s"], id="hung"),
        pytest.param(
            WELL,
            {"exit_code": 75, "named": False},
            [
                "exit code 75 instead of success",
                "the failure names not all of package, URL and cause",
            ],
            id="failed",
        ),
        pytest.param(DEAD, {}, ["exit code 0 instead of exit 75"], id="claims-success"),
        pytest.param(
            WELL, {"installed": frozenset({RESIDENT, *EARLY})}, ["not installed: torch"], id="half-a-success"
        ),
        pytest.param(
            DEAD,
            {"exit_code": 75, "named": True, "installed": frozenset({EARLY[0]})},
            [f"not installed: {EARLY[1]}, {RESIDENT}"],
            id="lost-what-was-there",
        ),
        pytest.param(WELL, {"longest_silence_s": 3.1}, ["silent for 3.1 s"], id="silent"),
        pytest.param(WELL, {"beyond_useful": 1021}, ["1021 bytes beyond 1000 useful ones"], id="sent-twice"),
        pytest.param(
            WELL, {"importable": False}, ["something that is installed cannot be imported"], id="broken"
        ),
        pytest.param(WELL, {"leaked": True}, ["another host was sent the credentials"], id="leaked"),
    ],
)
def test_complaints(scenario: Scenario, changes: dict[str, Any], expected: list[str]) -> None:
    """One for each thing that is wrong."""
    assert judged(scenario, **changes) == expected


def test_without_ranges_much_may_be_sent_twice() -> None:
    """Nothing else can be done then."""
    assert judged(dataclasses.replace(WELL, resumes=False), beyond_useful=2000) == []


def test_a_page_that_fails_lets_nothing_be_installed_before() -> None:
    """What was in the environment must be there still."""
    page = dataclasses.replace(DEAD, resource=Resource.PAGE)
    assert judged(page, exit_code=75, named=True, installed=frozenset({RESIDENT})) == []
