"""When a tool's failure counts as named: the same rule for all tools, and a generous one."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.lab.scenario import Failure, Scenario
from tests.lab.scenarios import SCENARIOS
from tests.support.environments import Run

_POOL = re.compile(r"HTTP(S?)Connection(?:Pool)?\(host='([^']+)', port=(\d+)\).*?: (/[^\s'\"]*)")

# A bare status code is left out: it may be part of a port.
_OF_SCENARIOS = {
    word for each in SCENARIOS if each.failure for word in each.failure.words if not word.isdigit()
}
CAUSES = (
    *sorted(_OF_SCENARIOS),
    *("interrupted", "not enough bytes", "broken", "closed", "refused", "reset"),
    *("client error", "server error", "error responses", "status code"),
)
"""Words by which tools tell causes, in lower case."""


def spelled_out(run: Run) -> str:
    """Give what a run printed, with the URLs put together that urllib3 (so pip) tells in parts."""
    urls = [
        f"http{secure.lower()}://{host}:{port}{path}"
        for secure, host, port, path in _POOL.findall(run.output)
    ]
    return "\n".join([run.output, *urls])


def leniently(scenario: Scenario) -> Scenario:
    """Accept any word for a cause, and have failures judged where there must be none, too."""
    if scenario.failure is None:
        return replace(scenario, failure=Failure(exit_codes=frozenset(), words=CAUSES))
    words = (*scenario.failure.words, *CAUSES)
    return replace(scenario, failure=replace(scenario.failure, words=words))
