"""What .dist-info folders tell about the files of a project."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

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


def _rows(record: str | None) -> Iterator[str]:
    """Give the first column of a RECORD."""
    return (row[0] for row in csv.reader((record or "").splitlines()) if row)
