"""Every fault that the laboratory knows, once and repeated: one table.

A scenario asks for a few small projects, each in an install group of its own, and then for `torch`, whose
page, metadata, file or host is afflicted. "-once" means the first request, "-always" every request.
"""

from __future__ import annotations

from tests.lab.scenario import Scenario
from tests.lab.table.files import broken_transfers, refusals, wrong_answers
from tests.lab.table.hosts import host_scenarios
from tests.lab.table.metadata import metadata_scenarios
from tests.lab.table.pages import page_scenarios
from tests.lab.table.patient import patient_scenarios

SCENARIOS: tuple[Scenario, ...] = (
    *page_scenarios(),
    *metadata_scenarios(),
    *broken_transfers(),
    *refusals(),
    *wrong_answers(),
    *host_scenarios(),
    *patient_scenarios(),
)
QUICK_SCENARIOS = tuple(scenario for scenario in SCENARIOS if scenario.quick)
