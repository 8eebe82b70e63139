"""Answers that are kept for later runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from resilient_pip.cache.answers import Answers, KeptAnswer
from resilient_pip.cache.contents import ANSWER_AGE_S, read_contents
from resilient_pip.cache.removal import remove, tidy

URL = "https://index.test/simple/demo/"
HEADERS = {"etag": '"1"', "last-modified": "then", "content-type": "text/html", "set-cookie": "secret"}
SHA256 = "a" * 64


def keep(root: Path, *, url: str = URL, headers: Mapping[str, str] = HEADERS, **changes: Any) -> None:
    """Keep an answer."""
    facts: dict[str, Any] = {"accept": "html", "authorization": None, "final_url": URL, "body": b"page"}
    Answers(root).keep(url, headers=headers, **{**facts, **changes})


def find(
    root: Path, url: str = URL, *, accept: str = "html", authorization: str | None = None
) -> KeptAnswer | None:
    """Look for one."""
    return Answers(root).find(url, accept=accept, authorization=authorization)


def kept_in(root: Path) -> list[Path]:
    """List the files."""
    return [path for path in root.rglob("*") if path.is_file()]


def test_an_answer_is_found_with_what_asks_about_it(tmp_path: Path) -> None:
    """Its type, its validators and nothing else of its headers; only its user may read it."""
    keep(tmp_path)
    headers = {name: HEADERS[name] for name in ("content-type", "etag", "last-modified")}
    found = find(tmp_path)
    assert found == KeptAnswer(url=URL, headers=headers, body=b"page")
    assert found.conditions == {
        "If-None-Match": '"1"',
        "If-Modified-Since": "then",
        "Cache-Control": "max-age=0",
    }
    [path] = kept_in(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_nobody_gets_what_someone_else_was_told(tmp_path: Path) -> None:
    """A login in the URL is no part of its name; who asked, and for what, is."""
    keep(tmp_path, url="https://ann:hidden@index.test/simple/demo/", authorization="Basic ann")
    assert find(tmp_path, authorization="Basic ann")
    assert find(tmp_path) is None
    assert find(tmp_path, authorization="Basic bob") is None
    assert find(tmp_path, authorization="Basic ann", accept="json") is None
    [path] = kept_in(tmp_path)
    assert b"hidden" not in path.read_bytes()
    assert b"Basic" not in path.read_bytes()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"headers": {"content-type": "text/html"}}, id="no-validator"),
        pytest.param({"headers": {**HEADERS, "cache-control": "private, No-Store"}}, id="no-store"),
        pytest.param({"headers": {**HEADERS, "vary": "*"}}, id="vary"),
        pytest.param({"final_url": "https://storage.test/demo?signature=secret"}, id="signed"),
        pytest.param({"body": b" " * (32 * 2**20 + 1)}, id="large"),
    ],
)
def test_some_answers_are_not_kept(tmp_path: Path, changes: dict[str, Any]) -> None:
    """What cannot be asked about, what must not be kept and what is too much."""
    keep(tmp_path, **changes)
    assert kept_in(tmp_path) == []


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda content: content[:-1], id="cut"),
        pytest.param(lambda content: content.replace(b"page", b"pagf"), id="changed"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"[1]\npage", id="no-head"),
    ],
)
def test_a_damaged_answer_is_removed(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    """It is as good as none."""
    keep(tmp_path)
    [path] = kept_in(tmp_path)
    path.write_bytes(harm(path.read_bytes()))
    assert find(tmp_path) is None
    assert kept_in(tmp_path) == []


def test_an_answer_of_no_use_is_forgotten(tmp_path: Path) -> None:
    """And one that is not there as well."""
    keep(tmp_path)
    for _ in range(2):
        Answers(tmp_path).forget(URL, accept="html", authorization=None)
    assert find(tmp_path) is None


def test_metadata_and_size_are_found_by_the_hash_of_the_wheel(tmp_path: Path) -> None:
    """They never change."""
    answers = Answers(tmp_path)
    assert answers.find_metadata(SHA256) is None
    answers.keep_metadata(SHA256, b"Name: demo\n\nText\n")
    assert answers.find_metadata(SHA256) == b"Name: demo\n\nText\n"
    assert answers.find_metadata("b" * 64) is None
    assert answers.find_size(SHA256) is None
    answers.keep_size(SHA256, 12)
    assert answers.find_size(SHA256) == 12


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """There is no cache then."""
    (tmp_path / "answers").write_text("in the way")
    keep(tmp_path)
    assert find(tmp_path) is None


@pytest.mark.parametrize("clean", [pytest.param("prune", id="prune"), pytest.param("tidy", id="tidy")])
def test_old_answers_go(tmp_path: Path, clean: str) -> None:
    """With `cache prune`, and once a day at the end of a run; those in use stay."""
    keep(tmp_path)
    Answers(tmp_path).keep_metadata(SHA256, b"old")
    [old] = (path for path in kept_in(tmp_path) if path.read_bytes().endswith(b"old"))
    then = time.time() - ANSWER_AGE_S - 60
    os.utime(old, (then, then))
    if clean == "tidy":
        tidy(tmp_path, time.time())
    else:
        contents = read_contents(tmp_path)
        assert (len(contents.records), contents.stray) == (1, (old,))
        remove(contents, (), contents.stray)
    assert not old.exists()
    assert find(tmp_path)
