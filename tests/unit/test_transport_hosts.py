"""A dead host fails once, not once per file; one that only seems dead is asked again."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from resilient_pip.errors import AttemptsExhausted, ResilientPipError, Stalled, Unreachable
from resilient_pip.events import Kind
from resilient_pip.fetch import StoredFile
from resilient_pip.model import RemoteFile, SafeUrl
from resilient_pip.transport.hosts import Host, Hosts
from tests.support.faults import CutEvery, Fault, NeverAnswer, Ok, RedirectTo, Stall, Status
from tests.support.faultserver import FaultyIndex
from tests.unit.transfers import Rig, quick, remote, run

FILES = 40
TRIES = 3
SIZE = 40_000
MOST = 2 * 4 * (TRIES + 1) + 1
"""Requests to a dead host: twice as many files as go at once, each with its tries and one more that brought
something, and a probe."""


def store(index: FaultyIndex, *faults: Fault, count: int = FILES) -> list[RemoteFile]:
    """Put files onto a server that all meet the same faults."""
    files = []
    for number in range(count):
        path = f"/files/demo-{number}.tar.gz"
        content = bytes([number]) * SIZE
        files.append(remote(index.put(path, content), content))
        index.script(path, faults)
    return files


def fetch_all(rig: Rig, files: list[RemoteFile]) -> list[StoredFile | ResilientPipError]:
    """Fetch files side by side, and give what came of each."""
    results: dict[str, StoredFile | ResilientPipError] = {}

    async def main() -> None:
        async with rig.downloads() as downloads, anyio.create_task_group() as tasks:

            async def fetch(file: RemoteFile) -> None:
                try:
                    results[file.url] = await downloads.fetch(file)
                except ResilientPipError as error:
                    results[file.url] = error

            for file in files:
                tasks.start_soon(fetch, file)

    run(main)
    return [results[file.url] for file in files]


@pytest.mark.parametrize(
    ("fault", "code", "kept"),
    [
        pytest.param(RedirectTo("http://127.0.0.1:1/"), "unreachable", 0, id="refuses"),
        pytest.param(NeverAnswer(), "stalled", 0, id="never-answers"),
        pytest.param(Stall(10_000), "stalled", 10_000, id="stalls-half-way"),
        pytest.param(Status(503), "server-busy", 0, id="503"),
    ],
)
def test_forty_files_of_a_dead_host(
    tmp_path: Path, index: FaultyIndex, fault: Fault, code: str, kept: int
) -> None:
    """They fail together, after the tries of one; what came of some is kept."""
    rig = Rig(tmp_path, quick(tries=TRIES, stall_timeout_s=0.2, tail_timeout_s=0.2, first_byte_timeout_s=0.2))
    files = store(index, fault)
    errors = fetch_all(rig, files)
    assert [error.last.code for error in errors if isinstance(error, AttemptsExhausted)] == [code] * FILES
    assert TRIES <= len(index.requests) <= MOST
    tried = [error for error in errors if isinstance(error, AttemptsExhausted) and error.attempts]
    assert {error.kept for error in tried} == {kept}
    assert len(rig.finished) == FILES


def test_one_bad_file_on_a_good_host(tmp_path: Path, index: FaultyIndex) -> None:
    """It fails alone, however many tries it takes."""
    rig = Rig(tmp_path, quick(tries=TRIES))
    files = store(index, Ok(), count=8)
    index.script("/files/demo-0.tar.gz", [Status(503)])
    failed, *others = fetch_all(rig, files)
    assert isinstance(failed, AttemptsExhausted)
    assert len(failed.attempts) == TRIES
    assert all(isinstance(other, StoredFile) for other in others)


def test_after_a_bad_file_the_host_is_asked_again(tmp_path: Path, index: FaultyIndex) -> None:
    """One file alone cannot tell whether it is the host: the next one is the probe, and succeeds."""
    rig = Rig(tmp_path, quick(tries=TRIES))
    bad, good, flaky = store(index, Ok(), count=3)
    index.script("/files/demo-0.tar.gz", [Status(503)])
    index.script("/files/demo-2.tar.gz", [Status(503), Status(503), Ok()])

    async def main() -> StoredFile:
        async with rig.downloads() as downloads:
            with pytest.raises(AttemptsExhausted):
                await downloads.fetch(bad)
            await downloads.fetch(good)
            return await downloads.fetch(flaky)  # all is well again: it has all its tries

    assert run(main).size == SIZE


def test_a_host_that_comes_back(tmp_path: Path, index: FaultyIndex) -> None:
    """While the first files try, the others wait, and go on with them."""
    rig = Rig(tmp_path, quick(tries=TRIES))
    files = store(index, Ok())
    for number in range(4):
        index.script(f"/files/demo-{number}.tar.gz", [Status(503), Status(503), Ok()])
    assert all(isinstance(result, StoredFile) for result in fetch_all(rig, files))
    assert len(index.requests) == FILES + 2 * 4


def test_a_host_that_drops_every_connection_is_alive(tmp_path: Path, index: FaultyIndex) -> None:
    """Every try brings something: nobody is given up."""
    rig = Rig(tmp_path, quick(tries=TRIES))
    files = store(index, CutEvery(9_000), count=8)
    assert all(isinstance(result, StoredFile) for result in fetch_all(rig, files))


# --- one host, step by step ---

REFUSED = Unreachable(url=SafeUrl("http://h/a"), kind="refused", reason="")
STALLED = Stalled(url=SafeUrl("http://h/a"), silent_s=1.0, received=0, expected=None)


def down() -> Host:
    """A host that one request has given up."""
    host = Host()
    host.failed("first", REFUSED)
    host.gave_up("first", REFUSED, tries=1)
    host.leave("first")
    assert host.is_down
    return host


def test_each_kind_of_request_has_its_host() -> None:
    """Credentials and path do not count; port and kind do."""
    hosts = Hosts()
    host = hosts.of("http://u:p@h:1/a", Kind.FILE)
    assert hosts.of("http://h:1/b", Kind.FILE) is host
    assert hosts.of("http://h:2/a", Kind.FILE) is not host
    assert hosts.of("http://h:1/a", Kind.PAGE) is not host


def test_a_cancelled_probe_gives_its_turn_on() -> None:
    """The next in the queue becomes the probe; its failure is that of those that waited."""
    host = down()
    answers: dict[str, object] = {}

    async def ask(name: str) -> None:
        answers[name] = await host.admit(name)

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for name in ("probe", "second", "third"):
                tasks.start_soon(ask, name)
            await anyio.wait_all_tasks_blocked()
            assert answers == {"probe": None}
            host.leave("probe")
            await anyio.wait_all_tasks_blocked()
            assert answers == {"probe": None, "second": None}
            host.brought("second")
            assert host.is_down  # it may stop half way
            host.failed("second", STALLED)
            host.gave_up("second", STALLED, tries=1)
            host.leave("second")
        assert answers["third"] is STALLED
        assert await host.admit("later") is None  # a probe again

    run(main)


def test_a_request_that_flows_shows_that_the_host_lives() -> None:
    """Bytes of a request that had begun before count at once."""
    host = down()
    host.brought("large")
    assert (host.is_down, host.takes_more) == (False, True)
