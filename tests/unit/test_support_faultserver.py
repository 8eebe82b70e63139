"""The fault server does what its scripts say: the end-to-end tests rest on it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.faults import (
    CaptivePortal,
    Chunked,
    CutEvery,
    Drip,
    EarlyClose,
    Fault,
    GarbagePage,
    Hold,
    HoldTail,
    IgnoreRange,
    NeverAnswer,
    NewEtag,
    Ok,
    RedirectLoop,
    RedirectTo,
    Reset,
    SlowHeaders,
    Stall,
    Status,
    Truncate,
    UntilClose,
    WrongBytes,
    WrongOffset,
)
from tests.support.faultserver import FaultyIndex
from tests.support.pages import JSON_TYPE, Shape
from tests.support.recording import useful_bytes
from tests.support.wheels import Distribution, make_wheel
from tests.unit.asking import get

WHEEL = make_wheel("torch", "1.0", size=100_000, requires_python=">=3.8")


@pytest.fixture
def torch(index: FaultyIndex) -> Distribution:
    """One wheel on the index."""
    return index.add(WHEEL)


@pytest.mark.parametrize(
    ("fault", "length", "broken"),
    [
        pytest.param(Stall(after=70_000), 70_000, "TimeoutError", id="stall"),
        pytest.param(Reset(after=90_000), 90_000, "ConnectionResetError", id="reset"),
        pytest.param(EarlyClose(after=50_000), 50_000, "ended early", id="early-close"),
        pytest.param(CutEvery(30_000), 30_000, "ConnectionResetError", id="cut"),
        pytest.param(Truncate(after=60_000), 60_000, None, id="truncate"),
        pytest.param(HoldTail(seconds=0.05, size=1000), len(WHEEL.content), None, id="hold-tail"),
        pytest.param(Drip(2_000_000), len(WHEEL.content), None, id="drip"),
        pytest.param(SlowHeaders(0.05), len(WHEEL.content), None, id="slow-headers"),
    ],
)
def test_a_body_ends_where_and_how_the_script_says(
    index: FaultyIndex, torch: Distribution, fault: Fault, length: int, broken: str | None
) -> None:
    """Exactly the bytes before the fault arrive, they are counted, and the end looks as named."""
    index.script(torch.path, [fault, Ok()])
    reply = get(index, torch.path, timeout_s=0.3)
    assert (reply.status, reply.body, reply.broken) == (200, torch.content[:length], broken)
    assert index.sent(torch.path) == length
    assert get(index, torch.path).body == torch.content


def test_a_held_body_goes_on_when_it_is_let_go(index: FaultyIndex, torch: Distribution) -> None:
    """Nothing but the bytes before is sent until then, and the rest after."""
    let_go = threading.Event()
    index.script(torch.path, [Hold(after=70_000, until=let_go)])
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(get, index, torch.path)
        index.wait_until(lambda seen: seen.sent(torch.path) == 70_000)
        let_go.set()
        assert reply.result().body == torch.content


def test_offsets_of_faults_count_from_the_start_of_the_file(index: FaultyIndex, torch: Distribution) -> None:
    """A resumed try comes as far as its fault says, whatever it started from."""
    index.script(torch.path, [EarlyClose(after=70_000)])
    first = get(index, torch.path)
    rest = get(index, torch.path, {"Range": "bytes=40000-", "If-Range": first.headers["ETag"]})
    assert (rest.status, rest.body) == (206, torch.content[40_000:70_000])
    asked = [(seen.range, seen.if_range, seen.status, seen.sent) for seen in index.requests]
    assert asked == [
        (None, None, 200, 70_000),
        ("bytes=40000-", first.headers["ETag"], 206, 30_000),
    ]


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        pytest.param("bytes=0-9", 0, 10, id="first-ten"),
        pytest.param("bytes=-10", WHEEL.size - 10, WHEEL.size, id="suffix"),
        pytest.param("bytes=90000-", 90_000, WHEEL.size, id="open"),
        pytest.param(f"bytes={WHEEL.size}-", 0, 0, id="past-the-end"),
    ],
)
def test_ranges(index: FaultyIndex, torch: Distribution, wanted: str, start: int, end: int) -> None:
    """Single byte ranges are answered as RFC 9110 says."""
    reply = get(index, torch.path, {"Range": wanted})
    status, given = (206, f"{start}-{end - 1}") if end else (416, "*")
    assert (reply.status, reply.body) == (status, torch.content[start:end])
    assert reply.headers["Content-Range"] == f"bytes {given}/{torch.size}"


def test_ways_to_disobey_a_range(index: FaultyIndex, torch: Distribution) -> None:
    """Range ignored, answered at another offset, and refused after the ETag changed."""
    etag = get(index, torch.path).headers["ETag"]
    resume = {"Range": "bytes=1000-", "If-Range": etag}
    index.script(torch.path, [IgnoreRange(), WrongOffset(by=500), NewEtag()])
    ignored, moved, changed = (get(index, torch.path, resume) for _ in range(3))
    assert (ignored.status, ignored.body) == (200, torch.content)
    assert (moved.status, moved.body) == (206, torch.content[1500:])
    assert moved.headers["Content-Range"] == f"bytes 1500-{torch.size - 1}/{torch.size}"
    assert (changed.status, changed.body) == (200, torch.content)
    assert changed.headers["ETag"] != etag


def test_a_server_without_ranges_sends_everything() -> None:
    """`ranges=False` knows no Range and does not claim to."""
    with FaultyIndex(ranges=False) as index:
        index.add(WHEEL)
        reply = get(index, WHEEL.path, {"Range": "bytes=5-"})
    assert (reply.status, reply.body, reply.headers.get("Accept-Ranges")) == (200, WHEEL.content, None)


def test_wrong_bytes_have_the_right_length(index: FaultyIndex, torch: Distribution) -> None:
    """Only the last byte differs."""
    index.script(torch.path, [WrongBytes()])
    body = get(index, torch.path).body
    assert (body[:-1], len(body), body == torch.content) == (torch.content[:-1], torch.size, False)


def test_answers_without_the_resource(index: FaultyIndex, torch: Distribution) -> None:
    """Statuses, redirects, portals and garbage come with their headers, in the order of the script."""
    index.script(
        torch.path,
        [Status(503, retry_after=1), Status(500), RedirectTo("http://else/"), CaptivePortal(), GarbagePage()],
    )
    replies = [get(index, torch.path) for _ in range(5)]
    assert [reply.status for reply in replies] == [503, 500, 302, 200, 200]
    assert replies[0].headers["Retry-After"] == "1"
    assert "Retry-After" not in replies[1].headers
    assert replies[2].headers["Location"] == "http://else/"
    assert replies[3].headers["Content-Type"] == "text/html"
    assert replies[4].headers["Content-Type"] == JSON_TYPE
    with pytest.raises(json.JSONDecodeError):
        json.loads(replies[4].body)


def test_never_answer_is_silent_and_stop_ends_it(torch: Distribution, index: FaultyIndex) -> None:
    """A held request times out at the client; stopping the server does not wait for it."""
    index.script(torch.path, [NeverAnswer()])
    link = http.client.HTTPConnection(index.host, timeout=5)
    link.request("GET", torch.path)
    index.wait_until(lambda seen: len(seen.requests) == 1)
    began_s = time.monotonic()
    index.stop()
    assert time.monotonic() - began_s < 2
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        link.getresponse()
    link.close()


def test_head_sends_no_body(index: FaultyIndex, torch: Distribution) -> None:
    """HEAD tells the length and sends nothing."""
    reply = get(index, torch.path, method="HEAD")
    assert (reply.status, reply.headers["Content-Length"], reply.body) == (200, str(torch.size), b"")
    assert index.sent() == 0


def test_credentials_are_asked_for_before_the_script_moves_on() -> None:
    """401 without them; the first request with them meets the first fault."""
    with FaultyIndex(credentials=("ann", "s3cret")) as index:
        index.add(WHEEL)
        index.script(WHEEL.path, [Status(503), Ok()])
        known = {"Authorization": "Basic YW5uOnMzY3JldA=="}
        statuses = [get(index, WHEEL.path, headers).status for headers in ({}, known, known)]
        assert statuses == [401, 503, 200]
        assert index.url_with_credentials == f"http://ann:s3cret@{index.host}/simple/"


def test_bandwidth_is_shared() -> None:
    """100 kB at 500 kB/s take a fifth of a second."""
    with FaultyIndex(bytes_per_second=500_000) as index:
        index.add(WHEEL)
        began_s = time.monotonic()
        get(index, WHEEL.path)
        assert 0.15 < time.monotonic() - began_s < 1.5


SHAPES = pytest.mark.parametrize(
    "shape",
    [
        pytest.param(Shape(), id="full"),
        pytest.param(Shape(sizes=False, hashes=False, metadata=False), id="bare"),
    ],
)


@SHAPES
def test_the_json_page(shape: Shape) -> None:
    """PEP 691 with what the shape admits; a metadata file is there exactly where it is advertised."""
    with FaultyIndex(shape) as index:
        index.add(WHEEL)
        reply = get(index, index.page_path("torch"), {"Accept": JSON_TYPE})
        metadata = get(index, f"{WHEEL.path}.metadata")
    file = json.loads(reply.body)["files"][0]
    assert reply.headers["Content-Type"] == JSON_TYPE
    assert file["url"] == "../../files/torch-1.0-py3-none-any.whl"
    assert file["hashes"] == ({"sha256": WHEEL.sha256} if shape.hashes else {})
    assert file.get("size") == (WHEEL.size if shape.sizes else None)
    assert ("core-metadata" in file) is shape.metadata
    assert metadata.status == (200 if shape.metadata else 404)


@SHAPES
def test_the_html_page(shape: Shape) -> None:
    """PEP 503 for a client that asks for nothing else."""
    with FaultyIndex(shape) as index:
        index.add(WHEEL)
        text = get(index, index.page_path("torch")).body.decode()
    assert ("#sha256=" in text) is shape.hashes
    assert ("data-core-metadata" in text) is shape.metadata
    assert 'data-requires-python="&gt;=3.8"' in text


def test_other_paths(index: FaultyIndex) -> None:
    """What was put is there, everything else is absent."""
    url = index.put("/requirements.txt", b"torch\n", "text/plain")
    assert url == f"http://{index.host}/requirements.txt"
    assert get(index, "/requirements.txt").body == b"torch\n"
    assert get(index, index.page_path("nothing")).status == 404


@pytest.mark.parametrize(
    ("fault", "length", "broken"),
    [
        pytest.param(Chunked(), len(WHEEL.content), None, id="chunked"),
        pytest.param(Chunked(after=50_000), 50_000, "IncompleteRead", id="chunked-cut"),
        pytest.param(UntilClose(), len(WHEEL.content), None, id="until-close"),
        pytest.param(UntilClose(after=50_000), 50_000, None, id="until-close-cut"),
    ],
)
def test_bodies_without_a_length(
    index: FaultyIndex, torch: Distribution, fault: Fault, length: int, broken: str | None
) -> None:
    """Chunks, or none and the end of the connection; a client can tell a cut of the former only."""
    index.script(torch.path, [fault])
    reply = get(index, torch.path)
    assert "Content-Length" not in reply.headers
    assert (reply.body, reply.broken) == (torch.content[:length], broken)
    assert index.sent(torch.path) == length


def test_faults_compose(index: FaultyIndex, torch: Distribution) -> None:
    """Late headers are followed by a fault of their own."""
    index.script(torch.path, [SlowHeaders(0.05, then=Status(503)), SlowHeaders(0.05, then=EarlyClose(10))])
    assert get(index, torch.path).status == 503
    assert get(index, torch.path).body == torch.content[:10]


def test_a_pattern_holds_for_each_path_apart(index: FaultyIndex, torch: Distribution) -> None:
    """Unless the path has a script of its own."""
    other = index.add(make_wheel("other", "1.0"))
    own = index.add(make_wheel("own", "1.0"))
    index.script("/files/*", [Status(503), Ok()])
    index.script(own.path, [Ok()])
    answers = [get(index, file.path).status for file in (torch, other, own, torch, other)]
    assert answers == [503, 503, 200, 200, 200]
    assert get(index, index.page_path("torch")).status == 200


def test_a_redirect_loop_leads_to_itself(index: FaultyIndex, torch: Distribution) -> None:
    """302 to the same path."""
    index.script(torch.path, [RedirectLoop()])
    reply = get(index, torch.path)
    assert (reply.status, reply.headers["Location"]) == (302, torch.path)


def test_useful_bytes_are_counted_once(index: FaultyIndex, torch: Distribution) -> None:
    """Each byte of each path, and nothing of what is no part of it."""
    index.script(torch.path, [EarlyClose(after=70_000), Ok(), CaptivePortal(), Ok()])
    for wanted in ("bytes=0-", "bytes=60000-", "bytes=0-", "bytes=5-9"):
        get(index, torch.path, {"Range": wanted})
    assert useful_bytes(index.requests) == torch.size
    assert (
        index.sent() - torch.size
        == 10_000 + len("<html><body>Please log in to use this network.</body></html>") + 5
    )
