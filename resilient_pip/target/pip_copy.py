"""The private copy of pip that every child runs from: a plan may replace the installed one half way."""

from __future__ import annotations

import importlib.resources
import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile
from zipimport import zipimporter

from resilient_pip.errors import StorageError, TargetRefused

PROBE = importlib.resources.files("resilient_pip.target").joinpath("probe.py").read_text("utf-8")
"""The program that tells about an interpreter, as text: this package need not be a folder."""

_PLANNER = """\
import gc
import runpy
import sys

gc.set_threshold(200_000)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
_WINDOWS_LAUNCHERS = shutil.ignore_patterns("*.exe")


@dataclass(frozen=True, slots=True, kw_only=True)
class PipCopy:
    """A folder that holds `pip` without its metadata, `packaging` and the probe.

    It is on no child's sys.path as a whole, so that none of them takes its content for installed.
    """

    folder: Path

    @property
    def runner(self) -> Path:
        """The script with which pip runs itself in other environments (`pip --python` uses it too)."""
        return self.folder / "pip" / "__pip-runner__.py"

    @property
    def planner(self) -> Path:
        """The script that runs `runner` for a plan; alone in its folder, which becomes sys.path[0]."""
        return self.folder / "planner" / "planner.py"

    @property
    def probe(self) -> Path:
        """The script that tells about the interpreter that runs it."""
        return self.folder / "probe.py"


def copy_probe(run_folder: Path) -> PipCopy:
    """Make the folder, for the time being without pip: with the probe and what that needs.

    Raises:
        StorageError: the run folder cannot be written.
        TargetRefused: packaging is missing here.
    """
    copy = PipCopy(folder=run_folder / "pip-copy")
    try:
        copy.folder.mkdir(mode=0o700)
        copy.probe.write_text(PROBE, encoding="utf-8")
        copy_package("packaging", copy.folder)
    except OSError as error:
        raise StorageError(path=str(copy.folder), reason=_reason(error)) from error
    return copy


def copy_pip(copy: PipCopy) -> None:
    """Add the pip that this program depends on, out of a folder or a zip archive; takes some 0.2 s.

    Raises:
        StorageError: the run folder cannot be written.
        TargetRefused: pip is missing here.
    """
    try:
        copy_package("pip", copy.folder)
        copy.planner.parent.mkdir()
        copy.planner.write_text(_PLANNER, encoding="utf-8")
    except OSError as error:
        raise StorageError(path=str(copy.folder), reason=_reason(error)) from error


def planning_argv(python: str, copy: PipCopy) -> tuple[str, ...]:
    """Say how the copy is run for a plan: as `pip_argv` says, but that garbage is looked for less often.

    pip makes many objects then that all stay; looking through them took a tenth of its time.
    """
    return (python, str(copy.planner), str(copy.runner))


def pip_argv(python: str, copy: PipCopy) -> tuple[str, ...]:
    """Say how the copy is run by an interpreter; pip's own words follow."""
    return (python, str(copy.runner))


def copy_package(name: str, folder: Path) -> None:
    """Copy an installed package into a folder, out of its own folder or out of a zip application.

    Raises:
        TargetRefused: it is not installed.
        OSError: it cannot be read or written.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise TargetRefused(message=f"this installation of resilient-pip lacks {name}: install it anew")
    loader: object = spec.loader
    if isinstance(loader, zipimporter):
        with ZipFile(loader.archive) as archive:
            archive.extractall(folder, [each for each in archive.namelist() if each.startswith(f"{name}/")])
    else:
        # With compiled files and their times, by which Python tells whether they are fresh.
        source = spec.submodule_search_locations[0]
        shutil.copytree(source, folder / name, ignore=_WINDOWS_LAUNCHERS)


def _reason(error: OSError) -> str:
    """Say what went wrong; copytree collects (source, destination, reason) of every file."""
    if isinstance(error, shutil.Error):
        return str(error.args[0][0][2])
    return error.strerror or str(error)
