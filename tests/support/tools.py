"""Programs from PyPI that tests run but do not import, in environments of their own under .venvs/."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from tests.pip_matrix import ROOT

CLIENTS = ("hishel==1.4.0", "pdm==2.29.4", "pip==26.3", "pip-tools==7.6.2", "uv==0.13.9")
"""Clients of package indexes; pdm admits a hishel 2 that it does not work with."""


def tool_environment(name: str, packages: Sequence[str]) -> Path:
    """Give the folder of an environment with these packages; made again when they change.

    The first time needs a network, or an index that pip is configured for: ask before the test's own
    configuration is in place, in a fixture of the whole session.
    """
    folder = ROOT / ".venvs" / name
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # each worker of the tests asks, and one of them makes it
        # Written last: an environment that was left half made has none.
        stamp = folder / "packages.txt"
        wanted = "\n".join((sysconfig.get_python_version(), *packages))
        if not (stamp.exists() and stamp.read_text() == wanted):
            subprocess.run(
                [sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)], check=True
            )
            pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
            words = ["--disable-pip-version-check", "install", "--quiet", "--retries=3", *packages]
            subprocess.run([*pip, *words], check=True)
            stamp.write_text(wanted)
    return folder
