"""The small parts of the transport: ranges, slots, statuses, the writer, the pace."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from resilient_pip.cache.origin import Origin
from resilient_pip.cache.partial import Partial
from resilient_pip.cache.store import Store
from resilient_pip.errors import AttemptsExhausted, Dropped, StorageError
from resilient_pip.events import Kind, Subject
from resilient_pip.model import SafeUrl, project_name
from resilient_pip.transport.hosts import Hosts
from resilient_pip.transport.places import Places
from resilient_pip.transport.ranges import (
    content_length,
    resume_headers,
    revalidation_headers,
    why_not_the_rest,
)
from resilient_pip.transport.retry import Series
from resilient_pip.transport.slots import FILLING, Slots, Ticket
from resilient_pip.transport.writer import writing
from tests.unit.transfers import quick, remote, run

STRONG = Origin(url_digest="u", etag='"1"', last_modified="then")
WEAK = Origin(url_digest="u", etag='W/"1"', last_modified="then")
BARE = Origin(url_digest="u")


@pytest.mark.parametrize(
    ("received", "origin", "headers"),
    [
        pytest.param(0, STRONG, {}, id="nothing there"),
        pytest.param(5, STRONG, {"Range": "bytes=5-", "If-Range": '"1"'}, id="strong"),
        pytest.param(5, WEAK, {"Range": "bytes=5-", "If-Range": "then"}, id="weak"),
        pytest.param(5, BARE, {"Range": "bytes=5-"}, id="no validator"),
    ],
)
def test_resume_headers(received: int, origin: Origin, headers: dict[str, str]) -> None:
    """If-Range carries a strong ETag, else the date (RFC 9110, 13.1.5)."""
    assert resume_headers(received, origin) == headers


def test_revalidation_headers() -> None:
    """Weak ETags are good enough to ask whether anything changed."""
    assert revalidation_headers(WEAK) == {"If-None-Match": 'W/"1"', "If-Modified-Since": "then"}
    assert revalidation_headers(BARE) == {}


@pytest.mark.parametrize(
    ("headers", "expected", "reason"),
    [
        pytest.param({"Content-Range": "bytes 5-9/10", "ETag": '"1"'}, 10, None, id="right"),
        pytest.param({"Content-Range": "bytes 5-9/*"}, 10, None, id="total unknown"),
        pytest.param({}, 10, "206 without a usable Content-Range", id="no range"),
        pytest.param(
            {"Content-Range": "bytes 4-9/10"}, 10, "206 from another byte than asked for", id="offset"
        ),
        pytest.param({"Content-Range": "bytes 5-9/10"}, 11, "206 of a file of another size", id="size"),
        pytest.param(
            {"Content-Range": "bytes 5-9/10", "ETag": '"2"'},
            10,
            "206 of another version of the file",
            id="version",
        ),
    ],
)
def test_why_a_part_does_not_fit(headers: Mapping[str, str], expected: int, reason: str | None) -> None:
    """A 206 answer is appended only if it is the rest of the same file."""
    assert why_not_the_rest(headers, received=5, expected=expected, origin=STRONG) == reason


def test_content_length() -> None:
    """Nonsense is as good as none."""
    assert [content_length({"Content-Length": value}) for value in ("12", " 12 ", "-1", "")] == [
        12,
        12,
        None,
        None,
    ]


# --- slots ---


def test_slots_keep_their_limits_and_order() -> None:
    """In all and per host; urgent first; who comes again keeps its place; a cancelled one leaves."""

    async def main() -> None:
        slots = Slots(total=3, per_host=2)
        admitted: list[str] = []
        tickets = {name: slots.ticket(name[0], urgent=name.endswith("!")) for name in ("a1", "a2", "a3")}
        tickets |= {name: slots.ticket(name[0], urgent=name.endswith("!")) for name in ("b1", "b2", "b3!")}

        async def enter(name: str) -> None:
            await tickets[name].acquire()
            admitted.append(name)

        async with anyio.create_task_group() as tasks:
            for name in tickets:
                tasks.start_soon(enter, name)
            await anyio.wait_all_tasks_blocked()
            assert (admitted, slots.active) == (["a1", "a2", "b1"], 3)
            tickets["b1"].release()
            tickets["b1"].release()  # once is enough
            await anyio.wait_all_tasks_blocked()
            assert admitted[3:] == ["b3!"]
            tasks.start_soon(enter, "b1")
            await anyio.wait_all_tasks_blocked()
            tickets["b3!"].release()
            await anyio.wait_all_tasks_blocked()
            assert admitted[4:] == ["b1"]
            tasks.cancel_scope.cancel()
        await tickets["b1"].acquire()  # holds one already
        for ticket in tickets.values():
            ticket.release()
        assert slots.active == 0
        await slots.ticket("a", urgent=False).acquire()
        assert slots.active == 1

    run(main)


def test_a_slot_that_is_granted_to_a_cancelled_one_is_not_lost() -> None:
    """Cancellation in the moment of admission gives the slot back."""

    async def main() -> int:
        slots = Slots(total=1, per_host=1)
        first, second = slots.ticket("a", urgent=False), slots.ticket("a", urgent=False)
        await first.acquire()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(second.acquire)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
            first.release()
        return slots.active

    assert run(main) == 0


def test_a_host_that_breaks_connections_gets_fewer() -> None:
    """Halved once per trouble, one more again per file that comes through."""

    async def main() -> list[int]:
        slots = Slots(total=9, per_host=4)
        counts = []
        slots.slow_down("a")
        slots.slow_down("a")  # the same trouble
        for speed_ups in (0, 1, 5):
            for _ in range(speed_ups):
                slots.speed_up("a")
            tickets: list[Ticket] = [slots.ticket("a", urgent=False) for _ in range(9)]
            async with anyio.create_task_group() as tasks:
                for ticket in tickets:
                    tasks.start_soon(ticket.acquire)
                await anyio.wait_all_tasks_blocked()
                counts.append(slots.active)
                tasks.cancel_scope.cancel()
            for ticket in tickets:
                ticket.release()
        return counts

    assert run(main) == [2, 3, 4]


def test_a_large_file_is_let_alone() -> None:
    """By later ones of its host, for as long as it comes; not by what a child waits for, nor by others."""

    async def play() -> None:
        slots = Slots(total=9, per_host=9)
        large = slots.ticket("a", urgent=False, size=FILLING)
        later, other = slots.ticket("a", urgent=False), slots.ticket("b", urgent=False)
        asked = slots.ticket("a", urgent=True)
        further = slots.ticket("a", urgent=False)
        await large.acquire()
        async with anyio.create_task_group() as tasks:
            for ticket in (later, other, asked):
                tasks.start_soon(ticket.acquire)
            await anyio.wait_all_tasks_blocked()
            assert [ticket.holds for ticket in (later, other, asked)] == [False, True, True]
            assert slots.admit_now(further)  # a connection of the large file's own
            assert not slots.is_waited_for
            large.release()
            await anyio.wait_all_tasks_blocked()
            assert later.holds

    run(play)


def test_a_large_file_that_does_not_come_keeps_nobody_waiting() -> None:
    """What is silent fills no link."""

    async def play() -> None:
        slots = Slots(total=9, per_host=9)
        await slots.ticket("a", urgent=False, size=FILLING).acquire()
        with anyio.fail_after(30):
            await slots.ticket("a", urgent=False).acquire()

    run(play)


# --- the writer ---


async def _open(store: Store) -> Partial:
    target = await store.open(remote("http://h/demo-1.tar.gz", b"x"))
    assert target is not None
    return target


def test_what_arrived_is_written_even_when_cancelled(tmp_path: Path) -> None:
    """Cancellation waits for the disk, not for the network."""

    async def main() -> int:
        target = await _open(Store(tmp_path))
        with anyio.CancelScope() as scope:
            async with writing(target, lambda: None) as writer:
                for _ in range(3):
                    await writer.put(b"x" * 1000)
                scope.cancel()
                await anyio.sleep_forever()
        target.close()
        return target.path.stat().st_size

    assert run(main) == 3000


def test_a_fast_sender_waits_for_the_disk(tmp_path: Path) -> None:
    """Memory is bounded: at most a few MiB are unwritten."""

    async def main() -> tuple[int, int]:
        target = await _open(Store(tmp_path))
        most = put = 0
        async with writing(target, lambda: None) as writer:
            for _ in range(30):
                await writer.put(b"x" * 2**20)
                put += 2**20
                most = max(most, put - target.received)
        target.close()
        return most, target.received

    most, received = run(main)
    assert received == 30 * 2**20
    assert most <= 10 * 2**20


def test_a_full_disk_is_a_storage_error(tmp_path: Path) -> None:
    """What the operating system refuses ends the transfer with the path."""

    async def main() -> None:
        target = await _open(Store(tmp_path))
        real, target._descriptor = target._descriptor, -2
        try:
            async with writing(target, lambda: None) as writer:
                while True:
                    await writer.put(b"x")
                    await anyio.wait_all_tasks_blocked()
        finally:
            target._descriptor = real
            target.close()

    with pytest.raises(StorageError) as caught:
        run(main)
    assert caught.value.reason == "Bad file descriptor"


# --- tries ---


def _series(**changes: Any) -> Series:
    subject = Subject(kind=Kind.FILE, project=project_name("demo"), name="demo", url=SafeUrl("http://h/demo"))
    parameters: dict[str, Any] = {
        "subject": subject,
        "places": Places("http://h/demo"),
        "tries": 3,
        "quiet_limit_s": 60.0,
        "settings": quick(),
        "emit": lambda _: None,
        "hosts": Hosts(),
        "kept": lambda: 7,
    }
    return Series(**{**parameters, **changes})


def test_an_overdue_series_ends_with_the_next_fruitless_try() -> None:
    """Progress is still allowed to go on; a try without any is the last."""

    async def main() -> AttemptsExhausted:
        series = _series()
        series.starts_from(0, 1000)
        calls = iter((500, 500, 600))

        async def operation() -> None:
            series.advance(next(calls))
            series.overdue = True
            raise Dropped(url=SafeUrl("http://h/demo"), reason="cut", received=0, expected=1000)

        with pytest.raises(AttemptsExhausted) as caught:
            await series.run(operation)
        return caught.value

    error = run(main)
    assert [(attempt.cause, attempt.received) for attempt in error.attempts] == [("cut", 500)] * 2
    assert (error.kept, error.expected) == (7, 1000)


def test_what_is_no_source_error_is_not_retried() -> None:
    """Bugs, full disks and interrupts pass at once, as they are."""

    async def main(error: BaseException) -> int:
        calls = 0

        async def operation() -> None:
            nonlocal calls
            calls += 1
            raise error

        with pytest.raises(type(error)):
            await _series().run(operation)
        return calls

    for error in (KeyError("bug"), StorageError(path="/", reason="full"), KeyboardInterrupt()):
        assert run(partial(main, error)) == 1
