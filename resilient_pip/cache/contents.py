"""What is in a cache folder, as values; what has another name than this program gives is left alone."""

from __future__ import annotations

import enum
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resilient_pip.cache.origin import load_origin
from resilient_pip.cache.place import BUILT, KEY, SHA256, Name, finished_path, read_name
from resilient_pip.disk.storing import storing
from resilient_pip.model import project_name
from resilient_pip.settings import MIB

_OF_PARTIAL = re.compile(rf"({KEY.pattern})(?:\.json(?:\.[0-9a-f]+)?|\.lock)?")
_ANSWER = re.compile(r"([0-9a-f]{64})(?:\.[0-9a-f]{16})?")
_RECORD = re.compile(rf"({KEY.pattern})\.json(?:\.[0-9a-f]+)?")
ANSWERS_SIZE = 500 * MIB
ANSWER_AGE_S = 30 * 24 * 3600.0
"""Pages change every few days; what nobody asked for in a month is of a project that nobody uses here."""
_LEFT_BEHIND = re.compile(r"\.probe-[0-9a-f]+|~.+")
"""Of a run that was killed while it tried whether it can write, or kept a wheel."""


class State(enum.Enum):
    """How far a file in the cache has come."""

    FINISHED = "finished"
    PARTIAL = "partial"
    BUILT = "built"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of the cache."""

    state: State
    path: Path
    """Named by its key; the folder of a wheel that was built."""
    size: int
    """In bytes, with what belongs to it."""
    used_at: float
    """When a run last wrote or used it: seconds since the epoch."""
    name: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything below one cache folder."""

    root: Path
    entries: tuple[Entry, ...]
    records: tuple[Path, ...]
    """Names, what URLs without a hash served, and answers."""
    stray: tuple[Path, ...]
    """What belongs to nothing: records that point nowhere, probes and temporary folders, locks of no file.

    And answers that are old, or more than are kept.
    """

    def of(self, state: State) -> tuple[Entry, ...]:
        """The entries in one state."""
        return tuple(entry for entry in self.entries if entry.state is state)


def read_contents(root: Path) -> Contents:
    """Look through a cache folder; one that is not there is empty.

    Raises:
        StorageError: it cannot be read.
    """
    with storing(root):
        partials, stray_partials = read_partials(root)
        entries = (*_finished(root), *partials, *_built(root))
        keys = {entry.path.name for entry in entries}
        names = {path: _key(path) in keys for path in _matching(root / "names", _RECORD)}
        urls = {path: _leads_somewhere(root, path) for path in _matching(root / "urls", _RECORD)}
        records = names | urls | judge_answers(root, time.time())
        return Contents(
            root=root,
            entries=entries,
            records=tuple(path for path, used in records.items() if used),
            stray=(
                *stray_partials,
                *(path for path, used in records.items() if not used),
                *_left_behind(root),
            ),
        )


def judge_answers(root: Path, now: float) -> dict[Path, bool]:
    """List the answers, each with whether it stays: the last used, as far as they are new and few enough.

    Raises OSError.
    """
    found: list[tuple[float, int, Path]] = []
    for folder in _folders(root / "answers"):
        for path in _matching(folder, _ANSWER):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            found.append((status.st_mtime, status.st_size, path))
    judged: dict[Path, bool] = {}
    total = 0
    for used_at, size, path in sorted(found, reverse=True):
        total += size
        judged[path] = total <= ANSWERS_SIZE and now - used_at <= ANSWER_AGE_S
    return judged


def read_partials(root: Path) -> tuple[list[Entry], list[Path]]:
    """List the partial files, and those of which only a lock or a record is left; raises OSError."""
    found: dict[str, list[Path]] = {}
    for path in _matching(root / "partial", _OF_PARTIAL):
        found.setdefault(_key(path), []).append(path)
    entries: list[Entry] = []
    stray: list[Path] = []
    for key, paths in found.items():
        path = root / "partial" / key
        if path in paths:
            entries += _entries(State.PARTIAL, path, [path], read_name(root, key.partition(".")[0]))
        else:
            stray.append(path)
    return entries, stray


def _finished(root: Path) -> Iterator[Entry]:
    for folder in _folders(root / "files" / "sha256"):
        for path in _matching(folder, SHA256):
            yield from _entries(State.FINISHED, path, [path], read_name(root, path.name))


def _built(root: Path) -> Iterator[Entry]:
    for folder in _folders(root / BUILT):
        for place in _matching(folder, SHA256):
            files = _listed(place)
            wheel = next((path.name for path in files if path.suffix == ".whl"), None)
            name = Name(project=project_name(wheel.partition("-")[0]), filename=wheel) if wheel else None
            yield from _entries(State.BUILT, place, files or [place], name)


def _entries(state: State, path: Path, files: Sequence[Path], name: Name | None) -> list[Entry]:
    """Make the entry of some files; none where a run has just moved them."""
    try:
        found = [file.stat() for file in files]
    except FileNotFoundError:
        return []
    size, used_at = sum(one.st_size for one in found), max(one.st_mtime for one in found)
    return [Entry(state=state, path=path, size=size, used_at=used_at, name=name)]


def _leads_somewhere(root: Path, record: Path) -> bool:
    origin = load_origin(record)
    return origin is not None and origin.sha256 is not None and finished_path(root, origin.sha256).exists()


def _left_behind(root: Path) -> Iterator[Path]:
    folders = [root / name for name in ("files", "partial", "urls")]
    for folder in (*folders, *_folders(root / BUILT)):
        yield from _matching(folder, _LEFT_BEHIND)


def _folders(folder: Path) -> list[Path]:
    return [path for path in _listed(folder) if path.is_dir() and not path.is_symlink()]


def _matching(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    return [path for path in _listed(folder) if pattern.fullmatch(path.name) and not path.is_symlink()]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _key(path: Path) -> str:
    found = _OF_PARTIAL.fullmatch(path.name)
    return found[1] if found else path.name
