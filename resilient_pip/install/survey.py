"""What is there before a group is installed, and what its installation will add."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from resilient_pip.install.dist_info import DistInfo, digest, dist_infos
from resilient_pip.install.layout import Layout
from resilient_pip.install.scheme import Scheme
from resilient_pip.model import PlannedFile, ProjectName

_LEADING = "-~.=%0123456789"
"""What pip puts between "~" and the rest of a folder's name (AdjacentTempDirectory)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A .dist-info that was there for a project when its installation began."""

    info: Path
    """The folder, absolute."""
    version: str
    record: str
    """`digest` of its RECORD."""
    files: frozenset[Path]
    """What its RECORD lists and is there, as absolute paths."""
    stays: bool
    """Whether pip leaves it where it is (--target, --ignore-installed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One project that is being installed."""

    project: ProjectName
    name: str
    """As its metadata writes it."""
    version: str
    before: tuple[Before, ...]
    added: frozenset[Path]
    """Absolute paths of its files that were not there before, whomever they belonged to."""
    compiles: bool
    """Whether this program compiles it after pip, so that it is not finished when pip has written RECORD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one group is about to change."""

    pending: tuple[Pending, ...]
    stashes: frozenset[Path]
    """Folders that look like those of `stashes` and were there before."""


def survey(
    files: Iterable[PlannedFile],
    layouts: Mapping[ProjectName, Layout],
    scheme: Scheme,
    *,
    ignores_installed: bool,
    compiles: Collection[ProjectName],
) -> Survey:
    """Look at what is there; takes some 0.1 s for a wheel of 20,000 files.

    Args:
        files: what the install child may install.
        layouts: those of their wheels; what is built in place has none.
        scheme: where it goes.
        ignores_installed: whether pip takes nothing for installed, and so removes nothing.
        compiles: the projects that this program compiles after pip.
    """
    infos = dist_infos(scheme.libraries)

    def look(planned: PlannedFile) -> Pending:
        def stays(info: DistInfo) -> bool:
            return ignores_installed and (scheme.moved or info.version != planned.version)

        return Pending(
            project=planned.project,
            name=planned.name,
            version=planned.version,
            before=tuple(
                _before(info, scheme, stays=stays(info)) for info in infos if info.project == planned.project
            ),
            added=frozenset(
                path for path in layouts.get(planned.project, Layout()).files if not os.path.lexists(path)
            ),
            compiles=planned.project in compiles,
        )

    pending = tuple(map(look, files))
    return Survey(pending=pending, stashes=frozenset(stashes(pending)))


def _before(info: DistInfo, scheme: Scheme, *, stays: bool) -> Before:
    return Before(
        info=info.path,
        version=info.version,
        record=digest(info.record),
        files=frozenset(path for path in info.files(scheme) if os.path.lexists(path)),
        stays=stays,
    )


def stashes(pending: Iterable[Pending]) -> set[Path]:
    """List the folders that pip may have moved the files of old versions to.

    When all in a folder belongs to what it removes, pip renames the folder: to "~", perhaps some of
    `_LEADING`, and the end of its name. It deletes that when the new version is installed.
    """
    folders = {file.parent for one in pending for old in one.before for file in old.files}
    names: dict[Path, list[str]] = {}
    for folder in folders:
        names.setdefault(folder.parent, []).append(folder.name)
    return {
        entry
        for parent, own in names.items()
        for entry in parent.glob("~*")
        if any(name.endswith(entry.name.lstrip(_LEADING)) for name in own)
    }
