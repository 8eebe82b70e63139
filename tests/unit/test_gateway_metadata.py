"""Core metadata, whichever way works."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from resilient_pip.cache.answers import Answers
from resilient_pip.errors import AttemptsExhausted, BadContent, HashMismatch, ResilientPipError
from resilient_pip.gateway.metadata import CoreMetadata
from resilient_pip.gateway.remote_wheel import RemoteWheels
from resilient_pip.index.pages import ListedFile
from tests.support.wheels import Distribution, make_sdist, make_wheel
from tests.unit.gateways import FILES, Served, Upstream, listed, run

WHEEL = make_wheel("demo", "1.0", size=2_000_000)
URL = f"{FILES}/{WHEEL.filename}"
assert WHEEL.metadata
HASH = {"sha256": hashlib.sha256(WHEEL.metadata).hexdigest()}


@asynccontextmanager
async def over(upstream: Upstream, answers: Answers | None = None) -> AsyncIterator[CoreMetadata]:
    """Core metadata from an upstream."""
    failure: ResilientPipError | None = None
    async with anyio.create_task_group() as tasks:
        try:
            yield CoreMetadata(
                reader=upstream,
                wheels=RemoteWheels(upstream),
                files=upstream,
                mirrors=lambda _: (),
                answers=answers,
                tasks=tasks,
            )
        except ResilientPipError as error:
            failure = error
    if failure:
        raise failure


def get(upstream: Upstream, *entries: ListedFile, guess: bool = False) -> list[bytes | None]:
    """Ask for the metadata of files, one after the other."""

    async def main() -> list[bytes | None]:
        async with over(upstream) as metadata:
            ask: Callable[[ListedFile], Awaitable[bytes | None]] = metadata.guess if guess else metadata.get
            return [await ask(entry) for entry in entries]

    return run(main)


def test_what_an_earlier_run_kept_is_not_read_again(tmp_path: Path) -> None:
    """By the wheel's hash, where the index has none of the metadata; what is damaged is read anew."""

    async def ask(upstream: Upstream) -> bytes | None:
        async with over(upstream, Answers(tmp_path)) as metadata:
            return await metadata.get(listed(WHEEL, metadata=HASH))

    first, second, third = upstream_of(), upstream_of(), upstream_of()
    assert run(lambda: ask(first)) == WHEEL.metadata
    assert run(lambda: ask(second)) == WHEEL.metadata
    [kept] = (path for path in tmp_path.rglob("*") if path.is_file())
    kept.write_bytes(kept.read_bytes()[:-1])
    assert run(lambda: ask(third)) == WHEEL.metadata
    assert [bool(upstream.reads) for upstream in (first, second, third)] == [True, False, True]


def upstream_of(wheel: Distribution = WHEEL, folder: Path = Path("/nowhere"), **changes: Any) -> Upstream:
    """An upstream that holds a wheel, without metadata beside it."""
    served = dataclasses.replace(Served(body=wheel.content), **changes)
    return Upstream(folder=folder, served={f"{FILES}/{wheel.filename}": served})


def test_what_the_index_offers_is_read_once() -> None:
    """From beside the file, checked against its hash; the URL's query stays."""
    upstream = Upstream(served={f"{URL}.metadata?sig=1": Served(body=WHEEL.metadata or b"")})
    entry = listed(WHEEL, metadata=HASH, url=f"{URL}?sig=1")
    assert get(upstream, entry, entry) == [WHEEL.metadata] * 2
    assert upstream.reads == [(f"{URL}.metadata?sig=1", None)]


@pytest.mark.parametrize(
    "beside",
    [
        pytest.param(Served(status=404), id="missing"),
        pytest.param(Served(status=503), id="busy"),
        pytest.param(Served(status=401), id="refused"),
        pytest.param(Served(body=b"<html>login</html>"), id="a-page"),
        pytest.param(Served(body=b"Metadata-Version: 2.1\nName: other\n"), id="wrong-hash"),
    ],
)
def test_what_is_offered_but_not_there_comes_out_of_the_wheel(beside: Served) -> None:
    """And still fits the hash that the index gives."""
    upstream = upstream_of()
    upstream.served[f"{URL}.metadata"] = beside
    assert get(upstream, listed(WHEEL, metadata=HASH)) == [WHEEL.metadata]
    assert upstream.downloads == []


def test_metadata_that_nobody_has_is_an_error() -> None:
    """Where the wheel's own differs from the hash of the index, pip would refuse it."""
    upstream = upstream_of()
    with pytest.raises(HashMismatch) as raised:
        get(upstream, listed(WHEEL, metadata={"sha256": "00"}))
    assert (raised.value.url, raised.value.actual) == (f"{URL}.metadata", HASH["sha256"])


def test_an_index_without_metadata_is_not_asked_for_ever() -> None:
    """Three wheels are tried, the rest is read out of the wheels at once."""
    wheels = [make_wheel("demo", f"{number}.0") for number in range(6)]
    upstream = Upstream(served={f"{FILES}/{wheel.filename}": Served(body=wheel.content) for wheel in wheels})
    assert get(upstream, *map(listed, wheels)) == [wheel.metadata for wheel in wheels]
    assert sum(url.endswith(".metadata") for url, _ in upstream.reads) == 3


def test_an_index_that_has_some_is_asked_for_all() -> None:
    """Some have metadata beside their wheels and do not say so."""
    wheels = [make_wheel("demo", f"{number}.0") for number in range(6)]
    upstream = Upstream(
        served={f"{FILES}/{wheel.filename}.metadata": Served(body=wheel.metadata or b"") for wheel in wheels}
    )
    assert get(upstream, *map(listed, wheels)) == [wheel.metadata for wheel in wheels]
    assert len(upstream.reads) == 6


def test_the_whole_file_as_the_last_way(tmp_path: Path) -> None:
    """Where the server has no ranges, the file is downloaded, once."""
    upstream = upstream_of(folder=tmp_path, ranges=False)
    assert get(upstream, listed(WHEEL), listed(WHEEL)) == [WHEEL.metadata] * 2
    assert upstream.downloads == [URL]


@pytest.mark.parametrize(
    ("wheel", "found"),
    [
        pytest.param(WHEEL, False, id="large"),
        pytest.param(make_wheel("demo", "1.0", size=1000), True, id="small"),
    ],
)
def test_a_guess_downloads_small_files_only(tmp_path: Path, wheel: Distribution, found: bool) -> None:  # noqa: FBT001 - a column
    """Nobody wants gigabytes for a guess."""
    upstream = upstream_of(wheel, tmp_path, ranges=False)
    assert get(upstream, listed(wheel), guess=True) == [wheel.metadata if found else None]
    assert len(upstream.downloads) == found


@pytest.mark.parametrize(
    ("content", "status", "error"),
    [
        pytest.param(b"no wheel", 200, BadContent, id="broken"),
        pytest.param(b"", 404, AttemptsExhausted, id="missing"),
        pytest.param(b"", 503, AttemptsExhausted, id="busy"),
    ],
)
def test_files_without_metadata_are_errors(
    tmp_path: Path, content: bytes, status: int, error: type[Exception]
) -> None:
    """A broken wheel, a missing one and a server that fails."""
    upstream = upstream_of(folder=tmp_path, body=content, status=status)
    with pytest.raises(error):
        get(upstream, listed(WHEEL))


def test_local_wheels_are_read_in_place(tmp_path: Path) -> None:
    """Without asking anyone; a missing one is an error."""
    path = tmp_path / WHEEL.filename
    path.write_bytes(WHEEL.content)
    assert get(Upstream(), listed(WHEEL, url=path.as_uri())) == [WHEEL.metadata]
    with pytest.raises(BadContent, match="No such file"):
        get(Upstream(), listed(WHEEL, url=(tmp_path / "missing.whl").as_uri()))


def test_sdists_have_what_the_index_offers() -> None:
    """And nothing can be read out of them."""
    sdist = make_sdist("demo", "1.0")
    beside = f"{FILES}/{sdist.filename}.metadata"
    upstream = Upstream(served={beside: Served(body=b"Metadata-Version: 2.2\n")})
    assert get(upstream, listed(sdist, metadata={})) == [b"Metadata-Version: 2.2\n"]
    assert get(upstream, listed(sdist), guess=True) == [None]
    assert get(Upstream(), listed(sdist, url="file:///demo-1.0.tar.gz"), guess=True) == [None]
    with pytest.raises(BadContent, match="offers its metadata and does not have it"):
        get(Upstream(), listed(sdist, metadata={}))
