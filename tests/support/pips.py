"""Releases of pip as image builds and laptops have them: wheels from PyPI, kept beside the pip matrix."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

from tests.pip_matrix import ROOT

WHEELS = ROOT / ".venvs" / "pips"


def pip_wheel(version: str) -> Path:
    """Give the wheel of a release; the first time needs a network, or an index that pip is configured for."""
    WHEELS.mkdir(parents=True, exist_ok=True)
    wheel = WHEELS / f"pip-{version}-py3-none-any.whl"
    with (WHEELS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # each worker of the tests asks, and one of them downloads
        if not wheel.exists():
            words = ["download", "--quiet", "--no-deps", "--dest", str(WHEELS), f"pip=={version}"]
            subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    return wheel
