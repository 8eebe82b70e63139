"""What a half installation loses in `resilient_pip.install.repair`, and what nobody may lose."""

from __future__ import annotations

from pathlib import Path

import pytest

from resilient_pip.install.repair import Repaired, repair
from resilient_pip.model import project_name
from tests.support.wheels import make_wheel
from tests.unit.installations import left, put, scheme_in, surveyed

APP = make_wheel(
    "App",
    "2.0",
    files={
        "app/cli.py": "",
        "app-2.0.data/scripts/app-raw": "",
        "app-2.0.data/data/share/app/notes.txt": "",
        "space/app.py": "",
    },
    entry_points={"app": "app.cli:main"},
)
NEW_FILES = (
    *("app/__init__.py", "app/cli.py", "space/app.py"),
    *("../../../bin/app-raw", "../../../bin/app", "../../../share/app/notes.txt"),
)
OLD_FILES = ("app/__init__.py", "app/old.py", "../../../bin/app")


def gone(replaced: str | None = None) -> tuple[Repaired, ...]:
    """Say that App 2.0 was removed."""
    return (Repaired(project=project_name("app"), name="App", version="2.0", replaced=replaced),)


@pytest.mark.parametrize("missing", [pytest.param("RECORD", id="record"), pytest.param("*", id="dist-info")])
def test_a_half_unpacked_project_goes(tmp_path: Path, missing: str) -> None:
    """With what was compiled, whole or half, and with folders that are empty then."""
    scheme = scheme_in(tmp_path / "env")
    before = left(scheme.base)
    survey = surveyed(scheme, tmp_path / "wheels", APP)
    put(scheme, "app-2.0", NEW_FILES, finished=False)
    for path in (scheme.purelib / "app-2.0.dist-info").glob(missing):
        path.unlink()
    compiled = scheme.purelib / "app/__pycache__"
    compiled.mkdir()
    for name in ("cli.cpython-311.pyc", "__init__.cpython-311.pyc.140234"):
        (compiled / name).touch()
    (scheme.purelib / "space/__pycache__").mkdir()
    assert repair(survey, scheme) == gone()
    assert left(scheme.base) == before
    assert repair(survey, scheme) == ()


def test_a_finished_project_stays(tmp_path: Path) -> None:
    """Where pip came to write RECORD, only the old version's moved folders go."""
    scheme = scheme_in(tmp_path / "env")
    put(scheme, "app-1.0", OLD_FILES)
    own = scheme.purelib / "~pp-mine"
    own.mkdir()
    survey = surveyed(scheme, tmp_path / "wheels", APP)
    (scheme.purelib / "app").rename(scheme.purelib / "~pp")
    (scheme.purelib / "app-1.0.dist-info").rename(scheme.purelib / "~pp-1.0.dist-info")
    put(scheme, "app-2.0", NEW_FILES)
    found = left(scheme.base)
    assert repair(survey, scheme) == ()
    assert left(scheme.base) == {
        path: text for path, text in found.items() if "/~pp/" not in path and "~pp-1" not in path
    }
    assert own.is_dir()


def test_an_old_version_that_was_not_touched_stays(tmp_path: Path) -> None:
    """The run was ended before pip came to it, or pip brought it back."""
    scheme = scheme_in(tmp_path / "env")
    put(scheme, "app-1.0", OLD_FILES)
    before = left(scheme.base)
    survey = surveyed(scheme, tmp_path / "wheels", APP)
    assert repair(survey, scheme) == ()
    assert left(scheme.base) == before


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param("bin/app", id="script"),
        pytest.param("lib/python3.11/site-packages/app-1.0.dist-info/RECORD", id="record"),
        pytest.param("lib/python3.11/site-packages/app/old.py", id="module"),
    ],
)
def test_an_old_version_that_is_half_away_goes(tmp_path: Path, missing: str) -> None:
    """Whichever part of it pip had moved already."""
    scheme = scheme_in(tmp_path / "env")
    before = left(scheme.base)
    put(scheme, "app-1.0", OLD_FILES)
    survey = surveyed(scheme, tmp_path / "wheels", APP)
    (scheme.base / missing).unlink()
    assert repair(survey, scheme) == gone(replaced="1.0")
    assert left(scheme.base) == before


def test_the_same_version_half_installed_again_goes(tmp_path: Path) -> None:
    """--force-reinstall: the .dist-info has the name of the old one, and RECORD is the wheel's."""
    scheme = scheme_in(tmp_path / "env")
    before = left(scheme.base)
    put(scheme, "app-2.0", OLD_FILES)
    survey = surveyed(scheme, tmp_path / "wheels", APP)
    put(scheme, "app-2.0", NEW_FILES, finished=False)
    assert repair(survey, scheme) == gone(replaced="2.0")
    assert left(scheme.base) == before


def test_the_files_of_others_stay(tmp_path: Path) -> None:
    """In shared folders, shared files themselves, of whole projects and of nobody."""
    scheme = scheme_in(tmp_path / "env")
    put(scheme, "other-1.0", ["space/other.py"])
    (scheme.purelib / "app").mkdir()
    (scheme.purelib / "app/cli.py").write_text("of nobody")
    survey = surveyed(scheme, tmp_path / "wheels", APP)
    put(scheme, "later-1.0", ["space/app.py"])
    before = left(scheme.base)
    put(scheme, "app-2.0", ["app/__init__.py"], finished=False)
    assert repair(survey, scheme) == gone()
    assert left(scheme.base) == before


def test_nothing_outside_of_the_environment_goes(tmp_path: Path) -> None:
    """Not through a link to a folder elsewhere, nor where an old RECORD points."""
    outside = tmp_path / "outside"
    outside.mkdir()
    scheme = scheme_in(tmp_path / "env")
    put(scheme, "app-1.0", ["../../../../outside/file.txt", "app/old.py"])
    survey = surveyed(scheme, tmp_path / "wheels", APP)
    (scheme.purelib / "app/old.py").unlink()
    (scheme.purelib / "space").symlink_to(outside, target_is_directory=True)
    (outside / "app.py").write_text("mine")
    assert repair(survey, scheme) == gone(replaced="1.0")
    assert left(outside) == {"file.txt": "app-1.0", "app.py": "mine"}
    assert left(scheme.base) == {"bin/python": ""}


def test_with_target_nothing_is_finished_before_the_end(tmp_path: Path) -> None:
    """Pip moves entry by entry there: what is new goes, what was there stays, older .dist-info too."""
    scheme = scheme_in(tmp_path / "target", moved=True)
    put(scheme, "app-1.0", ["app/__init__.py"])
    before = left(scheme.base)
    survey = surveyed(scheme, tmp_path / "wheels", APP, ignores_installed=True)
    put(scheme, "app-2.0", ["space/app.py"])
    assert repair(survey, scheme) == gone()
    assert left(scheme.base) == before


def test_with_ignore_installed_an_older_version_stays(tmp_path: Path) -> None:
    """Pip leaves it where it is, so that a file less does not make it unfinished."""
    scheme = scheme_in(tmp_path / "env")
    put(scheme, "app-1.0", OLD_FILES)
    survey = surveyed(scheme, tmp_path / "wheels", APP, ignores_installed=True)
    (scheme.purelib / "app/__init__.py").unlink()
    before = left(scheme.base)
    assert repair(survey, scheme) == ()
    assert left(scheme.base) == before


def test_what_is_built_in_place_is_known_by_its_record(tmp_path: Path) -> None:
    """There is no wheel before; the wheel's own RECORD names files as the archive does."""
    scheme = scheme_in(tmp_path / "env")
    before = left(scheme.base)
    survey = surveyed(scheme, tmp_path / "wheels", make_wheel("app", "0", files={"unlike/it.py": ""}))
    put(scheme, "app-2.0", ["app/__init__.py", "../../../bin/app-raw"], finished=False)
    record = scheme.purelib / "app-2.0.dist-info/RECORD"
    record.write_text(record.read_text().replace("../../../bin", "app-2.0.data/scripts"))
    assert repair(survey, scheme)[0].name == "app"
    assert left(scheme.base) == before


def test_an_old_version_that_is_away_is_named(tmp_path: Path) -> None:
    """Between the two versions there is nothing but the folder that pip moved the old one to."""
    scheme = scheme_in(tmp_path / "env")
    before = left(scheme.base)
    put(scheme, "app-1.0", ["app/old.py"])
    survey = surveyed(scheme, tmp_path / "wheels", APP)
    (scheme.purelib / "app").rename(scheme.purelib / "~pp")
    (scheme.purelib / "app-1.0.dist-info").rename(scheme.purelib / "~%p-1.0.dist-info")
    assert repair(survey, scheme) == gone(replaced="1.0")
    assert left(scheme.base) == before
