"""A wheel that needs what is to be installed: `pip install --only-deps` of it marks nothing REQUESTED.

pip takes everything that it is asked for by name for requested, and dependencies alone cannot be asked for.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

_NAME = "resilient_pip_carrier"
_VERSION = "0"


def write_carrier(folder: Path, requirements: Iterable[str]) -> Path:
    """Write the wheel and give its path; it is never installed.

    Args:
        folder: where to.
        requirements: what it needs, as core metadata writes it (PEP 508).

    Raises:
        OSError: it cannot be written.
    """
    path = folder / f"{_NAME}-{_VERSION}-py3-none-any.whl"
    dist_info = f"{_NAME}-{_VERSION}.dist-info"
    needed = "".join(f"Requires-Dist: {requirement}\n" for requirement in requirements)
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(
            f"{dist_info}/METADATA", f"Metadata-Version: 2.1\nName: {_NAME}\nVersion: {_VERSION}\n{needed}"
        )
        wheel.writestr(
            f"{dist_info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: resilient-pip\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{dist_info}/RECORD", "")
    path.chmod(0o600)  # URLs in it may carry credentials
    return path
