"""Completing the RECORD that pip has written."""

from __future__ import annotations

import csv
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from resilient_pip.disk.storing import storing


def add_bytecode(info: Path, paths: Iterable[str]) -> None:
    """Add .pyc files to the RECORD in a .dist-info, in one step and as pip would have.

    That is without hash and size, and all rows sorted (pip: `get_csv_rows_for_installed`,
    `_normalized_outrows`).

    Args:
        info: the .dist-info folder.
        paths: relative to the folder that it is in.

    Raises:
        StorageError: it cannot be written.
    """
    record, temporary = info / "RECORD", info / "RECORD.tmp"
    with storing(record):
        with record.open(encoding="utf-8", newline="") as file:
            rows = [tuple(row) for row in csv.reader(file)]
        rows += [(path, "", "") for path in paths]
        with temporary.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(sorted(rows))
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(stat.S_IMODE(record.stat().st_mode))
        temporary.replace(record)
