"""Taking away what an installation that was ended half way has left.

pip moves the old version away, .dist-info before packages. Then it unpacks the wheel, compiles, and writes
scripts, INSTALLER and, last and in one step, RECORD. So a new version is finished where its RECORD lists
INSTALLER, and an old one untouched where its RECORD and its files are those of before. Where this program
compiles after pip, RECORD may lack the .pyc files then, and a new version is finished when the journal says
so. What is in between looks installed to pip, or leaves stale files beside the next version. It is removed:
the new version's files, what is left of the old one's, both .dist-info folders, pip's `~` folders, and
folders that are empty then.

It is not rolled back: what pip moved to a temporary folder went with that. Never removed are files that were
there before and belonged to no replaced version, files that the RECORD of another project lists (namespace
packages share folders and some share files), and anything that is not below the destination.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from resilient_pip.disk.storing import storing
from resilient_pip.install.dist_info import DistInfo, digest, dist_infos
from resilient_pip.install.scheme import Scheme
from resilient_pip.install.survey import Before, Pending, Survey, stashes
from resilient_pip.model import ProjectName

_COMPILED = re.compile(r"(.+)\.[^.]+\.pyc(?:\.\d+)?")
"""The source's name, the interpreter's tag (PEP 3147), and a number for as long as it is being written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A project that was half installed and is not there any more."""

    project: ProjectName
    name: str
    version: str
    replaced: str | None
    """The version that was there before, of which is nothing left either."""

    def __str__(self) -> str:
        place = f" (in place of {self.replaced})" if self.replaced else ""
        return f"{self.name} {self.version}{place}"


def repair(survey: Survey, scheme: Scheme) -> tuple[Repaired, ...]:
    """Remove what is unfinished, and say which projects were.

    Like all here it may be ended half way, and is done again then.

    Raises:
        StorageError: something cannot be removed.
    """
    with storing(scheme.home):
        infos = dist_infos(scheme.libraries)
        doomed = [found for one in survey.pending if (found := _look(one, infos, scheme))]
        going = {path for one in doomed for path in one.infos}
        kept = (info for info in infos if info.path not in going)
        removal = _Removal(scheme, frozenset(file for info in kept for file in info.files(scheme)))
        for folder in stashes(survey.pending) - survey.stashes:
            removal.remove_folder(folder)
        return tuple([one.repaired for one in doomed if removal.remove(one)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doomed:
    """What has to go of one project."""

    repaired: Repaired
    infos: tuple[Path, ...]
    files: frozenset[Path]


def _look(pending: Pending, infos: Iterable[DistInfo], scheme: Scheme) -> _Doomed | None:
    """Find what has to go of a project; None where its new version is finished."""
    own = [info for info in infos if info.project == pending.project]
    known = {(old.info, old.record) for old in pending.before}
    new = [info for info in own if (info.path, digest(info.record)) not in known]
    if not (scheme.moved or pending.compiles) and any(info.is_complete for info in new):
        return None
    touched = [old for old in pending.before if not (old.stays or _is_untouched(old, own))]
    stay = {old.info for old in pending.before} - {old.info for old in touched}
    going = [info for info in own if info.path not in stay]
    # Of what is built in place the files are known from its own RECORD only, once that is there.
    files = {file for info in going for file in info.files(scheme)}
    return _Doomed(
        repaired=Repaired(
            project=pending.project,
            name=pending.name,
            version=pending.version,
            replaced=touched[0].version if touched else None,
        ),
        infos=tuple(info.path for info in going),
        files=frozenset(files.union(pending.added, *(old.files for old in touched))),
    )


def _is_untouched(old: Before, infos: Iterable[DistInfo]) -> bool:
    records = {info.path: digest(info.record) for info in infos}
    return records.get(old.info) == old.record and all(map(os.path.lexists, old.files))


class _Removal:
    """Removes files and folders where that is allowed.

    Args:
        scheme: bounds it.
        kept: files that stay.
    """

    def __init__(self, scheme: Scheme, kept: frozenset[Path]) -> None:
        self._kept = kept
        self._bases = tuple(base.resolve() for base in scheme.bases)
        self._fixed = {folder for library in scheme.libraries for folder in (library, *library.parents)}
        self._inside: dict[Path, bool] = {}

    def remove(self, doomed: _Doomed) -> bool:
        """Remove a project's files, their .pyc files and its .dist-info, and say whether anything is gone."""
        # .dist-info last: it tells what there is to remove.
        files = sorted(doomed.files - self._kept, key=lambda file: ".dist-info" in file.parent.name)
        removed = [file for file in (*_compiled(files), *files) if self._remove_file(file)]
        folders = [folder for folder in doomed.infos if self.remove_folder(folder)]
        self._prune({file.parent / "__pycache__" for file in (*files, *folders)})
        # An old version may be gone without a trace but for what pip moved away.
        return bool(removed or folders or doomed.repaired.replaced)

    def remove_folder(self, folder: Path) -> bool:
        """Remove a folder with all that is in it, and say whether it was there."""
        if not self._may(folder) or folder.is_symlink() or not folder.is_dir():
            return False
        shutil.rmtree(folder)
        return True

    def _remove_file(self, file: Path) -> bool:
        if not self._may(file):
            return False
        try:
            file.unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return False
        return True

    def _prune(self, folders: Iterable[Path]) -> None:
        """Remove these folders, and those above them, as far as they are empty."""
        for lowest in folders:
            for folder in (lowest, *lowest.parents):
                if folder in self._fixed or not self._may(folder):
                    break
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    pass  # the one above it may be empty all the same
                except OSError:
                    break  # something is in it

    def _may(self, path: Path) -> bool:
        """Whether a path is below the destination; links to folders are followed, as pip does."""
        parent = path.parent
        if parent not in self._inside:
            real = parent.resolve()
            self._inside[parent] = any(real.is_relative_to(base) for base in self._bases)
        return self._inside[parent]


def _compiled(files: Iterable[Path]) -> Iterator[Path]:
    """Find what was compiled from these files."""
    stems: dict[Path, set[str]] = {}
    for file in files:
        if file.suffix == ".py":
            stems.setdefault(file.parent / "__pycache__", set()).add(file.stem)
    for cache, known in stems.items():
        for path in cache.iterdir() if cache.is_dir() else ():
            if (found := _COMPILED.fullmatch(path.name)) and found[1] in known:
                yield path
