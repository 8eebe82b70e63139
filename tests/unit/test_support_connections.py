"""Hosts and connections of the fault server: the end-to-end tests rest on them."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.environments import eventually
from tests.support.faults import Deaf, HangUp, Ok
from tests.support.faultserver import FaultyIndex
from tests.support.pages import JSON_TYPE
from tests.support.wheels import make_wheel
from tests.unit.asking import get

WHEEL = make_wheel("torch", "1.0", size=100_000)


def test_connections_meet_faults_of_their_own(index: FaultyIndex) -> None:
    """Before anything is asked: RST, or nobody who reads; no request is seen."""
    torch = index.add(WHEEL)
    index.script_connections([HangUp(), Deaf(), Ok()])
    with pytest.raises(ConnectionResetError):
        get(index, torch.path)
    with pytest.raises(TimeoutError):
        get(index, torch.path, timeout_s=0.2)
    assert index.requests == []
    assert get(index, torch.path).status == 200


def test_a_port_that_opens_late() -> None:
    """Refused at first, although the port is taken; then served."""
    with FaultyIndex(closed_for_s=0.5) as index:
        index.add(WHEEL)
        with pytest.raises(ConnectionRefusedError):
            get(index, WHEEL.path)
        eventually(lambda: _status_of(index, WHEEL.path) == 200)


def _status_of(index: FaultyIndex, path: str) -> int | None:
    try:
        return get(index, path).status
    except ConnectionRefusedError:
        return None


def test_a_port_that_never_opens_can_be_stopped() -> None:
    """At once."""
    began_s = time.monotonic()
    with FaultyIndex(closed_for_s=1e9) as index, pytest.raises(ConnectionRefusedError):
        get(index, "/")
    assert time.monotonic() - began_s < 5


def test_every_answer_may_take_its_time() -> None:
    """Latency counts for each request."""
    with FaultyIndex(latency_s=0.1) as index:
        index.add(WHEEL)
        began_s = time.monotonic()
        get(index, WHEEL.path)
        get(index, f"{WHEEL.path}.metadata")
        assert 0.2 <= time.monotonic() - began_s < 3


def test_bandwidth_of_each_connection() -> None:
    """Four connections take no longer than one: 1 s, where it would be 4 s if they shared."""
    with FaultyIndex(connection_bytes_per_second=100_000) as index, ThreadPoolExecutor(4) as pool:
        index.add(WHEEL)
        began_s = time.monotonic()
        replies = list(pool.map(lambda _: get(index, WHEEL.path), range(4)))
        assert 0.9 <= time.monotonic() - began_s < 3
    assert [reply.body for reply in replies] == [WHEEL.content] * 4


def test_files_from_another_host() -> None:
    """Pages of both kinds name it; on Linux all of 127.0.0.0/8 is loopback."""
    with FaultyIndex(address="127.0.0.2") as other, FaultyIndex(files_url=other.url_of("")) as index:
        index.add(WHEEL)
        other.add(WHEEL)
        page = get(index, index.page_path("torch"), {"Accept": JSON_TYPE})
        text = get(index, index.page_path("torch")).body.decode()
        assert get(other, WHEEL.path).body == WHEEL.content
    url = f"http://{other.host}/files/torch-1.0-py3-none-any.whl"
    assert json.loads(page.body)["files"][0]["url"] == url
    assert f'href="{url}#' in text


def test_https(tmp_path: Path) -> None:
    """Whoever trusts the authority is served; whoever does not ends the handshake."""
    authority = Authority()
    bundle = authority.write_bundle(tmp_path / "ca.pem")
    with FaultyIndex(tls=authority.server_context("127.0.0.1")) as index:
        index.add(WHEEL)
        trusting = ssl.create_default_context(cafile=str(bundle))
        with urllib.request.urlopen(index.url_of(WHEEL.path), context=trusting) as answer:  # noqa: S310 - loopback
            assert answer.read() == WHEEL.content
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(index.url, context=ssl.create_default_context())  # noqa: S310 - loopback
