"""What children printed outlives the run: for --log and for the failure block."""

from __future__ import annotations

from pathlib import Path

import pytest

from resilient_pip.errors import StorageError
from resilient_pip.logs import appending_logs, keep_log


def test_logs_are_appended_when_the_children_are_over(tmp_path: Path) -> None:
    """In the order in which they were started, behind what is there, also after a failure."""
    folder, log = tmp_path / "logs", tmp_path / "log"
    folder.mkdir()
    log.write_text("before\n")

    def run() -> None:
        with appending_logs(folder, str(log)):
            (folder / "02-install.log").write_text("two\n")
            (folder / "01-plan.log").write_text("one\n")
            raise KeyError

    with pytest.raises(KeyError):
        run()
    assert log.read_text() == "before\n== 01-plan\none\n== 02-install\ntwo\n"


def test_a_new_log_is_private(tmp_path: Path) -> None:
    """Builds print whatever they like."""
    with appending_logs(tmp_path, str(tmp_path.with_suffix(".log"))):
        pass
    assert tmp_path.with_suffix(".log").stat().st_mode & 0o777 == 0o600


def test_without_a_log_nothing_is_written(tmp_path: Path) -> None:
    """--log was not given."""
    with appending_logs(tmp_path / "none", None):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    """It is known before anything is transferred."""
    with (
        pytest.raises(StorageError, match="no such folder/log"),
        appending_logs(tmp_path, str(tmp_path / "no such folder" / "log")),
    ):
        pass


def test_a_kept_log_outlives_its_folder(tmp_path: Path) -> None:
    """Only its owner may read it; without a log there is nothing to keep."""
    log = tmp_path / "log"
    log.write_text("text")
    kept = Path(keep_log(str(log)))
    log.unlink()
    assert kept.read_text() == "text"
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.unlink()
    assert keep_log("") == keep_log(str(log)) == ""
