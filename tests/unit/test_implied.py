"""What pip's --timeout, --retries and --progress-bar say of settings that nobody gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from resilient_pip.errors import UsageError
from resilient_pip.implied import implied_settings
from resilient_pip.settings import Settings, resolve_settings

NOTHING: Mapping[str, Any] = {"timeout": None, "retries": None, "resume_retries": None, "progress_bar": None}


def limits(connect: float, first_byte: float, silence: float, tail: float) -> dict[str, float]:
    """The settings that a time-out speaks for."""
    return {
        "connect_timeout_s": connect,
        "page_timeout_s": connect,
        "first_byte_timeout_s": first_byte,
        "first_byte_cap_s": first_byte,
        "stall_timeout_s": silence,
        "tail_timeout_s": tail,
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"timeout": 0.5}, limits(0.5, 0.5, 0.5, 0.5), id="short"),
        pytest.param({"timeout": 60}, limits(60, 60, 30, 60), id="long"),
        pytest.param({"timeout": 1000}, limits(90, 240, 30, 120), id="longer-than-two-tries-may-take"),
        pytest.param({"retries": 0}, {"tries": 1}, id="no-retries"),
        pytest.param({"retries": 3, "resume_retries": 10}, {"tries": 11}, id="the-larger-counts"),
        pytest.param({"resume_retries": 2}, {"tries": 3}, id="resume-retries"),
        pytest.param({"progress_bar": "on"}, {}, id="bars"),
        pytest.param({"progress_bar": "off"}, {"progress": "log"}, id="no-bars"),
        pytest.param({"progress_bar": "raw"}, {"progress": "log"}, id="raw"),
        pytest.param({"progress_bar": "auto"}, {}, id="auto"),
    ],
)
def test_implied_settings(given: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Each becomes a value that the setting can be read from."""
    implied = implied_settings(**{**NOTHING, **given})
    settings = resolve_settings({}, {}, {}, implied)
    assert settings == Settings(**expected)
    assert implied.keys() == expected.keys()


def test_own_places_beat_them() -> None:
    """Option, variable and key of a setting all come before."""
    implied = implied_settings(**{**NOTHING, "timeout": 5, "retries": 1, "progress_bar": "off"})
    settings = resolve_settings(
        {"tries": "4"}, {"RESILIENT_PIP_PROGRESS": "bars"}, {"connect-timeout": "7s"}, implied
    )
    assert (settings.tries, settings.progress, settings.connect_timeout_s) == (4, "bars", 7)
    assert settings.page_timeout_s == 5


def test_what_cannot_be_a_setting_is_named() -> None:
    """The message says pip's option, as nobody gave the setting's own."""
    with pytest.raises(UsageError) as caught:
        resolve_settings({}, {}, {}, implied_settings(**{**NOTHING, "timeout": -1}))
    assert str(caught.value).startswith("--timeout: '-1' is no duration")
