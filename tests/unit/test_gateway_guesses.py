"""Guesses and what came of them."""

from __future__ import annotations

from resilient_pip.gateway.guesses import Guesses


def test_what_pip_asks_for_is_not_in_vain() -> None:
    """Before or after the guess; each thing counts once."""
    guesses = Guesses()
    assert not guesses.may_risk
    guesses.asked("early")
    for what in ("early", "hit", "hit", "miss"):
        guesses.make(what)
    guesses.asked("hit")
    assert (guesses.made, guesses.in_vain, guesses.may_risk) == (2, 1, True)
    guesses.make("another miss")
    assert not guesses.may_risk
