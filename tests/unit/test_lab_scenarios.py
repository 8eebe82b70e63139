"""The table of scenarios is whole."""

from __future__ import annotations

import re
from collections import Counter
from typing import get_args

from tests.lab.scenario import Resource
from tests.lab.scenarios import QUICK_SCENARIOS, SCENARIOS
from tests.support.faults import ConnectionFault, Fault


def test_names_tell_scenarios_apart() -> None:
    """They are file names and the rows of tables."""
    names = Counter(scenario.name for scenario in SCENARIOS)
    assert [name for name, count in names.items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"[\w-]+", name)] == []


def test_every_fault_is_met() -> None:
    """Whatever the server can do wrong stands in some story."""
    met = {type(fault) for scenario in SCENARIOS for fault in (*scenario.story, *scenario.connections)}
    known = {*get_args(Fault), *get_args(ConnectionFault)}
    # RedirectTo stands behind ToOtherHost; Hold ends when a test says so.
    assert {fault.__name__ for fault in known - met} == {"RedirectTo", "Hold"}


def test_what_is_met_once_is_met_for_ever_too() -> None:
    """Each "-once" that a tool can fail from has its "-always"."""
    names = {scenario.name for scenario in SCENARIOS}
    once = {name.removesuffix("-once") for name in names if name.endswith("-once")}
    alone = {stem for stem in once if f"{stem}-always" not in names}
    assert alone == {f"{kind}-{status}" for kind in ("page", "file") for status in (500, 502, 504)}


def test_scenarios_that_need_patience_are_left_to_make_faults() -> None:
    """Of every resource some are quick, and the rest is few."""
    assert {scenario.resource for scenario in QUICK_SCENARIOS} == set(Resource)
    assert 5 < len(SCENARIOS) - len(QUICK_SCENARIOS) < 20
