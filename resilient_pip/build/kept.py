"""Built wheels that are kept from run to run: a folder each, named by what the wheel depends on.

A key's folder holds the wheel and SHA256, which tells whether the wheel is whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resilient_pip.disk.lock import NO_LOCKS, try_lock

_NOTE = "SHA256"


def kept_wheel(place: Path) -> Path | None:
    """Find a wheel that an earlier run has built, and note its use, for whoever prunes by age."""
    wheel = whole_wheel(place)
    if wheel is not None:
        try:
            os.utime(place / _NOTE)
        except OSError:
            pass  # what is read only is not pruned
    return wheel


def whole_wheel(place: Path) -> Path | None:
    """Find the wheel of a place; what is not whole is as good as not there."""
    try:
        (digest, name), wheels = _read_note(place), list(place.glob("*.whl"))
        if [wheel.name for wheel in wheels] == [name] and _sha256(wheels[0]) == digest:
            return wheels[0]
    except (OSError, ValueError):
        return None
    return None


def _read_note(place: Path) -> tuple[str, str]:
    digest, name = (place / _NOTE).read_text(encoding="utf-8").split()
    return digest, name


def keep_wheel(wheel: Path, place: Path) -> Path:
    """Move a wheel into the cache in one step, so that another run sees all of it or nothing.

    Where two runs have built the same, the one that comes second takes what the first has kept. A cache that
    cannot be written must not break a build that succeeded: then the wheel stays where it is.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _alone(place) as is_alone:
            return (kept_wheel(place) or _move(wheel, place)) if is_alone else wheel
    except OSError:
        return wheel


@contextmanager
def _alone(place: Path) -> Iterator[bool]:
    """Keep other runs from keeping a wheel there; say whether none does at this moment."""
    try:
        lock = try_lock(place.with_name(f"~{place.name}.lock"))
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        yield True  # two runs that replace a damaged wheel at once may then both build again
        return
    if lock is None:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _move(wheel: Path, place: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=place.parent, prefix="~") as temporary:
        made = Path(temporary, "made")
        made.mkdir()
        shutil.copyfile(wheel, made / wheel.name)
        (made / _NOTE).write_text(f"{_sha256(wheel)} {wheel.name}\n", encoding="utf-8")
        _sync(made / wheel.name)
        if place.exists():
            place.rename(Path(temporary, "broken"))
        made.rename(place)
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
