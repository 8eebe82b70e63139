"""What .dist-info folders and wheels tell about the files of a project."""

from __future__ import annotations

import configparser
import csv
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from resilient_pip.install.scheme import Scheme
from resilient_pip.model import ProjectName, project_name

_SUFFIX = ".dist-info"


@dataclass(frozen=True, slots=True, kw_only=True)
class DistInfo:
    """One .dist-info folder; it may be anything between begun and whole."""

    path: Path
    project: ProjectName
    version: str

    @property
    def record(self) -> str | None:
        """The text of RECORD; None where there is none that can be read."""
        try:
            return (self.path / "RECORD").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None

    @property
    def is_complete(self) -> bool:
        """Whether pip came to the end: it adds INSTALLER to RECORD last of all, in one step."""
        return f"{self.path.name}/INSTALLER" in _rows(self.record)

    def files(self, scheme: Scheme) -> Iterator[Path]:
        """Give the absolute paths that RECORD lists; a wheel's own RECORD has names of the archive."""
        for row in _rows(self.record):
            if row.partition("/")[0].endswith(".data"):
                if placed := scheme.place(row, self.path.parent):
                    yield placed
            else:
                yield Path(os.path.normpath(self.path.parent / row))


def dist_infos(libraries: Iterable[Path]) -> list[DistInfo]:
    """List the .dist-info folders in these site-packages."""
    found = []
    for library in libraries:
        for path in library.glob(f"*{_SUFFIX}"):
            name, _, version = path.name.removesuffix(_SUFFIX).partition("-")
            if not path.name.startswith("~") and path.is_dir():
                found.append(DistInfo(path=path, project=project_name(name), version=version))
    return found


def digest(record: str | None) -> str:
    """Name the content of a RECORD; "" where there is none."""
    return "" if record is None else hashlib.sha256(record.encode(errors="surrogateescape")).hexdigest()


def files_of(wheel: Path, scheme: Scheme) -> set[Path]:
    """List where pip will put the files of a wheel and the scripts of its entry points.

    Left out is what pip makes of them: .pyc files, and its own additions to .dist-info. Of what cannot be
    read nothing is listed: pip will say what is wrong with it.
    """
    try:
        with ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            library = scheme.purelib if _is_pure(archive, names) else scheme.platlib
            placed = {scheme.place(name, library) for name in names}
            placed |= {scheme.base / "bin" / script for script in _scripts(archive, names)}
    except (OSError, BadZipFile, configparser.Error, UnicodeDecodeError):
        return set()
    return {path for path in placed if path is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A .py file of a wheel."""

    library: str
    """The folder that the .dist-info goes to."""
    name: str
    """Where the file goes, from there."""
    info: ZipInfo


def modules_of(wheel: Path, scheme: Scheme) -> frozenset[Path] | None:
    """List where pip will put the .py files of a wheel, which it compiles; None where that cannot be told.

    The scripts of entry points are none of them, whatever their names.
    """
    try:
        with ZipFile(wheel) as archive:
            placed = _modules(archive, scheme)
            scripts = {scheme.base / "bin" / script for script in _scripts(archive, archive.namelist())}
    except (OSError, BadZipFile, configparser.Error, UnicodeDecodeError):
        return None
    known = frozenset(path for _, _, path in placed if path is not None)
    return known - scripts if len(known) == len(placed) else None


def module_members(wheel: Path, scheme: Scheme) -> list[Member]:
    """List the .py files of a wheel as far as it is known where they go.

    Raises:
        OSError: it cannot be read.
        BadZipFile: it is no wheel.
    """
    with ZipFile(wheel) as archive:
        return [
            Member(library=str(library), name=os.path.relpath(path, library), info=archive.getinfo(name))
            for library, name, path in _modules(archive, scheme)
            if path is not None
        ]


def _modules(archive: ZipFile, scheme: Scheme) -> list[tuple[Path, str, Path | None]]:
    """Give for each .py file where the wheel's root goes, its name in the archive and where it goes."""
    names = archive.namelist()
    library = scheme.purelib if _is_pure(archive, names) else scheme.platlib
    return [(library, name, scheme.place(name, library)) for name in names if name.endswith(".py")]


def _is_pure(archive: ZipFile, names: Iterable[str]) -> bool:
    return "root-is-purelib: true" in _metadata(archive, names, "WHEEL").lower()


def _scripts(archive: ZipFile, names: Iterable[str]) -> Iterator[str]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # as its documentation says
    parser.read_string(_metadata(archive, names, "entry_points.txt"))
    for section in ("console_scripts", "gui_scripts"):
        if parser.has_section(section):
            yield from (script for script in parser.options(section) if os.sep not in script)


def _metadata(archive: ZipFile, names: Iterable[str], wanted: str) -> str:
    """Read a file of the archive's .dist-info; "" where it has none."""
    for name in names:
        folder, _, rest = name.partition("/")
        if folder.endswith(_SUFFIX) and rest == wanted:
            return archive.read(name).decode()
    return ""


def _rows(record: str | None) -> Iterator[str]:
    """Give the first column of a RECORD."""
    return (row[0] for row in csv.reader((record or "").splitlines()) if row)
