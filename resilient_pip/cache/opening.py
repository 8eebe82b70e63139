"""The store that a run works with: the cache itself, or a folder of the run's own beside it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from resilient_pip.cache.mode import UNWRITABLE, Keeping, look
from resilient_pip.cache.place import BUILT, cache_folder
from resilient_pip.cache.store import Store
from resilient_pip.errors import StorageError
from resilient_pip.settings import Settings

_NO_CACHE = Keeping(keeps=False, why="pip's configuration says no-cache-dir", by_default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCache:
    """What a run reads of earlier ones, and where it puts what is new."""

    folder: Path | None
    """The cache; None: there is none."""
    store: Store
    """In the cache, or where that keeps nothing in the run's own folder; then not persistent."""
    built: Path | None
    """Where earlier runs keep the wheels that they have built; None: nowhere, or it cannot be read."""
    pip_cache_dir: str | None
    """The cache of the pips that read past the gateway; None: they keep nothing."""
    keeping: Keeping
    notes: tuple[str, ...] = ()
    """What is not as it should be."""


def open_cache(settings: Settings, pip_cache_dir: str | None, own: Path) -> OpenCache:
    """Open the cache; one that keeps nothing, or cannot be written, is still read where it can be.

    Args:
        settings: where the cache is, and whether it keeps what is new.
        pip_cache_dir: pip's own cache folder; None: pip has none.
        own: a folder of the run, for what is not kept.

    Raises:
        StorageError: --file-cache names what can be neither written nor read.
    """
    folder = cache_folder(settings, pip_cache_dir)
    if folder is None:
        return _open_own(own, None, pip_cache_dir=None, keeping=_NO_CACHE)
    keeping = look(settings.cache_mode, folder)
    pip_keeps = pip_cache_dir is not None and look(settings.cache_mode, Path(pip_cache_dir)).keeps
    pips = pip_cache_dir if pip_keeps else None
    if not keeping.keeps:
        return _open_own(own, folder, pip_cache_dir=pips, keeping=keeping)
    store = Store(folder)
    try:
        store.prepare()
    except StorageError as error:
        cache = _open_own(own, folder, pip_cache_dir=pips, keeping=UNWRITABLE)
        if settings.file_cache and cache.built is None:
            raise
        there = "what is there is used, " if cache.built else ""
        return replace(cache, notes=(f"{error}; {there}nothing is kept for the next run",))
    note = f"{folder}: no file locks there; no other run shares or resumes downloads"
    return OpenCache(
        folder=folder,
        store=store,
        built=folder / BUILT,
        pip_cache_dir=pips,
        keeping=keeping,
        notes=() if store.has_locks else (note,),
    )


def _open_own(own: Path, folder: Path | None, *, pip_cache_dir: str | None, keeping: Keeping) -> OpenCache:
    """Open a store of the run's own, which finds what is in the cache."""
    store = Store.temporary(own)
    is_read = folder is not None and _look_in(store, folder)
    store.prepare()
    built = folder / BUILT if folder is not None and is_read else None
    return OpenCache(folder=folder, store=store, built=built, pip_cache_dir=pip_cache_dir, keeping=keeping)


def _look_in(store: Store, folder: Path) -> bool:
    """Let a store find what is in a folder that is only read; say whether it can."""
    if not (folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)):
        return False
    try:
        store.look_in(folder)
    except StorageError:
        return False
    return True
