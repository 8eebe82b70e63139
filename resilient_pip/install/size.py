"""How much an installation has to write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from resilient_pip.model import Group, ProjectName


def unpacked_size(group: Group, wheels: Mapping[ProjectName, Path]) -> int:
    """Add up the unpacked bytes of a group's wheels; those of the file where they cannot be told."""
    return sum(_unpacked(wheels.get(planned.project)) or planned.file.size or 0 for planned in group.files)


def _unpacked(wheel: Path | None) -> int:
    if wheel is None:
        return 0
    try:
        with ZipFile(wheel) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except (OSError, BadZipFile):  # pip will say what is wrong with it
        return 0
