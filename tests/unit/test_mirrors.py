"""Where else a file may be had: who is asked when, and what becomes of what a mirror sends."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from resilient_pip.cache.store import Store
from resilient_pip.errors import AttemptsExhausted, Endless, Unreachable
from resilient_pip.events import Event, Kind, Noted, RetryScheduled, Subject, TransferWaiting
from resilient_pip.fetch import Downloads, StoredFile
from resilient_pip.index.pages import ListedFile
from resilient_pip.mirrors import Mirrors, main_index, metadata_url
from resilient_pip.model import RemoteFile, SafeUrl, project_name
from resilient_pip.transport.hosts import Hosts
from resilient_pip.transport.places import Find, Places
from resilient_pip.transport.retry import Series
from resilient_pip.transport.small import SmallReader
from tests.support.faults import Fault, IgnoreRange, Ok, Reset, Stall, Status, WrongBytes, WrongOffset
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import make_wheel
from tests.unit.transfers import Rig, answering, quick, ranges, remote, run

WHEEL = make_wheel("demo", "1.0", size=3_000_000)
MAIN = SafeUrl("http://main.test/simple")
SLOW = 1000.0
"""Bytes a second that are too few where there is a mirror."""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """One run over a fresh cache."""
    return Rig(tmp_path / "cache")


@pytest.fixture
def index(index: FaultyIndex) -> FaultyIndex:
    """The index that says what the file is."""
    index.add(WHEEL)
    return index


@pytest.fixture
def mirror() -> Iterator[FaultyIndex]:
    """Another server with the same file."""
    with FaultyIndex() as running:
        running.add(WHEEL)
        yield running


# --- whose turn it is ---


def there(url: str) -> Find:
    """A mirror that has the file."""

    async def find() -> str | None:
        return url

    return find


async def _absent() -> str | None:
    return None


def turns(places: Places, count: int, *, leave: bool = False, enough: bool = False) -> list[str]:
    """The URLs of the next turns, up to the last."""

    async def main() -> list[str]:
        found = []
        for _ in range(count):
            if not await places.turn(leave=leave, enough=enough, afresh=False):
                break
            found.append(places.current.url)
        return found

    return run(main)


@pytest.mark.parametrize(
    ("mirrors", "leave", "enough", "expected"),
    [
        pytest.param([], False, False, ["own", "own"], id="alone"),
        pytest.param([], True, False, [], id="alone and left"),
        pytest.param([], False, True, [], id="alone and tried enough"),
        pytest.param([there("a"), there("b")], False, False, ["a", "b", "own", "a"], id="in turn"),
        pytest.param([there("a"), there("b")], True, False, ["a", "b"], id="each left"),
        pytest.param([there("a"), there("b")], False, True, ["a", "b"], id="each once at least"),
        pytest.param([_absent, there("b")], False, False, ["b", "own", "b"], id="one has it not"),
        pytest.param([_absent], True, False, [], id="none has it"),
    ],
)
def test_turns(mirrors: Sequence[Find], *, leave: bool, enough: bool, expected: list[str]) -> None:
    """The file's own place, then each mirror, then again; without those that are left or do not have it."""
    places = Places("own", mirrors)
    assert places.current.url == "own"
    count = 9 if leave or enough else len(expected)
    assert turns(places, count, leave=leave, enough=enough) == expected


@pytest.mark.parametrize(
    ("listed", "refusals", "expected"),
    [
        pytest.param(["new", "newer"], "rsrr", ["new", "mirror", "new", "newer"], id="each time it is new"),
        pytest.param([None], "rrr", ["mirror", "old", "mirror"], id="once where it is the old one"),
        pytest.param(["new", "new"], "rrs", ["new", "mirror", "new"], id="once where it is one that failed"),
        pytest.param([], "ss", ["mirror", "old"], id="not for another reason"),
    ],
)
def test_a_url_that_is_refused_is_looked_up_again(
    listed: list[str | None], refusals: str, expected: list[str]
) -> None:
    """A signed URL does not last; what a mirror refuses says nothing of it (r: refused, s: stalled)."""

    async def find() -> str | None:
        return listed.pop(0)

    async def main() -> list[str]:
        places = Places("old", [there("mirror")], relisted=find)
        found = []
        for why in refusals:
            await places.turn(leave=False, enough=False, afresh=False, refused=why == "r")
            found.append(places.current.url)
        return found

    assert run(main) == expected
    assert listed == []


def test_a_place_that_wants_a_pause_is_passed_over() -> None:
    """While another may be asked at once, nobody waits for a Retry-After."""
    places = Places("own", [there("a")])
    places.current.not_before = 1e12
    assert turns(places, 3) == ["a"] * 3


def test_a_mirror_that_takes_its_time_is_waited_for_once_and_at_last() -> None:
    """It costs a file some seconds once; only where nothing else is left it gets all the time it needs."""
    asked = anyio.Event()
    waits = 0

    async def main() -> list[str]:
        async def late() -> str | None:
            nonlocal waits
            waits += 1
            await asked.wait()
            return "late"

        places = Places("own", [late], grace_s=0.05)
        found = []
        for leave in (False, False, False):
            await places.turn(leave=leave, enough=False, afresh=False)
            found.append(places.current.url)
        assert waits == 1
        asked.set()
        await places.turn(leave=True, enough=False, afresh=False)
        return [*found, places.current.url]

    assert run(main) == ["own", "own", "own", "late"]


def test_a_slow_place_is_left_once_for_a_faster_one() -> None:
    """Not where no mirror has the file; back from a mirror that is slower still; and then it stays."""

    async def main() -> list[object]:
        alone = Places("own", [_absent])
        places = Places("own", [there("a")])
        found: list[object] = [await alone.may_be_faster(SLOW), await places.may_be_faster(10.0**6)]
        for rate in (SLOW, SLOW / 2, SLOW / 4):
            leaves = await places.may_be_faster(rate)
            if leaves:
                await places.turn(leave=False, enough=False, afresh=False)
            found.append((leaves, places.current.url))
        return found

    assert run(main) == [False, False, (True, "a"), (True, "own"), (False, "own")]


# --- what a mirror may have ---


def test_which_files_may_be_looked_for_elsewhere() -> None:
    """Those of the main index that it gives a secure hash of, nothing else."""
    file = replace(remote("http://h/demo-1.0.tar.gz"), index=MAIN)
    reader: SmallReader = None  # type: ignore[assignment]  # not reached: nothing is read
    mirrors = Mirrors(["http://m/simple"], index=MAIN, reader=reader, emit=lambda _: None)
    offers = {"sha256": "a"}
    found = [
        *(len(mirrors.of_file(each)) for each in (file, replace(file, index=SafeUrl("http://x/simple")))),
        *(
            len(mirrors.of_file(replace(file, hashes=hashes)))
            for hashes in ({}, {"md5": "a"}, {"sha512": "a"})
        ),
        *(
            len(mirrors.of_metadata(ListedFile(file=file, metadata=metadata, raw={})))
            for metadata in (None, {}, offers)
        ),
    ]
    assert found == [1, 0, 0, 0, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("index_urls", "sources", "expected"),
    [
        pytest.param([], ["/wheels"], None, id="no-index"),
        pytest.param(["http://u:p@h/s"], ["http://u:p@h/s"], "http://h/s", id="one"),
        pytest.param(["http://h/s", "http://x/s"], ["http://h/s", "http://x/s"], "http://h/s", id="two"),
        pytest.param(["http://h/s", "http://u@h/s"], ["http://h/s", "http://u@h/s"], None, id="one name"),
    ],
)
def test_main_index(index_urls: list[str], sources: list[str], expected: str | None) -> None:
    """The first one; two that differ in their logins alone cannot be told apart by what files say."""
    assert main_index(index_urls, sources) == expected


def test_metadata_url() -> None:
    """The suffix goes before the query (PEP 658)."""
    assert metadata_url("http://h/a.whl?sig=1") == "http://h/a.whl.metadata?sig=1"


# --- over real sockets ---


@asynccontextmanager
async def _downloads(rig: Rig, servers: Sequence[FaultyIndex]) -> AsyncIterator[Downloads]:
    async with rig.client() as client:
        mirrors = Mirrors(
            [server.url for server in servers],
            index=MAIN,
            reader=SmallReader(client, rig.settings, rig.events.append),
            emit=rig.events.append,
        )
        yield Downloads(
            client=client,
            store=Store(rig.cache),
            settings=rig.settings,
            emit=rig.events.append,
            places=mirrors.of_file,
        )


def fetch(rig: Rig, index: FaultyIndex, *mirrors: FaultyIndex) -> StoredFile:
    """Fetch the wheel in a run of its own."""
    file = RemoteFile(
        project=remote("http://h/x").project,
        filename=WHEEL.filename,
        url=index.url_of(WHEEL.path),
        hashes={"sha256": WHEEL.sha256},
        size=WHEEL.size,
        index=MAIN,
    )

    async def main() -> StoredFile:
        async with _downloads(rig, mirrors) as downloads:
            return await downloads.fetch(file)

    return run(main)


@pytest.mark.parametrize(
    ("own", "other", "asked", "asked_of_mirror"),
    [
        pytest.param(
            [Status(404)],
            [Ok()],
            [None],
            [None],
            id="404",
        ),
        pytest.param(
            [Stall(1_000_000)], [IgnoreRange()], [None], ["bytes=1000000-"], id="mirror without ranges"
        ),
        pytest.param(
            [Reset(1_000_000), Ok()],
            [WrongOffset(by=10)],
            [None, "bytes=1000000-"],
            ["bytes=1000000-"],
            id="wrong part of a mirror",
        ),
        pytest.param(
            [Reset(1_000_000), Ok()],
            [Reset(2_000_000)],
            [None, "bytes=2000000-"],
            ["bytes=1000000-"],
            id="in turn",
        ),
        pytest.param([WrongBytes()], [Ok()], [None, None], [None], id="wrong bytes of the own place"),
    ],
)
def test_places_share_one_file(  # noqa: PLR0917 - the table's columns
    rig: Rig,
    index: FaultyIndex,
    mirror: FaultyIndex,
    own: Sequence[Fault],
    other: Sequence[Fault],
    asked: Sequence[str | None],
    asked_of_mirror: Sequence[str | None],
) -> None:
    """Whoever is next goes on where the one before broke off; the hash decides in the end."""
    index.script(WHEEL.path, own)
    mirror.script(WHEEL.path, other)
    assert fetch(rig, index, mirror).sha256 == WHEEL.sha256
    assert (ranges(index, WHEEL.path), ranges(mirror, WHEEL.path)) == (asked, asked_of_mirror)
    assert {request.if_range for request in mirror.requests_for(WHEEL.path)} == {None}


def test_the_mirror_is_to_blame_where_another_place_gave_the_end(
    rig: Rig, index: FaultyIndex, mirror: FaultyIndex
) -> None:
    """What turns out wrong speaks against the mirror that had a part in it, not against the own place."""
    index.script(WHEEL.path, [Reset(1_000_000), Ok(), Reset(1_000_000), Ok()])
    mirror.put(WHEEL.path, WHEEL.content[::-1])
    mirror.script(WHEEL.path, [Reset(2_000_000), Ok()])
    assert fetch(rig, index, mirror).sha256 == WHEEL.sha256
    retries = [event for event in rig.events if isinstance(event, RetryScheduled)]
    assert [(event.cause, event.mirror is None) for event in retries] == [
        ("connection reset", True),
        ("connection reset", False),
        ("wrong hash", False),
        ("connection reset", True),
    ]
    assert ranges(mirror, WHEEL.path) == ["bytes=1000000-"]
    assert ranges(index, WHEEL.path) == [None, "bytes=2000000-", None, "bytes=1000000-"]


def test_each_mirror_has_its_try(tmp_path: Path, index: FaultyIndex, mirror: FaultyIndex) -> None:
    """With a single try too; the second mirror helps where the first does not."""
    rig = Rig(tmp_path, quick(tries=1))
    index.script(WHEEL.path, [Status(500)])
    with FaultyIndex() as broken:
        broken.add(WHEEL)
        broken.script(WHEEL.path, [Status(500)])
        assert fetch(rig, index, broken, mirror).sha256 == WHEEL.sha256
        assert [len(ranges(server, WHEEL.path)) for server in (index, broken, mirror)] == [1, 1, 1]


def test_a_mirror_that_lists_another_file_is_not_asked_for_it(
    rig: Rig, index: FaultyIndex, mirror: FaultyIndex
) -> None:
    """Same name, other hash: that is another build."""
    index.script(WHEEL.path, [Reset(1_000_000), Ok()])
    with FaultyIndex() as other:
        other.add(make_wheel("demo", "1.0", size=2_000_000))
        fetch(rig, index, other, mirror)
        assert [request.path for request in other.requests] == ["/simple/demo/"]
    assert len(ranges(mirror, WHEEL.path)) == 1


def test_what_a_mirror_gave_is_resumed_at_the_own_place(
    tmp_path: Path, index: FaultyIndex, mirror: FaultyIndex
) -> None:
    """The next run asks for the rest without the mirror's validator, which means nothing there."""
    index.script(WHEEL.path, [Status(500), Status(500), Ok()])
    mirror.script(WHEEL.path, [Reset(1_000_000), Status(404)])
    with pytest.raises(AttemptsExhausted) as caught:
        fetch(Rig(tmp_path, quick(tries=2)), index, mirror)
    assert caught.value.kept == 1_000_000
    assert not fetch(Rig(tmp_path), index).from_cache
    last = index.requests_for(WHEEL.path)[-1]
    assert (last.range, last.if_range) == ("bytes=1000000-", None)


def test_a_host_that_refuses_is_tried_once(rig: Rig, mirror: FaultyIndex) -> None:
    """Then the mirror has its turn, which is noted."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}{WHEEL.path}"
    file = replace(remote(url, WHEEL.content), index=MAIN)

    async def main() -> StoredFile:
        async with _downloads(rig, [mirror]) as downloads:
            return await downloads.fetch(file)

    assert run(main).sha256 == WHEEL.sha256
    notes = [event.message for event in rig.events if isinstance(event, Noted)]
    assert notes == [f"demo: continuing from {mirror.host}"]
    assert rig.causes == ["no connection (refused)"]


def test_a_host_that_is_known_to_be_down_is_passed_over(tmp_path: Path, mirror: FaultyIndex) -> None:
    """What other requests found out is not found out again where there is a mirror."""
    rig = Rig(tmp_path, quick(tries=2))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{unused.getsockname()[1]}"

    async def main() -> StoredFile:
        async with _downloads(rig, [mirror]) as downloads:
            with pytest.raises(AttemptsExhausted):
                await downloads.fetch(remote(f"{host}/private-1.0.tar.gz"))
            rig.events.clear()
            return await downloads.fetch(replace(remote(f"{host}{WHEEL.path}", WHEEL.content), index=MAIN))

    assert run(main).sha256 == WHEEL.sha256
    assert rig.causes == []


def test_who_waits_for_a_host_in_vain_goes_to_a_mirror() -> None:
    """Others find out that the file's own host is down: then a mirror may take its time."""
    error = Unreachable(url=SafeUrl("http://h/demo"), kind="refused", reason="")
    asked = 0
    found: list[str] = []

    async def main() -> None:
        async def late() -> str | None:
            nonlocal asked
            asked += 1
            if asked == 1:
                await anyio.sleep_forever()
            return "http://m/demo"

        async def refute() -> None:
            host.gave_up("probe", error, tries=1)
            host.leave("probe")

        async def operation() -> str:
            return places.current.url

        places = Places("http://h/demo", [late], grace_s=0.05)
        hosts = Hosts()
        host = hosts.of("http://h/demo", Kind.FILE)
        host.failed("first", error)
        host.gave_up("first", error, tries=1)
        assert await host.admit("probe") is None
        subject = Subject(kind=Kind.FILE, project=project_name("demo"), name="demo", url=error.url)
        tasks = anyio.create_task_group()

        def refuting(event: Event) -> None:
            assert isinstance(event, TransferWaiting)
            tasks.start_soon(refute)

        async with tasks:
            series = Series(
                subject=subject,
                places=places,
                tries=3,
                quiet_limit_s=60.0,
                settings=quick(),
                emit=refuting,
                hosts=hosts,
                kept=lambda: 0,
            )
            found.append(await series.run(operation))

    run(main)
    assert found == ["http://m/demo"]


def test_readers_get_what_a_mirror_gave_once_it_is_right(
    rig: Rig, index: FaultyIndex, mirror: FaultyIndex
) -> None:
    """A reader that has a part is not hurt by wrong bytes of a mirror, nor by the second beginning."""
    index.script(WHEEL.path, [Stall(1_000_000), Ok()])
    mirror.put(WHEEL.path, WHEEL.content[::-1])
    file = replace(remote(index.url_of(WHEEL.path), WHEEL.content), index=MAIN)
    got: list[bytes] = []

    async def main() -> None:
        async with _downloads(rig, [mirror]) as downloads, downloads.follow(file) as following:
            got.extend([chunk async for chunk in following.read(0, None)])

    run(main)
    assert b"".join(got) == WHEEL.content
    assert rig.causes == ["stall", "wrong hash"]


def test_a_file_without_length_and_end_is_cut_off(tmp_path: Path) -> None:
    """It may have as many bytes as the setting says; asking again would not change that."""
    rig = Rig(tmp_path, quick(max_untold_size=100_000))
    with answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000) as port:
        file = remote(f"http://127.0.0.1:{port}/files/demo-1.0.tar.gz", None)

        async def main() -> None:
            async with rig.downloads() as downloads:
                await downloads.fetch(file)

        with pytest.raises(AttemptsExhausted) as caught:
            run(main)
    assert isinstance(caught.value.last, Endless)
    assert len(caught.value.attempts) == 1
    assert list((tmp_path / "partial").glob("*[!k]")) == []
