"""How hypothesis looks for counterexamples: without a clock, and for the same ones in every run.

RESILIENT_PIP_EXPLORE=1 makes it look for others each time.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "resilient-pip",
    deadline=None,
    database=None,
    derandomize="RESILIENT_PIP_EXPLORE" not in os.environ,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],  # the machine may be busy
)
settings.load_profile("resilient-pip")
