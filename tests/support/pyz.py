"""The zip application, built from the sources that are tested."""

from __future__ import annotations

import fcntl
from pathlib import Path

from tools import pyz


def build_pyz(folder: Path) -> Path:
    """Build it into a folder; the first time needs a network, or an index that pip is configured for."""
    pyz.WHEELS.mkdir(parents=True, exist_ok=True)
    with (pyz.WHEELS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # each worker of the tests builds, and one of them downloads
        content = pyz.archive(pyz.members())
    path = folder / "resilient-pip.pyz"
    path.write_bytes(content)
    path.chmod(0o755)
    return path
