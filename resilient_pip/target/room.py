"""Whether the file systems have room for what is planned: better known before gigabytes are moved."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from resilient_pip.errors import StorageError
from resilient_pip.units import format_bytes


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
