"""How long each part of a transfer may take."""

from __future__ import annotations

from resilient_pip.events import Kind
from resilient_pip.model import Group, PlannedFile, Terms
from resilient_pip.settings import MIB, Settings

SLOWEST_USEFUL = 256 * 1024
"""Bytes a second: what a transfer's soft time-out is reckoned with, and where a mirror may do better."""
_START_S = 60.0
_TAIL_SHARE = 10
_INSTALL_S = 300.0
_UNPACKED = 4
"""Times the size of a wheel: 2.6 to 4.0 in numpy, pandas, onnx, protobuf and transformers."""
_SLOWEST_INSTALL = 512 * 1024  # unpacked bytes a second, written and compiled


def usual_terms(size: int | None, settings: Settings) -> Terms:
    """Return the terms of a file that nobody said anything special of."""
    if settings.package_timeout_s is not None:
        return Terms(limit_s=settings.package_timeout_s, hard=True, tries=settings.tries)
    return Terms(limit_s=transfer_limit_s(size), hard=False, tries=settings.tries)


def transfer_limit_s(size: int | None) -> float | None:
    """Return the time-out of a file's transfer: 60 s + size / 256 KiB/s; None while the size is unknown."""
    return None if size is None else _START_S + size / SLOWEST_USEFUL


def install_limit_s(size: int) -> float:
    """Return the time-out of installing that many bytes, unpacked: 300 s + size / 512 KiB/s.

    Measured, pip unpacks and compiles some 20 MB of wheels a second; slow disks are slower, not this slow.
    """
    return _INSTALL_S + size / _SLOWEST_INSTALL


def group_limit_s(group: Group, settings: Settings) -> float | None:
    """Return how long an install group may take in all, at the slowest that is useful; None: not known.

    What of it has a hard time-out is given the time of its longest one, as files come side by side.
    """
    download_s = transfer_limit_s(None if any(map(_is_of_unknown_size, group.files)) else group.size)
    if download_s is None:
        return None
    longest_s = max((planned.limit_s or 0.0 for planned in group.files), default=0.0)
    builds = sum(not planned.file.is_wheel for planned in group.files)
    install_s = install_limit_s(group.size * _UNPACKED)
    return max(download_s, longest_s) + builds * settings.build_timeout_s + install_s


def _is_of_unknown_size(planned: PlannedFile) -> bool:
    return planned.form.is_fetched and planned.file.size is None


def first_byte_timeout_s(attempt: int, settings: Settings, *, kind: Kind = Kind.FILE) -> float:
    """Return how long try number `attempt` (from 1) waits for its first byte.

    It doubles from try to try: a scanning proxy holds a file back until it has seen all of it.
    """
    base_s = settings.first_byte_timeout_s if kind is Kind.FILE else settings.page_timeout_s
    cap_s = max(base_s, settings.first_byte_cap_s)
    return min(cap_s, base_s * 2.0 ** min(attempt - 1, 16))


def idle_timeout_s(received: int, expected: int | None, settings: Settings) -> float:
    """Return how long a transfer may be without a byte: longer in its tail, which scanning proxies hold back.

    The tail is the last MiB, of files below 10 MiB the last tenth.
    """
    if expected is None or expected - received > min(MIB, expected // _TAIL_SHARE):
        return settings.stall_timeout_s
    return max(settings.stall_timeout_s, settings.tail_timeout_s)
