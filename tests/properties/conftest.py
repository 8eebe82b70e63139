"""How hypothesis looks for counterexamples: without a clock, and in CI always for the same ones."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "resilient-pip",
    deadline=None,
    database=None,
    derandomize="CI" in os.environ,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],  # the machine may be busy
)
settings.load_profile("resilient-pip")
