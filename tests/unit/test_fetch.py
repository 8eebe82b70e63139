"""Whole files through every kind of trouble, over real sockets."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import anyio
import pytest

from resilient_pip.cache.store import Store
from resilient_pip.disk.lock import try_lock
from resilient_pip.errors import (
    AttemptsExhausted,
    BadContent,
    DeadlineExceeded,
    Dropped,
    HashMismatch,
    Refused,
    ResilientPipError,
    ServerBusy,
    Stalled,
    StorageError,
    TooSlow,
    Unreachable,
)
from resilient_pip.events import Event, Noted, RetryScheduled, TransferAdvanced, TransferWaiting
from resilient_pip.fetch import Downloads, StoredFile
from resilient_pip.model import Outcome, RemoteFile, Terms
from tests.support.faults import (
    CaptivePortal,
    CutEvery,
    Drip,
    EarlyClose,
    Fault,
    HoldTail,
    IgnoreRange,
    NeverAnswer,
    NewEtag,
    Ok,
    RedirectTo,
    Reset,
    SlowHeaders,
    Stall,
    Status,
    Truncate,
    WrongBytes,
    WrongOffset,
)
from tests.support.faultserver import FaultyIndex
from tests.unit.transfers import CONTENT, PATH, Rig, answering, quick, ranges, remote, run

SHA256 = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """One run over a fresh cache."""
    return Rig(tmp_path / "cache")


@pytest.fixture
def url(index: FaultyIndex) -> str:
    """A file of 3 MB on the server."""
    return index.put(PATH, CONTENT)


def fetch(rig: Rig, file: RemoteFile, terms: Terms | None = None) -> StoredFile:
    """Fetch one file in a run of its own."""

    async def main() -> StoredFile:
        async with rig.downloads() as downloads:
            return await downloads.fetch(file, terms=terms)

    return run(main)


def failing(rig: Rig, file: RemoteFile, terms: Terms | None = None) -> ResilientPipError:
    """Fetch one file and return the error."""
    with pytest.raises(ResilientPipError) as caught:
        fetch(rig, file, terms)
    return caught.value


def exhausted(rig: Rig, file: RemoteFile, terms: Terms | None = None) -> AttemptsExhausted:
    """Fetch one file and return how its tries ended."""
    error = failing(rig, file, terms)
    assert isinstance(error, AttemptsExhausted)
    return error


def partials(rig: Rig) -> list[str]:
    """What lies in the folder of partial files."""
    folder = rig.cache / "partial"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_file_is_stored_under_its_hash(rig: Rig, url: str) -> None:
    """A fetched file is complete, named by its SHA-256, and nothing else is left."""
    stored = fetch(rig, remote(url))
    path = rig.cache / "files" / "sha256" / SHA256[:2] / SHA256
    assert stored == StoredFile(path=path, size=SIZE, sha256=SHA256, from_cache=False)
    assert path.read_bytes() == CONTENT
    assert partials(rig) == []
    [end] = rig.finished
    assert (end.outcome, end.received, end.transferred, end.from_cache) == (Outcome.DONE, SIZE, SIZE, False)


def test_the_cache_answers_the_next_run(rig: Rig, index: FaultyIndex, url: str) -> None:
    """A file whose hash is in the cache is not requested, and the events say so."""
    first = fetch(rig, remote(url))
    again = Rig(rig.cache)
    second = fetch(again, remote(url))
    assert second == StoredFile(path=first.path, size=SIZE, sha256=SHA256, from_cache=True)
    assert ranges(index) == [None]
    [end] = again.finished
    assert (end.outcome, end.received, end.transferred, end.from_cache) == (Outcome.DONE, SIZE, 0, True)


def test_a_damaged_file_in_the_cache_is_fetched_again(rig: Rig, index: FaultyIndex, url: str) -> None:
    """What the cache holds is checked once per run before it is used."""
    path = fetch(rig, remote(url)).path
    path.write_bytes(CONTENT[:-1] + b"?")
    assert fetch(Rig(rig.cache), remote(url)).from_cache is False
    assert path.read_bytes() == CONTENT
    assert len(ranges(index)) == 2


@pytest.mark.parametrize(
    ("story", "causes", "asked"),
    [
        pytest.param([Reset(1_000_000), Ok()], ["connection reset"], ["bytes=1000000-"], id="reset"),
        pytest.param([EarlyClose(900_000), Ok()], ["body ended early"], ["bytes=900000-"], id="cut"),
        pytest.param([Stall(700_000), Ok()], ["stall"], ["bytes=700000-"], id="stall"),
        pytest.param([NeverAnswer(), Ok()], ["stall"], [None], id="no answer"),
        pytest.param([SlowHeaders(1.0), SlowHeaders(0.7)], ["stall"], [None], id="slow first byte"),
        pytest.param([Status(503), Ok()], ["HTTP 503"], [None], id="503"),
        pytest.param([Status(404), Status(403), Ok()], ["HTTP 404", "HTTP 403"], [None, None], id="404, 403"),
        pytest.param([CaptivePortal(), Ok()], None, [None], id="captive portal"),
        pytest.param([WrongBytes(), Ok()], ["wrong hash"], [None], id="wrong bytes"),
        pytest.param([Truncate(1000), Ok()], None, [None], id="too short, says so"),
        pytest.param(
            [Reset(1_000_000), IgnoreRange()], ["connection reset"], ["bytes=1000000-"], id="no range"
        ),
        pytest.param(
            [Reset(1_000_000), NewEtag()], ["connection reset"], ["bytes=1000000-"], id="other etag"
        ),
        pytest.param(
            [Reset(1_000_000), WrongOffset(by=5), Ok()],
            ["connection reset", "206 from another byte than asked for"],
            ["bytes=1000000-", None],
            id="wrong offset",
        ),
    ],
)
def test_trouble_is_survived(
    tmp_path: Path, index: FaultyIndex, *, story: list[Fault], causes: list[str] | None, asked: list[str]
) -> None:
    """Whatever happens on the way, the right bytes arrive, resumed where that is right."""
    rig = Rig(tmp_path)
    url = index.put(PATH, CONTENT)
    index.script(PATH, story)
    assert fetch(rig, remote(url)).path.read_bytes() == CONTENT
    assert ranges(index) == [None, *asked]
    assert causes is None or rig.causes == causes
    assert rig.finished[0].outcome is Outcome.DONE


def test_a_link_that_drops_all_the_time_makes_progress(rig: Rig, index: FaultyIndex, url: str) -> None:
    """Tries are counted without progress only: 12 cuts with 3 tries allowed."""
    index.script(PATH, [CutEvery(250_000)])
    stored = fetch(rig, remote(url), Terms(limit_s=None, hard=False, tries=3))
    assert stored.path.read_bytes() == CONTENT
    assert ranges(index) == [None, *(f"bytes={start}-" for start in range(250_000, SIZE, 250_000))]
    assert {event.attempt for event in rig.events if isinstance(event, RetryScheduled)} == {0}


def test_if_range_carries_the_strong_etag(rig: Rig, index: FaultyIndex, url: str) -> None:
    """A resumed request says which version it wants the rest of."""
    index.script(PATH, [Reset(1_000_000), Ok()])
    fetch(rig, remote(url))
    assert [request.if_range for request in index.requests_for(PATH)] == [
        None,
        f'"{hashlib.sha256(CONTENT).hexdigest()[:16]}-0"',
    ]


def test_each_try_starts_from_the_original_url(rig: Rig, index: FaultyIndex, url: str) -> None:
    """Redirect targets expire: the redirect is followed anew for the rest."""
    index.script("/signed", [RedirectTo(url)])
    index.script(PATH, [Reset(1_000_000), Ok()])
    start = index.url_of("/signed")
    assert fetch(rig, remote(start)).path.read_bytes() == CONTENT
    assert [request.path for request in index.requests] == ["/signed", PATH, "/signed", PATH]


def test_a_server_that_never_recovers_is_named_with_its_tries(rig: Rig, index: FaultyIndex, url: str) -> None:
    """After the tries without progress the error tells what came, what is kept and why."""
    index.script(PATH, [Reset(1_000_000), Status(503)])
    error = exhausted(rig, remote(url), Terms(limit_s=None, hard=False, tries=3))
    assert isinstance(error.last, ServerBusy)
    assert (error.kept, error.expected, error.exit_code) == (1_000_000, SIZE, 75)
    assert [attempt.cause for attempt in error.attempts] == ["connection reset", *["HTTP 503"] * 3]
    assert rig.finished[0].outcome is Outcome.FAILED
    assert partials(rig) == [SHA256, f"{SHA256}.json"]


def test_the_next_run_resumes(rig: Rig, index: FaultyIndex, url: str) -> None:
    """What one run got, the next does not ask for again."""
    index.script(PATH, [Reset(2_000_000), Status(401), Ok()])
    assert isinstance(exhausted(rig, remote(url)).last, Refused)
    again = Rig(rig.cache)
    assert fetch(again, remote(url)).path.read_bytes() == CONTENT
    assert ranges(index)[-1] == "bytes=2000000-"
    assert again.finished[0].transferred == SIZE - 2_000_000


def test_a_complete_partial_needs_no_request(rig: Rig, index: FaultyIndex, url: str) -> None:
    """A run that died between the last byte and the rename left nothing to ask for."""
    (rig.cache / "partial").mkdir(parents=True)
    (rig.cache / "partial" / SHA256).write_bytes(CONTENT)
    assert fetch(rig, remote(url)).path.read_bytes() == CONTENT
    assert index.requests == []


def test_a_damaged_partial_costs_one_fresh_download(rig: Rig, index: FaultyIndex, url: str) -> None:
    """A resumed file with the wrong hash is thrown away and fetched from byte 0."""
    (rig.cache / "partial").mkdir(parents=True)
    (rig.cache / "partial" / SHA256).write_bytes(b"?" * 1_000_000)
    assert fetch(rig, remote(url)).path.read_bytes() == CONTENT
    assert ranges(index) == ["bytes=1000000-", None]


def test_a_partial_longer_than_the_file_is_dropped(rig: Rig, index: FaultyIndex, url: str) -> None:
    """Nothing is appended to what cannot be the file."""
    (rig.cache / "partial").mkdir(parents=True)
    (rig.cache / "partial" / SHA256).write_bytes(CONTENT + b"more")
    assert fetch(rig, remote(url)).path.read_bytes() == CONTENT
    assert ranges(index) == [None]


def test_416_drops_the_partial(rig: Rig, index: FaultyIndex, url: str) -> None:
    """Where the size is unknown the server tells that too much is there."""
    (rig.cache / "partial").mkdir(parents=True)
    (rig.cache / "partial" / SHA256).write_bytes(CONTENT + b"more")
    file = remote(url, None, hashes={"sha256": SHA256})
    assert fetch(rig, file).path.read_bytes() == CONTENT
    assert ranges(index) == [f"bytes={SIZE + 4}-", None]
    assert rig.causes == ["HTTP 416: no such range, starting over"]


def test_a_wrong_file_is_fetched_twice_and_then_refused(rig: Rig, index: FaultyIndex, url: str) -> None:
    """A second complete file with the wrong hash ends it, and nothing of it stays."""
    index.script(PATH, [WrongBytes()])
    error = failing(rig, remote(url))
    assert isinstance(error, HashMismatch)
    assert (error.algorithm, error.expected, error.exit_code) == ("sha256", SHA256, 65)
    assert ranges(index) == [None, None]
    assert partials(rig) == []
    assert rig.finished[0].outcome is Outcome.FAILED


def test_every_given_hash_is_checked(rig: Rig, url: str) -> None:
    """A file has to meet all hashes that are given of it; unknown algorithms are passed over."""
    hashes = {"sha256": SHA256, "md5": hashlib.md5(CONTENT, usedforsecurity=False).hexdigest(), "new": "1"}
    assert fetch(rig, remote(url, hashes=hashes)).sha256 == SHA256
    error = failing(Rig(rig.cache / "other"), remote(url, hashes={**hashes, "md5": "0" * 32}))
    assert isinstance(error, HashMismatch)
    assert error.algorithm == "md5"


def test_too_many_bytes_are_refused(rig: Rig, index: FaultyIndex) -> None:
    """A server that sends another file than the index lists gets three tries."""
    url = index.put(PATH, CONTENT + b"more")
    error = exhausted(rig, remote(url))
    assert isinstance(error.last, BadContent)
    assert len(error.attempts) == 3


@pytest.mark.parametrize(
    ("size", "causes"),
    [
        pytest.param(3, ["more bytes than announced"] * 2, id="too many"),
        pytest.param(9, ["body ended early"] * 2, id="too few"),
    ],
)
def test_a_body_without_length_has_to_be_as_long_as_the_index_says(
    rig: Rig, size: int, causes: list[str]
) -> None:
    """Where the connection's end is the body's end, the index's size tells whether it came whole."""
    with answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello") as port:
        file = remote(f"http://127.0.0.1:{port}/x-1.tar.gz", None, size=size)
        exhausted(rig, file, Terms(limit_s=None, hard=False, tries=3))
    assert rig.causes[:2] == causes


def test_a_body_of_unknown_length_is_taken_by_its_hash(rig: Rig) -> None:
    """Neither index nor server tell the size; the hash does."""
    with answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello") as port:
        file = remote(f"http://127.0.0.1:{port}/x-1.tar.gz", b"hello")
        unsized = remote(file.url, None, hashes=file.hashes)
        assert fetch(rig, unsized).size == 5


def test_captive_portal_is_told(rig: Rig, index: FaultyIndex, url: str) -> None:
    """A login page instead of the file reads like one."""
    index.script(PATH, [CaptivePortal()])
    error = exhausted(rig, remote(url))
    assert str(error.last) == "a web page (of a login or proxy?) of 60 B instead of 3.0 MB"


def test_retry_after_is_obeyed_and_told(rig: Rig, index: FaultyIndex, url: str) -> None:
    """The wait that the server asks for is in the event."""
    index.script(PATH, [Status(503, retry_after=1), Ok()])
    fetch(rig, remote(url))
    [event] = [event for event in rig.events if isinstance(event, RetryScheduled)]
    assert event.wait_s == pytest.approx(1.0, abs=0.2)
    assert (event.cause, event.attempt, event.attempts) == ("HTTP 503", 1, 8)
    first, second = index.requests_for(PATH)
    assert second.at_s - first.at_s >= 1.0


def test_a_retry_after_beyond_the_cap_ends_it(rig: Rig, index: FaultyIndex, url: str) -> None:
    """A server that asks for an hour is not waited for."""
    index.script(PATH, [Status(429, retry_after=3600)])
    assert len(exhausted(rig, remote(url)).attempts) == 1


def test_a_dead_host_fails_quickly_for_further_files(rig: Rig) -> None:
    """One file finds out with all its tries that the host refuses; the next ones try once."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{unused.getsockname()[1]}"

    async def main() -> list[AttemptsExhausted]:
        errors = []
        async with rig.downloads() as downloads:
            for name in ("a-1.tar.gz", "b-1.tar.gz"):
                with pytest.raises(AttemptsExhausted) as caught:
                    await downloads.fetch(remote(f"{host}/{name}"))
                errors.append(caught.value)
        return errors

    errors = run(main)
    assert [len(error.attempts) for error in errors] == [8, 1]
    assert [(error.exit_code, error.last.code) for error in errors] == [(69, "unreachable")] * 2
    assert isinstance(errors[0].last, Unreachable)
    assert errors[0].last.kind == "refused"


def test_silence_is_bounded_over_all_tries(tmp_path: Path, index: FaultyIndex, url: str) -> None:
    """A file without a single byte for long is given up, whatever tries are left."""
    rig = Rig(tmp_path, quick(file_silence_s=0.6, tries=1000))
    index.script(PATH, [NeverAnswer()])
    error = exhausted(rig, remote(url))
    assert isinstance(error.last, Stalled)
    assert len(error.attempts) <= 3


def test_a_hard_limit_ends_what_flows(tmp_path: Path, index: FaultyIndex, url: str) -> None:
    """The user's own time-out counts even while bytes come; they are kept."""
    rig = Rig(tmp_path)
    index.script(PATH, [Drip(1_000_000)])
    error = failing(rig, remote(url), Terms(limit_s=0.5, hard=True, tries=8))
    assert isinstance(error, DeadlineExceeded)
    assert (error.scope, error.limit_s, error.exit_code) == ("demo-1.0.tar.gz", 0.5, 124)
    assert 0 < error.kept < SIZE
    assert (tmp_path / "partial" / SHA256).stat().st_size == error.kept
    assert rig.finished[0].outcome is Outcome.FAILED


def test_a_soft_limit_only_warns_while_bytes_come(tmp_path: Path, index: FaultyIndex, url: str) -> None:
    """Past its time a transfer above the floor goes on, and that is said once."""
    rig = Rig(tmp_path, quick(stall_timeout_s=0.3))
    index.script(PATH, [Drip(2_000_000)])
    fetch(rig, remote(url), Terms(limit_s=0.2, hard=False, tries=8))
    [note] = [event.message for event in rig.events if isinstance(event, Noted)]
    assert note.startswith("demo-1.0.tar.gz takes longer than 0.2 s; at ")


def test_a_soft_limit_ends_what_is_below_the_floor(tmp_path: Path, index: FaultyIndex, url: str) -> None:
    """Past its time a transfer below the floor is given up at once."""
    rig = Rig(tmp_path, quick(min_speed=100_000))
    index.script(PATH, [Drip(10_000)])
    error = exhausted(rig, remote(url), Terms(limit_s=0.1, hard=False, tries=8))
    assert isinstance(error.last, TooSlow)
    assert len(error.attempts) == 1


def test_below_the_floor_the_connection_is_tried_afresh(tmp_path: Path, index: FaultyIndex, url: str) -> None:
    """A slow connection is replaced where the file can be resumed."""
    rig = Rig(tmp_path, quick(min_speed=100_000))
    index.script(PATH, [Drip(10_000), Ok()])
    assert fetch(rig, remote(url)).path.read_bytes() == CONTENT
    assert rig.causes == ["too-slow"]
    assert str(ranges(index)[1]).startswith("bytes=")


def test_below_the_floor_it_goes_on_where_nothing_can_be_resumed(tmp_path: Path) -> None:
    """Without ranges a new connection would lose everything."""
    rig = Rig(tmp_path, quick(min_speed=10**9))
    with FaultyIndex(ranges=False) as index:
        url = index.put(PATH, CONTENT)
        index.script(PATH, [Drip(3_000_000)])
        fetch(rig, remote(url))
        assert ranges(index) == [None]


def test_the_tail_may_take_longer(tmp_path: Path, index: FaultyIndex, url: str) -> None:
    """A scanning proxy that holds the end of a file back is waited for."""
    rig = Rig(tmp_path, quick(stall_timeout_s=0.2, tail_timeout_s=5.0))
    index.script(PATH, [HoldTail(seconds=0.6, size=100_000)])
    assert fetch(rig, remote(url)).path.read_bytes() == CONTENT
    assert rig.causes == []


def test_progress_is_told_a_few_times_a_second(tmp_path: Path, index: FaultyIndex, url: str) -> None:
    """However fast chunks come, events do not."""
    rig = Rig(tmp_path)
    index.script(PATH, [Drip(3_000_000)])
    fetch(rig, remote(url))
    advanced = [event for event in rig.events if isinstance(event, TransferAdvanced)]
    assert 1 <= len(advanced) <= 6
    assert [event.received for event in advanced] == sorted(event.received for event in advanced)
    assert {event.expected for event in advanced} == {SIZE}
    assert rig.reasons == ["first byte"]


# --- files that no index gives a hash of ---


def test_without_a_hash_the_server_is_asked_whether_it_changed(rig: Rig) -> None:
    """A remembered file is used again after a 304 only."""
    seen: list[dict[str, str]] = []

    async def get(port: int, rig: Rig) -> StoredFile:
        async with rig.downloads() as downloads:
            return await downloads.fetch(remote(f"http://127.0.0.1:{port}/x-1.tar.gz", None))

    async def serve() -> tuple[StoredFile, StoredFile]:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
        port: int = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - no Django
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, _conditional_server(seen))
            first = await get(port, rig)
            second = await get(port, Rig(rig.cache))
            tasks.cancel_scope.cancel()
        return first, second

    first, second = run(serve)
    assert (first.from_cache, second.from_cache, second.path) == (False, True, first.path)
    assert [headers.get("if-none-match") for headers in seen] == [None, 'W/"1"']


def _conditional_server(seen: list[dict[str, str]]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - anyio's handler type
    async def answer(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            request = b""
            while b"\r\n\r\n" not in request:
                request += await stream.receive()
            lines = request.decode().split("\r\n")[1:-2]
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            seen.append(headers)
            if headers.get("if-none-match") == 'W/"1"':
                await stream.send(b'HTTP/1.1 304 Not Modified\r\nETag: W/"1"\r\n\r\n')
            else:
                head = b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: W/"1"\r\nConnection: close\r\n\r\n'
                await stream.send(head + b"hello")

    return answer


def test_without_a_hash_a_wheel_has_to_be_a_zip(rig: Rig, index: FaultyIndex) -> None:
    """Nothing else tells a truncated or foreign file from a wheel."""
    url = index.put("/demo-1.0-py3-none-any.whl", b"no wheel")
    error = exhausted(rig, remote(url, None))
    assert str(error.last) == "not a wheel: no zip archive"


def test_without_a_hash_a_beginning_counts_with_its_validator_only(rig: Rig, index: FaultyIndex) -> None:
    """An ETag carries the beginning into the next run; a beginning of unknown origin is dropped."""
    url = index.put(PATH, CONTENT)
    index.script(PATH, [Reset(1_000_000), Status(401), Ok()])
    assert exhausted(rig, remote(url, None)).kept == 1_000_000
    [sidecar] = (rig.cache / "partial").glob("*.json")
    assert fetch(Rig(rig.cache), remote(url, None)).sha256 == SHA256
    assert ranges(index)[-1] == "bytes=1000000-"
    (rig.cache / "partial" / sidecar.name.removesuffix(".json")).write_bytes(b"?" * 10)
    index.script(PATH, [Ok()])
    assert fetch(Rig(rig.cache), remote(url, None)).sha256 == SHA256
    assert ranges(index)[-1] is None


# --- files on this machine ---


def test_a_local_file_is_checked_where_it_is(rig: Rig, tmp_path: Path) -> None:
    """file:// URLs are not copied."""
    path = tmp_path / "demo 1.tar.gz"
    path.write_bytes(CONTENT)
    stored = fetch(rig, remote(path.as_uri()))
    assert stored == StoredFile(path=path, size=SIZE, sha256=SHA256, from_cache=True)
    assert [(end.outcome, end.transferred) for end in rig.finished] == [(Outcome.DONE, 0)]


def test_a_wrong_or_missing_local_file_is_named(rig: Rig, tmp_path: Path) -> None:
    """Local files fail with the same errors as remote ones."""
    path = tmp_path / "demo-1.tar.gz"
    missing = exhausted(rig, remote(path.as_uri()))
    path.write_bytes(b"other")
    wrong = failing(rig, remote(path.as_uri()))
    unreadable = exhausted(rig, remote(tmp_path.as_uri()))
    assert isinstance(missing.last, Refused)
    assert isinstance(wrong, HashMismatch)
    assert isinstance(unreadable.last, BadContent)
    assert [end.outcome for end in rig.finished] == [Outcome.FAILED] * 3


# --- several at once ---


def test_one_transfer_however_many_ask(rig: Rig, index: FaultyIndex, url: str) -> None:
    """Callers that want the same file share one request."""
    results: list[StoredFile] = []

    async def main() -> None:
        async with rig.downloads() as downloads, anyio.create_task_group() as tasks:

            async def one() -> None:
                results.append(await downloads.fetch(remote(url)))

            for _ in range(5):
                tasks.start_soon(one)

    run(main)
    assert len(set(results)) == 1
    assert len(results) == 5
    assert ranges(index) == [None]
    assert len(rig.finished) == 1


def test_a_cancelled_leader_is_followed_by_the_next(rig: Rig, index: FaultyIndex, url: str) -> None:
    """If the caller that led the transfer goes, another resumes it."""
    index.script(PATH, [Stall(1_000_000), Ok()])
    slow = Rig(rig.cache, quick(stall_timeout_s=20.0), events=rig.events)

    async def main() -> StoredFile:
        async with slow.downloads() as downloads, anyio.create_task_group() as tasks:
            leader = anyio.CancelScope()

            async def lead() -> None:
                with leader:
                    await downloads.fetch(remote(url))

            tasks.start_soon(lead)
            await anyio.to_thread.run_sync(index.wait_until, lambda seen: seen.sent(PATH) == 1_000_000)
            async with downloads.follow(remote(url)) as following:
                got = b"".join([chunk async for chunk in following.read(0, 900_000)])
                leader.cancel()
                stored = await downloads.fetch(remote(url))
        assert got == CONTENT[:900_000]
        return stored

    assert run(main).path.read_bytes() == CONTENT
    assert [end.outcome for end in rig.finished] == [Outcome.CANCELLED, Outcome.DONE]
    assert ranges(index) == [None, "bytes=1000000-"]


def test_an_urgent_file_goes_before_those_that_wait(tmp_path: Path, index: FaultyIndex) -> None:
    """Within the host's limit files come in the order asked for, but what a child waits for comes next."""
    rig = Rig(tmp_path, quick(parallel_per_host=1, stall_timeout_s=20.0, tail_timeout_s=20.0))
    urls = [index.put(f"/{name}.tar.gz", name.encode() * 1000) for name in "abcd"]
    first, *others = [remote(url, name.encode() * 1000) for url, name in zip(urls, "abcd", strict=True)]
    index.bytes_per_second = 10**9

    async def main() -> None:
        async with rig.downloads() as downloads, anyio.create_task_group() as tasks:
            with index.link:  # nothing is sent until the others stand in the queue
                tasks.start_soon(downloads.fetch, first)
                await anyio.to_thread.run_sync(index.wait_until, lambda seen: bool(seen.requests))
                for file in others:
                    tasks.start_soon(downloads.fetch, file)
                tasks.start_soon(partial(downloads.fetch, others[-1], urgent=True))
                while len(downloads._slots._waiting) < len(others):  # noqa: ASYNC110 - nothing tells of it
                    await anyio.sleep(0.01)

    run(main)
    assert [request.path for request in index.requests] == [f"/{name}.tar.gz" for name in "adbc"]


def test_who_asks_again_after_a_failure_gets_new_tries(rig: Rig, index: FaultyIndex, url: str) -> None:
    """A failure is not remembered for ever."""
    index.script(PATH, [Status(401), Ok()])

    async def main() -> StoredFile:
        async with rig.downloads() as downloads:
            with pytest.raises(AttemptsExhausted):
                await downloads.fetch(remote(url))
            return await downloads.fetch(remote(url))

    assert run(main).sha256 == SHA256


# --- reading along ---


async def _collect(downloads: Downloads, file: RemoteFile, start: int, end: int | None) -> bytes:
    async with downloads.follow(file) as following:
        return b"".join([chunk async for chunk in following.read(start, end)])


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(0, None, id="all"),
        pytest.param(1_000_000, None, id="rest"),
        pytest.param(10, 20, id="piece"),
        pytest.param(SIZE - 10, SIZE, id="end"),
        pytest.param(SIZE, None, id="nothing"),
    ],
)
def test_a_growing_file_is_read_along(
    rig: Rig, index: FaultyIndex, url: str, start: int, end: int | None
) -> None:
    """Readers get exactly the bytes they ask for, over a connection that breaks."""
    index.script(PATH, [CutEvery(700_000)])

    async def main() -> tuple[int, bytes, bytes]:
        async with rig.downloads() as downloads:
            async with downloads.follow(remote(url, None, hashes={"sha256": SHA256})) as following:
                size = await following.size()
            growing = await _collect(downloads, remote(url), start, end)
            return size, growing, await _collect(downloads, remote(url), start, end)

    expected = CONTENT[start:end]
    assert run(main) == (SIZE, expected, expected)


def test_the_last_bytes_are_held_back_until_the_hash_is_right(rig: Rig, index: FaultyIndex, url: str) -> None:
    """Nobody ever holds a complete wrong file: what was read of it ends in an error."""
    index.script(PATH, [WrongBytes()])
    got = bytearray()

    async def main() -> None:
        async with rig.downloads() as downloads, downloads.follow(remote(url)) as following:
            async for chunk in following.read(0, None):
                got.extend(chunk)

    with pytest.raises((Dropped, HashMismatch)):
        run(main)
    assert len(got) <= SIZE - 64 * 1024


def test_a_failed_transfer_fails_its_readers(rig: Rig, index: FaultyIndex, url: str) -> None:
    """Readers get the error of the transfer, as it is, also while they wait for the size."""
    index.script(PATH, [Status(401)])

    async def main() -> None:
        async with rig.downloads() as downloads:
            file = remote(url, None, hashes={"sha256": SHA256})
            with pytest.raises(AttemptsExhausted):
                async with downloads.follow(file) as following:
                    await following.size()
            with pytest.raises(AttemptsExhausted):
                await _collect(downloads, file, 0, None)

    run(main)


def test_a_reader_of_a_file_that_changes_is_stopped(rig: Rig, index: FaultyIndex, url: str) -> None:
    """Bytes of two versions are never mixed: who has some of the first gets an error."""
    index.script(PATH, [Stall(1_000_000), Ok()])

    async def main() -> None:
        async with rig.downloads() as downloads, downloads.follow(remote(url, None)) as following:
            async for _ in following.read(0, None):
                index.put(PATH, CONTENT[::-1])

    with pytest.raises(Dropped) as caught:
        run(main)
    assert caught.value.reason == "the file changed while it was read"


def test_a_reader_of_a_file_that_was_begun_again_goes_on(rig: Rig, index: FaultyIndex, url: str) -> None:
    """Where the complete file begins with what a reader has, it gets the rest."""
    index.script(PATH, [Stall(1_000_000), NewEtag()])

    async def main() -> bytes:
        async with rig.downloads() as downloads:
            return await _collect(downloads, remote(url, None), 0, None)

    assert run(main) == CONTENT
    assert ranges(index) == [None, "bytes=1000000-"]


def test_errors_of_the_reader_pass_as_they_are(rig: Rig, url: str) -> None:
    """Following wraps nothing into exception groups."""

    async def main() -> None:
        async with rig.downloads() as downloads, downloads.follow(remote(url)):
            raise KeyError("mine")

    with pytest.raises(KeyError):
        run(main)


# --- several processes ---

_CHILD = """
import sys
from pathlib import Path
from tests.unit.test_fetch import fetch
from tests.unit.transfers import Rig, quick, remote
fetch(Rig(Path(sys.argv[1]), quick(stall_timeout_s=60.0, tail_timeout_s=60.0)), remote(sys.argv[2]))
"""


def _start_child(cache: Path, url: str) -> subprocess.Popen[bytes]:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen([sys.executable, "-c", _CHILD, str(cache), url], env=environ)


def _size_of_partial(cache: Path) -> int:
    path = cache / "partial" / SHA256
    return path.stat().st_size if path.exists() else 0


async def _until_partial_has(cache: Path, size: int) -> None:
    while _size_of_partial(cache) < size:  # noqa: ASYNC110 - another process tells by the file only
        await anyio.sleep(0.02)


def test_a_killed_run_is_resumed(rig: Rig, index: FaultyIndex, url: str) -> None:
    """SIGKILL loses nothing that was on disk."""
    index.script(PATH, [Stall(1_300_000), Ok()])
    with _start_child(rig.cache, url) as child:
        try:
            run(lambda: _until_partial_has(rig.cache, 1_300_000))
        finally:
            child.send_signal(signal.SIGKILL)
    assert fetch(rig, remote(url)).path.read_bytes() == CONTENT
    assert ranges(index) == [None, "bytes=1300000-"]
    assert partials(rig) == []


def test_two_runs_share_one_download(rig: Rig, index: FaultyIndex, url: str) -> None:
    """The second run waits for the first, says so, and uses what it got."""
    index.script(PATH, [Drip(2_000_000)])
    with _start_child(rig.cache, url) as child:
        run(lambda: _until_partial_has(rig.cache, 1))
        stored = fetch(rig, remote(url))
        assert child.wait(20) == 0
    assert stored.path.read_bytes() == CONTENT
    assert stored.from_cache is True
    assert ranges(index) == [None]
    assert rig.reasons[0].startswith("another run downloads it, at ")


def test_the_partial_of_a_run_that_dies_is_taken_over(rig: Rig, index: FaultyIndex, url: str) -> None:
    """Its lock ends with it; who waited goes on where it was."""
    index.script(PATH, [Stall(1_300_000), Ok()])

    async def main() -> StoredFile:
        waits = anyio.Event()

        def emit(event: Event) -> None:
            rig.events.append(event)
            if isinstance(event, TransferWaiting):
                waits.set()

        with _start_child(rig.cache, url) as child:
            await _until_partial_has(rig.cache, 1_300_000)
            async with rig.client() as client:
                store = Store(rig.cache)
                downloads = Downloads(client=client, store=store, settings=rig.settings, emit=emit)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(downloads.fetch, remote(url))
                    await waits.wait()
                    child.kill()
                return await downloads.fetch(remote(url))

    assert run(main).path.read_bytes() == CONTENT
    told = list(dict.fromkeys(rig.reasons))  # how often depends on the machine
    assert told == ["another run downloads it, at 1.3 MB of 3.0 MB (43 %)", "first byte"]
    assert ranges(index) == [None, "bytes=1300000-"]


def test_a_run_that_does_not_get_on_is_not_waited_for(tmp_path: Path, index: FaultyIndex, url: str) -> None:
    """A lock that is held without progress is passed by with a private partial, which leaves nothing."""
    rig = Rig(tmp_path, quick(file_silence_s=0.5))
    (tmp_path / "partial").mkdir()
    lock = try_lock(tmp_path / "partial" / f"{SHA256}.lock")
    assert lock is not None
    try:
        assert fetch(rig, remote(url)).path.read_bytes() == CONTENT
    finally:
        lock.release()
    assert partials(rig) == []
    assert ranges(index) == [None]


def test_a_cache_that_cannot_be_written_to_is_named(tmp_path: Path, url: str) -> None:
    """A file in the way of the folder is an error with its path, not a traceback."""
    (tmp_path / "cache").write_text("no folder")
    rig = Rig(tmp_path / "cache")
    error = failing(rig, remote(url))
    assert isinstance(error, StorageError)
    assert str(error).startswith(f"cannot write {tmp_path / 'cache' / 'partial'}")
    assert rig.finished == []  # it was not begun


def test_a_temporary_store_keeps_nothing_for_later(tmp_path: Path, index: FaultyIndex, url: str) -> None:
    """Without a cache no bytes are promised to the next run."""
    rig = Rig(tmp_path)
    index.script(PATH, [Reset(1_000_000), Status(401)])

    async def main() -> AttemptsExhausted:
        async with rig.client() as client:
            store = Store.temporary(tmp_path)
            downloads = Downloads(client=client, store=store, settings=rig.settings, emit=rig.events.append)
            with pytest.raises(AttemptsExhausted) as caught:
                await downloads.fetch(remote(url))
            return caught.value

    assert run(main).kept == 0


def test_a_file_that_was_removed_comes_again(tmp_path: Path, index: FaultyIndex, url: str) -> None:
    """A file goes once its group is installed; who asks for it then gets it nevertheless."""
    rig = Rig(tmp_path)

    async def main() -> bytes:
        async with rig.client() as client:
            store = Store.temporary(tmp_path)
            downloads = Downloads(client=client, store=store, settings=rig.settings, emit=rig.events.append)
            (await downloads.fetch(remote(url))).path.unlink()
            return (await downloads.fetch(remote(url))).path.read_bytes()

    assert run(main) == CONTENT
    assert ranges(index) == [None, None]
