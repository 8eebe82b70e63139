"""Other interpreters on this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def interpreter(version: str) -> str:
    """Find the interpreter of a version ("3.12"), else skip the test.

    Looked for beside the one that runs this, as pyenv has them, then on PATH, where what pyenv has put is not
    sure to run.
    """
    name = f"python{version}"
    found = [str(path) for path in Path(sys.base_prefix).parent.glob(f"{version}.*/bin/{name}")]
    found += [path for path in [shutil.which(name)] if path]
    for path in found:
        if subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0:
            return path
    pytest.skip(f"there is no Python {version} on this machine")
