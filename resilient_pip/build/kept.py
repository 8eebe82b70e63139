"""Built wheels that are kept from run to run: a folder each, named by what the wheel depends on.

A key's folder holds the wheel and SHA256, which tells whether the wheel is whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path


def kept_wheel(place: Path) -> Path | None:
    """Find a wheel that an earlier run has built; what is not whole is as good as not there."""
    try:
        (digest, name), wheels = _read_note(place), list(place.glob("*.whl"))
        if [wheel.name for wheel in wheels] == [name] and _sha256(wheels[0]) == digest:
            return wheels[0]
    except (OSError, ValueError):
        return None
    return None


def _read_note(place: Path) -> tuple[str, str]:
    digest, name = (place / "SHA256").read_text(encoding="utf-8").split()
    return digest, name


def keep_wheel(wheel: Path, place: Path) -> Path:
    """Move a wheel into the cache in one step, so that another run sees all of it or nothing.

    A cache that cannot be written must not break a build that succeeded: then the wheel stays where it is.
    """
    if (whole := kept_wheel(place)) is not None:
        return whole  # another run was faster, and may be installing from there
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix="~") as temporary:
            made = Path(temporary, "made")
            made.mkdir()
            shutil.copyfile(wheel, made / wheel.name)
            (made / "SHA256").write_text(f"{_sha256(wheel)} {wheel.name}\n", encoding="utf-8")
            _sync(made / wheel.name)
            if place.exists():
                place.rename(Path(temporary, "broken"))
            made.rename(place)
    except OSError:
        return wheel
    return place / wheel.name


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
