"""The Retry-After header (RFC 9110, section 10.2.3)."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime


def retry_after_s(value: str, *, now: datetime) -> float | None:
    """Read a Retry-After header, a number of seconds or a date, as seconds from `now`.

    Returns:
        None where it is neither.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    aware = date if date.tzinfo else date.replace(tzinfo=timezone.utc)
    return max(0.0, (aware - now).total_seconds())
