"""What a run opens for its files, by mode and by what can be written."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from resilient_pip.cache.mode import UNWRITABLE, Keeping
from resilient_pip.cache.opening import open_cache
from resilient_pip.cache.place import finished_path
from resilient_pip.errors import StorageError
from resilient_pip.settings import Settings
from tests.unit.transfers import run

CONTENT = b"content"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def pips(tmp_path: Path) -> Path:
    """The cache folder of pip, in which an earlier run has left a file."""
    path = finished_path(tmp_path / "pip" / "resilient-pip", SHA256)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    return tmp_path / "pip"


def test_keep(pips: Path, tmp_path: Path) -> None:
    """New files go to the cache, and pip's own cache is pip's."""
    cache = open_cache(Settings(cache_mode="keep"), str(pips), tmp_path / "own")
    assert (cache.store.root, cache.store.persistent) == (pips / "resilient-pip", True)
    assert (cache.built, cache.pip_cache_dir) == (pips / "resilient-pip" / "built", str(pips))
    assert cache.keeping == Keeping(keeps=True, why="--cache-mode keep says")
    cache.store.close()


def test_discard(pips: Path, tmp_path: Path) -> None:
    """New files go to the run's own folder; the cache is read and left alone, and pips have none."""
    before = sorted(pips.rglob("*"))
    cache = open_cache(Settings(cache_mode="discard"), str(pips), tmp_path / "own")
    assert (cache.store.root, cache.store.persistent) == (tmp_path / "own", False)
    assert (cache.built, cache.pip_cache_dir) == (pips / "resilient-pip" / "built", None)
    assert cache.keeping == Keeping(keeps=False, why="--cache-mode discard says")
    assert cache.notes == ()

    async def find() -> Path | None:
        return await cache.store.find({"sha256": SHA256})

    assert run(find) == finished_path(pips / "resilient-pip", SHA256)
    cache.store.close()
    assert sorted(pips.rglob("*")) == before


def test_discard_without_a_cache_makes_none(tmp_path: Path) -> None:
    """Nothing is there to read, and nothing is made."""
    settings = Settings(cache_mode="discard", file_cache=str(tmp_path / "cache"))
    cache = open_cache(settings, None, tmp_path / "own")
    assert (cache.folder, cache.built) == (tmp_path / "cache", None)
    assert not (tmp_path / "cache").exists()
    cache.store.close()


def test_no_cache_dir(tmp_path: Path) -> None:
    """Whoever switches pip's cache off has none, whatever the mode, and is told nothing new."""
    cache = open_cache(Settings(cache_mode="keep"), None, tmp_path / "own")
    assert (cache.folder, cache.built, cache.pip_cache_dir) == (None, None, None)
    assert not cache.store.persistent
    assert cache.keeping == Keeping(keeps=False, why="pip's configuration says no-cache-dir", by_default=True)
    cache.store.close()


@pytest.mark.parametrize("named", [pytest.param(True, id="named"), pytest.param(False, id="pip's")])
def test_a_cache_that_can_be_neither_written_nor_read(tmp_path: Path, *, named: bool) -> None:
    """Where the user has named it, that is an error; else the run does without and says so."""
    (tmp_path / "pip").write_text("no folder")
    folder = tmp_path / "pip" / "resilient-pip"
    settings = Settings(cache_mode="keep", file_cache=str(folder) if named else None)
    if named:
        with pytest.raises(StorageError):
            open_cache(settings, str(tmp_path / "pip"), tmp_path / "own")
        return
    cache = open_cache(settings, str(tmp_path / "pip"), tmp_path / "own")
    assert (cache.store.persistent, cache.built, cache.keeping) == (False, None, UNWRITABLE)
    assert cache.notes == (f"cannot write {folder}: Not a directory; nothing is kept for the next run",)
    cache.store.close()
