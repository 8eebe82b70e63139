"""What is in a cache folder, which of it goes, and what must not go beside a running install."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from resilient_pip.cache.contents import Contents, Entry, State, read_contents
from resilient_pip.cache.origin import Origin
from resilient_pip.cache.place import note_name
from resilient_pip.cache.pruning import DAY_S, expendable
from resilient_pip.cache.removal import remove, tidy
from resilient_pip.disk.lock import hold_with_others, try_lock
from tests.unit.transfers import remote

A, B, C, D = (digit * 64 for digit in "abcd")


def put(root: Path, path: str, size: int = 10, used_at: float = 1000.0) -> Path:
    """Write a file below a cache folder."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(size))
    os.utime(file, (used_at, used_at))
    return file


def fill(root: Path) -> Contents:
    """Make a cache with one of everything, and with files that are none of ours."""
    put(root, f"files/sha256/aa/{A}", 100)
    put(root, f"partial/{B}", 20, 2000.0)
    put(root, f"partial/{B}.json")
    put(root, f"partial/url-{C}.lock")
    put(root, f"built/dd/{D}/demo_x-1.0-py3-none-any.whl", 30, 500.0)
    put(root, f"built/dd/{D}/SHA256", 5, 3000.0)
    put(root, "built/dd/~left/made/x.whl")
    put(root, "files/.probe-00ff")
    note_name(root, A, remote("https://host/demo-1.0.tar.gz"))
    note_name(root, C, remote("https://host/gone-1.0.tar.gz"))
    Origin(url_digest=A, sha256=A).save(root / "urls" / f"{A}.json")
    Origin(url_digest=B, sha256=B).save(root / "urls" / f"{B}.json")
    put(root, "notes.txt")
    put(root, "files/sha256/aa/notes.txt")
    (root / "files" / "sha256" / "ab").symlink_to(root / "files" / "sha256" / "aa")
    return read_contents(root)


def left(root: Path) -> list[str]:
    """Every file below a folder but for the marker, links left out."""
    paths = (path for path in root.rglob("*") if path.is_file() and "ab" not in path.parts)
    return sorted(str(path.relative_to(root)) for path in paths if path.name != "in-use")


def facts(entry: Entry) -> tuple[State, str, int, float, str | None]:
    """An entry without its folder."""
    return (
        entry.state,
        entry.path.name,
        entry.size,
        entry.used_at,
        entry.name.filename if entry.name else None,
    )


def test_contents(tmp_path: Path) -> None:
    """Each file with its size, last use and name; links and what has another name are not ours."""
    contents = fill(tmp_path)
    assert [facts(entry) for entry in contents.entries] == [
        (State.FINISHED, A, 100, 1000.0, "demo-1.0.tar.gz"),
        (State.PARTIAL, B, 20, 2000.0, None),
        (State.BUILT, D, 35, 3000.0, "demo_x-1.0-py3-none-any.whl"),
    ]
    assert sorted(str(path.relative_to(tmp_path)) for path in contents.records) == [
        f"names/{A}.json",
        f"urls/{A}.json",
    ]
    assert sorted(str(path.relative_to(tmp_path)) for path in contents.stray) == [
        "built/dd/~left",
        "files/.probe-00ff",
        f"names/{C}.json",
        f"partial/url-{C}",
        f"urls/{B}.json",
    ]


def test_nothing_there_is_no_error(tmp_path: Path) -> None:
    """A cache that nobody has used yet is empty, and emptying it makes nothing."""
    contents = read_contents(tmp_path / "none")
    assert (contents.entries, contents.records, contents.stray) == ((), (), ())
    assert remove(contents, contents.entries).gone == ()
    assert not (tmp_path / "none").exists()


def test_everything_of_ours_goes(tmp_path: Path) -> None:
    """What is not ours stays."""
    contents = fill(tmp_path)
    removed = remove(contents, contents.entries, (*contents.records, *contents.stray))
    assert (set(removed.gone), removed.in_use) == (set(contents.entries), ())
    assert left(tmp_path) == ["files/sha256/aa/notes.txt", "notes.txt"]


def test_what_a_run_needs_stays(tmp_path: Path) -> None:
    """While a run is there only partials go, and none that is being written."""
    contents = fill(tmp_path)
    put(tmp_path, f"partial/{D}")
    contents = read_contents(tmp_path)
    before = left(tmp_path)
    held = try_lock(tmp_path / "partial" / f"{D}.lock")
    assert held is not None
    run = hold_with_others(tmp_path)
    removed = remove(contents, contents.entries, (*contents.records, *contents.stray))
    run.release()
    held.release()
    assert [entry.path.name for entry in removed.gone] == [B]
    assert [entry.path.name for entry in removed.in_use] == [A, D, D]
    assert sorted(set(before) - set(left(tmp_path))) == [
        f"partial/{B}",
        f"partial/{B}.json",
        f"partial/url-{C}.lock",
    ]


def entry(state: State, name: str, size: int, used_at: float) -> Entry:
    """Make an entry."""
    return Entry(state=state, path=Path(name), size=size, used_at=used_at)


NOW = 100 * DAY_S
ENTRIES = (
    entry(State.FINISHED, "today", 10, NOW - 60),
    entry(State.FINISHED, "old", 20, NOW - 40 * DAY_S),
    entry(State.PARTIAL, "stopped", 5, NOW - DAY_S),
    entry(State.PARTIAL, "forgotten", 5, NOW - 15 * DAY_S),
    entry(State.BUILT, "week", 30, NOW - 7 * DAY_S),
)


@pytest.mark.parametrize(
    ("max_age_s", "max_size", "gone"),
    [
        pytest.param(None, None, ["forgotten"], id="by default"),
        pytest.param(30 * DAY_S, None, ["old", "forgotten"], id="age"),
        pytest.param(3600.0, None, ["old", "forgotten", "week", "stopped"], id="short age"),
        pytest.param(None, 65, ["forgotten"], id="large enough"),
        pytest.param(None, 64, ["forgotten", "old"], id="least recently used first"),
        pytest.param(None, 12, ["forgotten", "old", "week", "stopped"], id="small"),
        pytest.param(None, 0, ["forgotten", "old", "week", "stopped", "today"], id="nothing may stay"),
        pytest.param(30 * DAY_S, 40, ["old", "forgotten", "week"], id="both"),
    ],
)
def test_which_go(max_age_s: float | None, max_size: int | None, gone: list[str]) -> None:
    """By age, then by use until what is left is small enough; old partials always."""
    chosen = expendable(ENTRIES, now=NOW, max_age_s=max_age_s, max_size=max_size)
    assert [one.path.name for one in chosen] == gone


def test_tidying_never_takes_what_is_written(tmp_path: Path) -> None:
    """However old the file looks (a clock that was set), its lock counts; a missing folder is no matter."""
    put(tmp_path, f"partial/{A}")
    held = try_lock(tmp_path / "partial" / f"{A}.lock")
    assert held is not None
    tidy(tmp_path, NOW)
    assert (tmp_path / "partial" / A).exists()
    held.release()
    tidy(tmp_path, NOW + 2 * DAY_S)
    tidy(tmp_path / "none", NOW)
    assert left(tmp_path) == [f"partial/{A}", "tidied"]
