"""Whether the file systems have room for what is planned: better known before gigabytes are moved."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from resilient_pip.errors import StorageError
from resilient_pip.units import format_bytes


def fullest(coming: Sequence[int], installed: int, *, stay: bool, all_first: bool) -> list[tuple[int, int]]:
    """Say how many bytes of downloads and of what is installed lie there when there are most, at the least.

    Args:
        coming: bytes that each group still has to download.
        installed: bytes of what all groups install.
        stay: whether downloads stay when their group is installed.
        all_first: whether all is downloaded before the first group is installed.

    Returns:
        Downloaded and installed bytes, for each moment that counts.
    """
    if stay:
        return [(sum(coming), installed)]
    at_the_largest = (max(coming, default=0), installed)
    return [(sum(coming), 0), at_the_largest] if all_first else [at_the_largest]


def check_room(needs: Iterable[tuple[Path, int]]) -> None:
    """Check that each file system has room for everything that goes to folders on it.

    Args:
        needs: folders, which need not be there yet, with the bytes that each gets at the least.

    Raises:
        StorageError: one has fewer bytes free than are needed, or it cannot be told.
    """
    needed: dict[int, int] = {}
    folders: dict[int, Path] = {}
    for folder, size in needs:
        try:
            device = existing(folder).stat().st_dev
        except OSError as error:
            raise StorageError(path=str(folder), reason=error.strerror or str(error)) from error
        needed[device] = needed.get(device, 0) + size
        folders.setdefault(device, folder)
    for device, folder in folders.items():
        free = shutil.disk_usage(existing(folder)).free
        if free < needed[device]:
            reason = f"{format_bytes(needed[device])} are needed, {format_bytes(free)} are free"
            raise StorageError(path=str(folder), reason=reason)


def existing(path: str | Path) -> Path:
    """Give a path, or the closest parent that is there."""
    path = Path(path).absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
