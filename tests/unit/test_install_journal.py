"""The journal on disk: `resilient_pip.install.journal`."""

from __future__ import annotations

import shutil
from pathlib import Path

from resilient_pip.install.journal import journal_path, open_journal, read_journal
from tests.support.wheels import make_wheel
from tests.unit.installations import put, scheme_in, surveyed

APP = make_wheel("app", "2.0", files={"app/\N{LATIN SMALL LETTER E WITH ACUTE}.py": ""})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """The next run finds it, also where the environment has another path by then."""
    scheme = scheme_in(tmp_path / "env")
    put(scheme, "app-1.0", ["app/old.py", "../../../bin/app"])
    survey = surveyed(scheme, tmp_path / "wheels", APP)
    journal = open_journal(scheme)
    assert journal
    journal.begin(1, survey)
    journal.leave()
    assert read_journal(scheme) == (survey,)
    shutil.move(tmp_path / "env", tmp_path / "moved")
    moved = scheme_in(tmp_path / "moved")
    assert read_journal(moved) == (surveyed(moved, tmp_path / "wheels", APP),)


def test_a_journal_that_was_cut_short_says_nothing(tmp_path: Path) -> None:
    """The child had not begun; nor can one be read that another format fills. What comes before counts."""
    scheme = scheme_in(tmp_path / "env")
    journal = open_journal(scheme)
    assert journal
    survey = surveyed(scheme, tmp_path / "wheels", APP)
    journal.begin(1, survey)
    journal.leave()
    whole = journal_path(scheme).read_text()
    for text in ("", whole[:-2], whole.replace('"format": 2', '"format": 0'), "[]", '{"format": 2}'):
        journal_path(scheme).write_text(text)
        assert read_journal(scheme) == ()
        journal_path(scheme).write_text(f"{whole}{text}\n")
        assert read_journal(scheme) == (survey,)


def test_groups_overlap(tmp_path: Path) -> None:
    """What has come to its end counts no more, in whatever order; the others do."""
    scheme = scheme_in(tmp_path / "env")
    surveys = [
        surveyed(scheme, tmp_path / "wheels", make_wheel(name, "1.0"), compiles=True)
        for name in ("one", "two", "three")
    ]
    journal = open_journal(scheme)
    assert journal
    journal.begin(1, surveys[0])
    journal.begin(2, surveys[1])
    journal.finish(1)
    journal.begin(3, surveys[2])
    assert read_journal(scheme) == (surveys[1], surveys[2])
    journal.finish(3)
    assert read_journal(scheme) == (surveys[1],)
    journal.remove()


def test_one_holds_it_at_a_time(tmp_path: Path) -> None:
    """Removed, it leaves no trace."""
    scheme = scheme_in(tmp_path / "env")
    journal = open_journal(scheme)
    assert journal
    assert open_journal(scheme) is None
    journal.remove()
    assert not journal_path(scheme).exists()
