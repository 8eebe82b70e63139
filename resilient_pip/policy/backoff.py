"""How long to wait between two tries."""

from __future__ import annotations

_MOST_DOUBLINGS = 63  # keeps the power a float; every cap is reached long before


def backoff(attempt: int, *, base_s: float, cap_s: float, jitter: float) -> float:
    """Return the seconds to wait after failed try number `attempt`: exponential with full jitter.

    Full jitter spreads clients that failed together best (AWS Architecture Blog, "Exponential
    Backoff And Jitter").

    Args:
        attempt: 1 after the first failure.
        base_s: upper bound of the first wait; doubles per attempt.
        cap_s: upper bound of every wait.
        jitter: a random number in [0, 1).
    """
    doublings = min(max(attempt, 1) - 1, _MOST_DOUBLINGS)
    return jitter * min(cap_s, base_s * 2.0**doublings)
