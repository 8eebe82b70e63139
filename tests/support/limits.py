"""Options that make failures quick, so that a test of them takes a few seconds."""

from __future__ import annotations

QUICK = (
    *("--connect-timeout", "2s"),
    *("--page-timeout", "1s"),
    *("--first-byte-timeout", "1s"),
    *("--stall-timeout", "1s"),
    *("--tail-timeout", "1s"),
    *("--backoff-base", "0.05s"),
    *("--backoff-cap", "0.2s"),
    *("--tries", "3"),
)
EACH_ALONE = ("--group-size", "1B")
"""Every requirement makes a group of its own."""
