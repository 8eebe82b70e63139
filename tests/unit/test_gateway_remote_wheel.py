"""Parts of files on servers."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path

import pytest

from resilient_pip.errors import AttemptsExhausted
from resilient_pip.gateway.remote_wheel import RemoteWheels
from resilient_pip.model import RemoteFile
from tests.support.wheels import Distribution, make_wheel
from tests.unit.gateways import TOO_LONG, Served, Upstream, listed, run

WHEEL = make_wheel("demo", "1.0", ["other>=2"], size=300_000)
FILE = listed(WHEEL).file
UNSIZED = dataclasses.replace(FILE, size=None)
SMALL = make_wheel("small", "1.0")


def over(served: Served) -> tuple[RemoteWheels, Upstream]:
    """Wheels of an upstream that holds FILE."""
    upstream = Upstream(served={FILE.url: served})
    return RemoteWheels(upstream), upstream


def test_metadata_comes_out_of_the_end() -> None:
    """One exact range where the size is known and the tail holds everything."""
    wheels, upstream = over(Served(body=WHEEL.content))
    assert run(lambda: wheels.read_metadata(FILE)) == WHEEL.metadata
    assert upstream.reads == [(FILE.url, (WHEEL.size - 66 * 1024, WHEEL.size))]


def test_a_suffix_where_the_size_is_unknown() -> None:
    """The size is learned on the way."""
    wheels, upstream = over(Served(body=WHEEL.content))
    assert wheels.known_size(UNSIZED) is None
    assert run(lambda: wheels.read_metadata(UNSIZED)) == WHEEL.metadata
    assert upstream.reads == [(FILE.url, -66 * 1024)]
    assert wheels.known_size(UNSIZED) == WHEEL.size


EMPTY = {f"demo/{number:0200}.py": "" for number in range(1000)}
"""Files whose entries are a directory of 250 KB."""


def test_of_a_long_directory_its_end_does() -> None:
    """Where .dist-info comes last, its end names METADATA: two requests, the second for that alone."""
    wheel = make_wheel("demo", "1.0", files=EMPTY)
    [tail, entry] = ranges_of(wheel)
    assert tail == (wheel.size - 66 * 1024, wheel.size)
    assert entry[1] - entry[0] < 1000


def test_of_a_long_directory_its_beginning_does() -> None:
    """Where .dist-info comes first, that is the second request and METADATA the third."""
    [_, front, entry] = ranges_of(reordered(make_wheel("demo", "1.0", files=EMPTY), first=True))
    assert front[1] - front[0] == 64 * 1024
    assert entry[1] - entry[0] < 1000


def test_a_directory_that_names_it_in_the_middle_is_read_whole() -> None:
    """Each byte of it once."""
    wheel = reordered(make_wheel("demo", "1.0", files=EMPTY), first=False)
    found = ranges_of(wheel)
    assert len(found) == 4
    assert sum(end - start for start, end in found) < 400_000


def reordered(wheel: Distribution, *, first: bool) -> Distribution:
    """Move METADATA to the front of a wheel, or to its middle."""
    with zipfile.ZipFile(io.BytesIO(wheel.content)) as old:
        members = [(info, old.read(info)) for info in old.infolist()]
    members.sort(key=lambda member: not member[0].filename.endswith("/METADATA"))
    if not first:
        members.insert(len(members) // 2, members.pop(0))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as new:
        for info, data in members:
            new.writestr(info, data)
    return dataclasses.replace(wheel, content=buffer.getvalue())


def ranges_of(wheel: Distribution) -> list[tuple[int, int]]:
    """Read the metadata of a wheel on a server; say what was asked for."""
    file = dataclasses.replace(FILE, size=wheel.size)
    upstream = Upstream(served={file.url: Served(body=wheel.content)})
    assert run(lambda: RemoteWheels(upstream).read_metadata(file)) == wheel.metadata
    return [part for _, part in upstream.reads if isinstance(part, tuple)]


@pytest.mark.parametrize(
    "served",
    [
        pytest.param(Served(body=WHEEL.content, ranges=False), id="ignored"),
        pytest.param(Served(status=416), id="416"),
        pytest.param(Served(status=501), id="501"),
        pytest.param(Served(status=TOO_LONG), id="more-than-asked-for"),
    ],
)
def test_a_host_without_ranges_is_asked_once(served: Served) -> None:
    """Its next wheel is not tried."""
    wheels, upstream = over(served)
    assert run(lambda: wheels.read_metadata(FILE)) is None
    assert run(lambda: wheels.read_metadata(FILE)) is None
    assert len(upstream.reads) == 1


@pytest.mark.parametrize(
    "served",
    [
        pytest.param(Served(status=404), id="missing"),
        pytest.param(Served(body=b"no wheel" * 10_000), id="no-wheel"),
    ],
)
def test_one_bad_file_says_nothing_of_its_host(served: Served) -> None:
    """The next one is tried."""
    wheels, upstream = over(served)
    upstream.served["http://files.test/small"] = Served(body=SMALL.content)
    small = dataclasses.replace(listed(SMALL).file, url="http://files.test/small")
    assert run(lambda: wheels.read_metadata(FILE)) is None
    assert run(lambda: wheels.read_metadata(small)) == SMALL.metadata


def test_a_server_that_fails_is_an_error() -> None:
    """It is not taken for one without ranges."""
    wheels, _ = over(Served(status=503))
    with pytest.raises(AttemptsExhausted):
        run(lambda: wheels.read_metadata(FILE))


@pytest.mark.parametrize(
    ("file", "served", "size", "requests"),
    [
        pytest.param(FILE, Served(status=503), WHEEL.size, 0, id="known"),
        pytest.param(UNSIZED, Served(body=WHEEL.content), WHEEL.size, 1, id="from-the-range"),
        pytest.param(UNSIZED, Served(body=WHEEL.content, ranges=False), WHEEL.size, 1, id="from-the-length"),
        pytest.param(UNSIZED, Served(status=404), None, 1, id="missing"),
        pytest.param(
            dataclasses.replace(UNSIZED, url="file:///x.whl"), Served(status=404), None, 0, id="local-missing"
        ),
        pytest.param(
            dataclasses.replace(UNSIZED, url=Path(__file__).as_uri()),
            Served(status=404),
            Path(__file__).stat().st_size,
            0,
            id="local",
        ),
    ],
)
def test_sizes(file: RemoteFile, served: Served, size: int | None, requests: int) -> None:
    """From the index, else from the first byte's answer."""
    wheels, upstream = over(served)
    assert run(lambda: wheels.size(file)) == size
    assert len(upstream.reads) == requests
