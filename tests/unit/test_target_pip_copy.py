"""Tests of `resilient_pip.target.pip_copy`."""

from __future__ import annotations

import stat
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pip
import pytest

from resilient_pip.errors import StorageError, TargetRefused
from resilient_pip.target.pip_copy import PipCopy, copy_package, copy_pip, copy_probe, pip_argv


def whole_copy(run_folder: Path) -> PipCopy:
    """The copy with everything in it."""
    copy = copy_probe(run_folder)
    copy_pip(copy)
    return copy


def test_the_copy_is_a_pip_that_runs(tmp_path: Path) -> None:
    """The runner starts the copied pip, of our version, and nothing of the copy counts as installed."""
    copy = whole_copy(tmp_path)

    done = subprocess.run(
        [*pip_argv(sys.executable, copy), "--version"], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.startswith(f"pip {version('pip')} from {copy.folder}/pip (python ")
    assert list(copy.folder.rglob("*.dist-info")) == []


def test_the_copy_is_ours_alone(tmp_path: Path) -> None:
    """Nobody else may put code where children run it from."""
    copy = whole_copy(tmp_path)

    assert stat.S_IMODE(copy.folder.stat().st_mode) == 0o700
    assert sorted(path.name for path in copy.folder.iterdir()) == [
        "packaging",
        "pip",
        "planner",
        "probe.py",
    ]


def test_compiled_files_stay_fresh(tmp_path: Path) -> None:
    """Times are copied, so that no child compiles pip again."""
    source, copied = Path(pip.__file__).parent, whole_copy(tmp_path).folder / "pip"

    for path in source.rglob("*.py"):
        here = copied / path.relative_to(source)
        assert int(here.stat().st_mtime) == int(path.stat().st_mtime)
    compiled = {path.relative_to(source) for path in source.rglob("*.pyc")}
    assert compiled <= {path.relative_to(copied) for path in copied.rglob("*.pyc")}


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    """The error names the folder and the reason."""
    with pytest.raises(StorageError) as caught:
        copy_probe(tmp_path / "missing")

    assert (caught.value.path, caught.value.reason) == (
        str(tmp_path / "missing" / "pip-copy"),
        "No such file or directory",
    )
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Not a directory"):
        copy_pip(PipCopy(folder=tmp_path / "file"))


def test_a_package_is_copied_out_of_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip application holds packages as members, beside others."""
    with ZipFile(tmp_path / "application.pyz", "w") as archive:
        for name in ("carried_here/__init__.py", "carried_here/_sub/data.txt", "carried_here-1.0/METADATA"):
            archive.writestr(name, name)
    monkeypatch.syspath_prepend(str(tmp_path / "application.pyz"))

    copy_package("carried_here", tmp_path / "copy")

    copied = [path for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    assert {path.relative_to(tmp_path / "copy").as_posix(): path.read_text() for path in copied} == {
        "carried_here/__init__.py": "carried_here/__init__.py",
        "carried_here/_sub/data.txt": "carried_here/_sub/data.txt",
    }


def test_a_missing_dependency_is_named(tmp_path: Path) -> None:
    """An installation of this program without pip says so."""
    with pytest.raises(TargetRefused, match="this installation of resilient-pip lacks no_such_package"):
        copy_package("no_such_package", tmp_path)
