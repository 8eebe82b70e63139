"""Which files of a cache go. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from resilient_pip.cache.contents import Entry, State

DAY_S = 24 * 3600.0
PARTIAL_AGE_S = 14 * DAY_S
"""A partial file that nobody has gone on with for so long is of a version that nobody asks for any more."""


def expendable(
    entries: Iterable[Entry], *, now: float, max_age_s: float | None = None, max_size: int | None = None
) -> list[Entry]:
    """Choose what to remove, least recently used first.

    Args:
        entries: everything in the cache.
        now: seconds since the epoch.
        max_age_s: what was not used for longer goes.
        max_size: so much goes that what stays is no more than so many bytes.
    """
    by_use = sorted(entries, key=lambda entry: entry.used_at)
    gone = [entry for entry in by_use if _is_old(entry, now, max_age_s)]
    kept = [entry for entry in by_use if not _is_old(entry, now, max_age_s)]
    size = sum(entry.size for entry in kept)
    for entry in kept:
        if max_size is None or size <= max_size:
            break
        gone.append(entry)
        size -= entry.size
    return gone


def _is_old(entry: Entry, now: float, max_age_s: float | None) -> bool:
    age_s = now - entry.used_at
    if entry.state is State.PARTIAL and age_s > PARTIAL_AGE_S:
        return True
    return max_age_s is not None and age_s > max_age_s
