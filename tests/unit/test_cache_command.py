"""`resilient-pip cache`: where it looks, what it prints, what it removes, how it fails."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from pathlib import Path

import pytest

from resilient_pip.build.kept import keep_wheel
from resilient_pip.cache.place import finished_path, note_name
from resilient_pip.cli import main
from resilient_pip.disk.lock import hold_with_others
from tests.unit.transfers import remote

CONTENT = b"content" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
DAY_S = 24 * 3600.0
Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder of our own: pyproject.toml is read from the working folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cache with a finished file, a partial one and a built wheel, last used 3, 20 and 0 days ago."""
    root = tmp_path / "cache"
    finished = finished_path(root, SHA256)
    partial = root / "partial" / ("b" * 64)
    for path, content, age_s in ((finished, CONTENT, 3 * DAY_S), (partial, b"begun", 20 * DAY_S)):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        os.utime(path, (time.time() - age_s,) * 2)
    note_name(root, SHA256, remote("https://host/demo-1.0.tar.gz"))
    wheel = tmp_path / "built_here-1.0-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    keep_wheel(wheel, root / "built" / "cc" / ("c" * 64))
    return root


def cache(folder: Path, *words: str) -> int:
    """Run the command on a folder."""
    return main(["cache", *words, "--file-cache", str(folder)])


@pytest.mark.parametrize(
    ("words", "variables", "expected"),
    [
        pytest.param(
            ["--file-cache", "/option"], {"RESILIENT_PIP_FILE_CACHE": "/variable"}, "/option", id="option"
        ),
        pytest.param([], {"RESILIENT_PIP_FILE_CACHE": "/variable"}, "/variable", id="variable"),
        pytest.param([], {}, "/key", id="pyproject"),
    ],
)
def test_the_folder_is_the_one_of_install(  # noqa: PLR0917 - the table's columns
    words: list[str],
    variables: dict[str, str],
    expected: str,
    tmp_path: Path,
    capsys: Printed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The option beats the variable, and that the file."""
    (tmp_path / "pyproject.toml").write_text('[tool.resilient-pip]\nfile-cache = "/key"\n')
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["cache", "dir", *words]) == 0
    assert capsys.readouterr().out == f"{expected}\n"


def test_the_folder_is_in_pip_s(capsys: Printed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Pip's option and variable count, a relative folder is made absolute, no-cache-dir leaves none."""
    assert main(["cache", "dir", "--cache-dir", "/pip"]) == 0
    monkeypatch.setenv("PIP_CACHE_DIR", "/variable")
    assert main(["cache", "dir"]) == 0
    assert main(["cache", "dir", "--file-cache", "here"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "/pip/resilient-pip",
        "/variable/resilient-pip",
        str(tmp_path / "here"),
    ]
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    assert main(["cache", "info"]) == 2
    assert capsys.readouterr().err.startswith("resilient-pip: error: pip's configuration says no-cache-dir")


def test_info(folder: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts and bytes by state, first and last use, room, what a run does."""
    monkeypatch.setenv("RESILIENT_PIP_CACHE_MODE", "keep")
    assert cache(folder, "info") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        f"cache {folder}",
        "  finished  1 file, 7.0 kB",
        "  partial   1 file, 5 B",
        "  built     1 wheel, 102 B",
    ]
    assert re.fullmatch(r"  records   1, \d+ B", lines[4])
    assert re.fullmatch(r"  used      last .* s ago, longest not 20 d ago", lines[5])
    assert lines[6].startswith("  free ")
    assert lines[7] == "  a run     keeps what it downloads, as --cache-mode keep says"
    assert cache(folder, "info", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert {name: facts[name] for name in ("folder", "finished", "partial", "built")} == {
        "folder": str(folder),
        "finished": {"count": 1, "bytes": 7000},
        "partial": {"count": 1, "bytes": 5},
        "built": {"count": 1, "bytes": 102},
    }
    assert facts["oldest_use"] < facts["newest_use"]
    assert (facts["a_run_keeps"], facts["why"]) == (True, "--cache-mode keep says")


def test_info_of_a_cache_that_keeps_nothing(folder: Path, capsys: Printed, tmp_path: Path) -> None:
    """What pyproject.toml says counts, as for a run."""
    (tmp_path / "pyproject.toml").write_text('[tool.resilient-pip]\ncache-mode = "discard"\n')
    assert cache(folder, "info") == 0
    assert capsys.readouterr().out.endswith("  a run     keeps nothing, as --cache-mode discard says\n")


def test_list(folder: Path, capsys: Printed) -> None:
    """The last used first; what has no name goes by its key."""
    assert cache(folder, "list") == 0
    assert [
        re.split(r"  +", line)
        for line in re.sub(r"\d+(\.\d)? s", "0 s", capsys.readouterr().out).splitlines()
    ] == [
        ["built_here-1.0-py3-none-any.whl", "102 B", "0 s ago", "built"],
        ["demo-1.0.tar.gz", "7.0 kB", "3 d ago", "finished"],
        ["b" * 64, "5 B", "20 d ago", "partial"],
    ]
    assert cache(folder, "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(one["project"], one["filename"], one["key"], one["state"], one["bytes"]) for one in listed] == [
        ("built-here", "built_here-1.0-py3-none-any.whl", "c" * 64, "built", 102),
        ("demo", "demo-1.0.tar.gz", SHA256, "finished", 7000),
        (None, None, "b" * 64, "partial", 5),
    ]


def test_names_are_printed_safely(folder: Path, capsys: Printed) -> None:
    """A name from an index moves no cursor and makes no line of its own."""
    record = folder / "names" / f"{SHA256}.json"
    record.write_text(json.dumps({"project": "demo", "filename": "\x1b[2Jdemo\r\n-1.0\x00.whl" + "x" * 300}))
    assert cache(folder, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("demo  -1.0.whlxxx")
    assert all(line.isprintable() and len(line.encode()) < 140 for line in lines)


@pytest.mark.parametrize(
    ("words", "said", "left"),
    [
        pytest.param([], ["removed 1 file, 5 B (1 partial)"], ["built", "finished"], id="by default"),
        pytest.param(
            ["--max-age", "2d"], ["removed 2 files, 7.0 kB (1 finished, 1 partial)"], ["built"], id="age"
        ),
        pytest.param(
            ["--max-size", "1kB"], ["removed 2 files, 7.0 kB (1 finished, 1 partial)"], ["built"], id="size"
        ),
        pytest.param(
            ["--max-size=1MB"], ["removed 1 file, 5 B (1 partial)"], ["built", "finished"], id="room"
        ),
    ],
)
def test_prune(folder: Path, capsys: Printed, words: list[str], said: list[str], left: list[str]) -> None:
    """It says what it freed."""
    assert cache(folder, "prune", *words) == 0
    assert capsys.readouterr().out.splitlines() == said
    cache(folder, "list", "--json")
    assert sorted(one["state"] for one in json.loads(capsys.readouterr().out)) == left


def test_prune_what_is_damaged(folder: Path, capsys: Printed) -> None:
    """--verify reads everything: what is not what its hash says is named and goes."""
    assert cache(folder, "prune", "--verify") == 0
    assert capsys.readouterr().out == "removed 1 file, 5 B (1 partial)\n"
    finished_path(folder, SHA256).write_bytes(CONTENT[:-1] + b"!")
    (folder / "built" / "cc" / ("c" * 64) / "SHA256").unlink()
    assert cache(folder, "prune", "--verify") == 0
    assert capsys.readouterr().out.splitlines() == [
        "damaged: demo-1.0.tar.gz",
        "damaged: built_here-1.0-py3-none-any.whl",
        "removed 2 files, 7.0 kB (1 finished, 1 built)",
    ]


def test_purge(folder: Path, capsys: Printed) -> None:
    """Everything goes but what a run holds, and the rest when it is gone."""
    hold = hold_with_others(folder)
    assert cache(folder, "purge") == 0
    hold.release()
    assert cache(folder, "purge") == 0
    assert cache(folder, "purge") == 0
    assert capsys.readouterr().out.splitlines() == [
        "removed 1 file, 5 B (1 partial)",
        "left 2 files, 7.1 kB: a run is using them or may; run this again later",
        "removed 2 files, 7.1 kB (1 finished, 1 built)",
        "nothing removed",
    ]
    assert [path for path in folder.rglob("*") if path.is_file() and path.name != "in-use"] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param([], "the following arguments are required: ACTION", id="nothing"),
        pytest.param(["list", "x"], "unrecognized arguments: x", id="too much"),
        pytest.param(["prune", "--max-size", "big"], "argument --max-size: 'big' is no size", id="size"),
        pytest.param(["prune", "--max-age", "old"], "argument --max-age: 'old' is no duration", id="age"),
        pytest.param(["purge", "--json"], "unrecognized arguments: --json", id="option of another"),
    ],
)
def test_a_wrong_command_line_is_one_line(words: list[str], message: str, capsys: Printed) -> None:
    """Exit 2, what is wrong, and where the help is."""
    assert main(["cache", *words]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"resilient-pip: error: {message}")
    assert line.endswith("--help)")


def test_a_folder_that_is_none(tmp_path: Path, capsys: Printed) -> None:
    """A missing one is empty; a file in its place is exit 73 and named."""
    assert cache(tmp_path / "none", "purge") == 0
    assert cache(tmp_path / "none", "list") == 0
    assert capsys.readouterr().out == "nothing removed\n"
    (tmp_path / "file").touch()
    assert cache(tmp_path / "file", "list") == 73
    assert f"cannot write {tmp_path / 'file'}: Not a directory" in capsys.readouterr().err
