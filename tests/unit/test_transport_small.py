"""Small answers: whole, or an error that says why not."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from resilient_pip.errors import AttemptsExhausted, BadContent, Refused, Stalled, TooSlow
from resilient_pip.events import Kind, RetryScheduled, Subject
from resilient_pip.model import Outcome, project_name, redact
from resilient_pip.transport.small_reading import SmallAnswer
from tests.support.faults import Drip, EarlyClose, IgnoreRange, NeverAnswer, Ok, RedirectTo, Reset, Status
from tests.support.faultserver import FaultyIndex
from tests.unit.transfers import Rig, answering, quick, run

PAGE = b"<html>" + b"x" * 50_000
PATH = "/simple/demo/"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """One run's reader."""
    return Rig(tmp_path)


@pytest.fixture
def url(index: FaultyIndex) -> str:
    """A page on the server."""
    return index.put(PATH, PAGE, "text/html")


def subject(url: str) -> Subject:
    """Name a page."""
    return Subject(kind=Kind.PAGE, project=project_name("demo"), name="demo", url=redact(url))


def read(rig: Rig, url: str, **options: Any) -> SmallAnswer:
    """Read one small thing in a run of its own."""

    async def main() -> SmallAnswer:
        async with rig.reader() as reader:
            return await reader.read(url, subject=subject(url), **options)

    return run(main)


def failing(rig: Rig, url: str, **options: Any) -> AttemptsExhausted:
    """Read one small thing and return the error."""
    with pytest.raises(AttemptsExhausted) as caught:
        read(rig, url, **options)
    return caught.value


def test_a_page(rig: Rig, index: FaultyIndex, url: str) -> None:
    """The answer has the final URL, headers by any case and the body."""
    index.script("/old/", [RedirectTo(url)])
    answer = read(rig, index.url_of("/old/"))
    assert (answer.status, answer.url, answer.headers["content-TYPE"]) == (200, url, "text/html")
    assert answer.body == PAGE
    [end] = rig.finished
    assert (end.outcome, end.received, end.transferred) == (Outcome.DONE, len(PAGE), len(PAGE))


@pytest.mark.parametrize(
    ("byte_range", "header", "body"),
    [
        pytest.param((10, 20), "bytes=10-19", PAGE[10:20], id="piece"),
        pytest.param((49_000, None), "bytes=49000-", PAGE[49_000:], id="rest"),
        pytest.param(-100, "bytes=-100", PAGE[-100:], id="end"),
    ],
)
def test_pieces(  # noqa: PLR0917 - a table
    rig: Rig, index: FaultyIndex, url: str, byte_range: tuple[int, int | None] | int, header: str, body: bytes
) -> None:
    """A range is half open, as a slice is; a negative number counts from the end."""
    answer = read(rig, url, byte_range=byte_range)
    assert (answer.status, answer.body) == (206, body)
    assert [request.range for request in index.requests] == [header]


def test_a_server_without_ranges_costs_no_body(rig: Rig, index: FaultyIndex, url: str) -> None:
    """Where the range is ignored the answer says so and is not read."""
    index.script(PATH, [IgnoreRange()])
    answer = read(rig, url, byte_range=(0, 10))
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", str(len(PAGE)))


def test_absent_is_an_answer(rig: Rig, index: FaultyIndex) -> None:
    """404 and 410 come back, other statuses where the caller wants them."""
    for status, options in ((404, {}), (410, {}), (403, {"absent": frozenset({403})})):
        index.script("/x", [Status(status)])
        answer = read(rig, index.url_of("/x"), **options)
        assert (answer.status, answer.body) == (status, b"")
    assert {end.outcome for end in rig.finished} == {Outcome.DONE}


def test_trouble_is_survived(rig: Rig, index: FaultyIndex, url: str) -> None:
    """A page is read again from its start until it is whole."""
    index.script(PATH, [Status(502), Reset(1000), EarlyClose(2000), NeverAnswer(), Ok()])
    assert read(rig, url).body == PAGE
    assert rig.causes == ["HTTP 502", "connection reset", "body ended early", "stall"]
    [end] = rig.finished
    assert (end.received, end.transferred) == (len(PAGE), len(PAGE) + 3000)
    attempts = [event.attempt for event in rig.events if isinstance(event, RetryScheduled)]
    assert attempts == [1, 2, 3, 4]


def test_what_does_not_change_is_tried_once(rig: Rig, index: FaultyIndex) -> None:
    """A refusal comes back as one exhausted attempt."""
    index.script("/x", [Status(401)])
    error = failing(rig, index.url_of("/x"))
    assert isinstance(error.last, Refused)
    assert (len(error.attempts), error.kept, error.exit_code) == (1, 0, 69)
    assert rig.finished[0].outcome is Outcome.FAILED


def test_a_page_has_a_deadline_over_all_tries(tmp_path: Path, index: FaultyIndex, url: str) -> None:
    """Neither silence nor a drip takes longer than the deadline."""
    rig = Rig(tmp_path, quick(page_deadline_s=0.7, min_speed=100_000))
    index.script(PATH, [NeverAnswer()])
    assert isinstance(failing(rig, url).last, Stalled)
    index.script(PATH, [Drip(20_000)])
    assert isinstance(failing(rig, url).last, TooSlow)


def test_a_page_that_comes_fast_enough_is_awaited(tmp_path: Path, index: FaultyIndex, url: str) -> None:
    """The deadline does not run while bytes come at the lowest speed or above."""
    rig = Rig(tmp_path, quick(page_deadline_s=0.7, min_speed=10_000))
    index.script(PATH, [Drip(20_000)])
    assert read(rig, url).body == PAGE


def test_a_page_without_end_is_cut_off(rig: Rig, url: str) -> None:
    """More than the limit is not kept in memory."""
    error = failing(rig, url, limit=1000)
    assert isinstance(error.last, BadContent)
    assert str(error.last) == "longer than 1000 bytes"


def test_pages_may_be_compressed(rig: Rig) -> None:
    """Compression is asked for and decoded; the network's bytes are counted."""
    body = gzip.compress(PAGE)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with answering(head + body) as port:
        answer = read(rig, f"http://127.0.0.1:{port}/", accept="text/html")
    assert answer.body == PAGE
    assert rig.finished[0].transferred == len(body)


def test_what_did_not_change_is_not_sent_again(rig: Rig, index: FaultyIndex, url: str) -> None:
    """A second run asks about it (304), a third gets the new one; a part is nothing that is kept."""
    first, second = read(rig, url), read(rig, url)
    assert (second.status, second.url, second.body) == (200, first.url, first.body)
    assert second.headers["content-type"] == "text/html"
    index.put(PATH, b"new", "text/html")
    assert read(rig, url).body == b"new"
    assert read(rig, url, byte_range=(0, 2)).body == b"ne"
    statuses = [request.status for request in index.requests_for(PATH)]
    assert statuses == [200, 304, 200, 206]
    assert [end.transferred for end in rig.finished] == [len(PAGE), 0, 3, 2]


def test_a_kept_page_that_is_no_good_is_read_anew(rig: Rig, index: FaultyIndex, url: str) -> None:
    """The try after it asks without conditions."""
    read(rig, url)
    seen = []

    async def check(answer: SmallAnswer) -> None:
        seen.append(answer.body)
        if len(seen) == 1:
            raise BadContent(url=redact(url), reason="not what it was")

    assert read(rig, url, check=check).body == PAGE
    assert [request.status for request in index.requests_for(PATH)] == [200, 304, 200]


def test_a_status_that_says_absent_says_so_of_a_kept_page(rig: Rig, index: FaultyIndex, url: str) -> None:
    """What is gone is gone."""
    read(rig, url)
    index.script(PATH, [Status(404)])
    assert read(rig, url).status == 404
