"""Parts of files on servers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from resilient_pip.errors import AttemptsExhausted
from resilient_pip.gateway.remote_wheel import RemoteWheels
from resilient_pip.model import RemoteFile
from tests.support.wheels import make_wheel
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
    assert upstream.reads == [(FILE.url, -128 * 1024)]
    assert wheels.known_size(UNSIZED) == WHEEL.size


def test_directory_and_entry_are_asked_for_exactly() -> None:
    """A wheel whose directory is longer than the tail takes three requests."""
    big = make_wheel("demo", "1.0", files={f"demo/{number:0200}.py": "" for number in range(1000)})
    file = listed(big).file
    upstream = Upstream(served={file.url: Served(body=big.content)})
    assert run(lambda: RemoteWheels(upstream).read_metadata(file)) == big.metadata
    assert len(upstream.reads) == 3
    first, second, third = (part for _, part in upstream.reads if isinstance(part, tuple))
    assert first == (big.size - 66 * 1024, big.size)
    assert second[0] < first[0]
    assert third[1] - third[0] < 1000


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
