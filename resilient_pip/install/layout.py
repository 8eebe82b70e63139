"""What a wheel becomes when pip unpacks it, read out of its directory once for all who ask."""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from resilient_pip.install.scheme import Scheme, path_from
from resilient_pip.model import Group, ProjectName

_INFO = ".dist-info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A .py file of a wheel."""

    name: str
    """Where it goes, from `Layout.library`."""
    size: int
    offset: int
    """Where it begins in the archive."""
    packed: int
    """Bytes in the archive."""
    method: int
    """As in the archive: 0 for stored, 8 for deflated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A wheel whose files have places. Of what cannot be read all is empty: pip will say what is wrong."""

    size: int = 0
    """Bytes, unpacked."""
    files: frozenset[Path] = frozenset()
    """Where pip puts its files and the scripts of its entry points.

    Left out is what pip makes of them: .pyc files, and its own additions to .dist-info.
    """
    modules: frozenset[Path] | None = None
    """Where its .py files go, which are compiled, but for scripts of entry points; None: cannot be told."""
    library: Path = Path()
    """Where its .dist-info goes."""
    members: tuple[Member, ...] = ()
    """The .py files in the archive whose place is known."""


def read_layout(wheel: Path, scheme: Scheme) -> Layout:
    """Read what a wheel becomes; takes some 10 us for each of its files."""
    try:
        with ZipFile(wheel) as archive:
            return _layout(archive, scheme)
    except (OSError, BadZipFile, configparser.Error, UnicodeDecodeError):
        return Layout()


class Layouts:
    """The layouts of a run's wheels, kept until they are installed."""

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self._known: dict[Path, Layout] = {}

    def of(self, wheel: Path) -> Layout:
        """Give the layout of a wheel; to be called in a thread."""
        if (known := self._known.get(wheel)) is None:
            known = self._known[wheel] = read_layout(wheel, self._scheme)
        return known

    def of_all(self, wheels: Mapping[ProjectName, Path]) -> Mapping[ProjectName, Layout]:
        """Give the layouts of a group's wheels; to be called in a thread."""
        return {project: self.of(wheel) for project, wheel in wheels.items()}

    def forget(self, wheels: Iterable[Path]) -> None:
        """Keep these no more."""
        for wheel in wheels:
            self._known.pop(wheel, None)


def unpacked_size(group: Group, layouts: Mapping[ProjectName, Layout]) -> int:
    """Add up the unpacked bytes of a group's wheels; those of the file where they cannot be told."""
    return sum(
        layouts.get(planned.project, Layout()).size or planned.file.size or 0 for planned in group.files
    )


def _layout(archive: ZipFile, scheme: Scheme) -> Layout:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    names = archive.namelist()
    library = scheme.purelib if _is_pure(archive, names) else scheme.platlib
    scripts = {scheme.base / "bin" / script for script in _scripts(archive, names)}
    placed = [(entry, scheme.place(entry.filename, library)) for entry in entries]
    known = [(entry, path) for entry, path in placed if path is not None]
    modules = [(entry, path) for entry, path in known if entry.filename.endswith(".py")]
    is_whole = len(modules) == sum(entry.filename.endswith(".py") for entry in entries)
    return Layout(
        size=sum(entry.file_size for entry in entries),
        files=frozenset(path for _, path in known) | scripts,
        modules=frozenset(path for _, path in modules) - scripts if is_whole else None,
        library=library,
        members=tuple(_member(entry, path, library) for entry, path in modules),
    )


def _member(entry: ZipInfo, path: Path, library: Path) -> Member:
    return Member(
        name=path_from(path, library),
        size=entry.file_size,
        offset=entry.header_offset,
        packed=entry.compress_size,
        method=entry.compress_type,
    )


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
        if folder.endswith(_INFO) and rest == wanted:
            return archive.read(name).decode()
    return ""
