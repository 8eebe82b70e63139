"""What options of pip say about settings of this program. Pure.

pip's --timeout ends a file where this program goes on at the same byte, so users make it long. Here a longer
one gives time to a server that still thinks, whose answer would be lost; a connection that falls silent in
the middle is left as early as ever, as that costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from resilient_pip.settings import Settings

_DISPLAYS = {"off": "log", "raw": "log"}  # "on" draws nothing in a log with pip either


def implied_settings(
    *,
    timeout: float | None,
    retries: int | None,
    resume_retries: int | None,
    progress_bar: str | None,
) -> Mapping[str, tuple[str, str]]:
    """Map fields of settings to the option of pip that speaks for them and to what it says; None: not given.

    Args:
        timeout: seconds without a byte, to pip also for a connection to come about.
        retries: of a request.
        resume_retries: of a file that has begun.
        progress_bar: "auto", "on", "off" or "raw".
    """
    implied: dict[str, tuple[str, str]] = {}
    if timeout:
        implied |= {name: ("--timeout", f"{limit_s:g}") for name, limit_s in _limits(timeout).items()}
    counts = [("--retries", retries), ("--resume-retries", resume_retries)]
    if given := [(count, flag) for flag, count in counts if count is not None]:
        most, flag = max(given)
        implied["tries"] = (flag, str(most + 1))
    if progress_bar in _DISPLAYS:
        implied["progress"] = ("--progress-bar", _DISPLAYS[progress_bar])
    return implied


def _limits(timeout_s: float) -> dict[str, float]:
    """Spread a time-out over the limits of one try, so that each request is still tried twice at least."""
    default = Settings()
    page_s = min(timeout_s, default.page_deadline_s / 2)
    file_s = min(timeout_s, default.file_silence_s / 2)
    return {
        "connect_timeout_s": page_s,
        "page_timeout_s": page_s,
        "first_byte_timeout_s": file_s,
        "first_byte_cap_s": file_s,
        "stall_timeout_s": min(timeout_s, default.stall_timeout_s),
        "tail_timeout_s": min(timeout_s, default.tail_timeout_s),
    }
