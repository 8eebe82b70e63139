"""Whose connection it is."""

from __future__ import annotations

import socket
import sys

import pytest

from resilient_pip.gateway.peers import allows, is_ours

HEADING = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
PEER = ("127.0.0.1", 50000)
HERE = ("127.0.0.1", 8080)
V4 = "0100007F"
V6 = "0000000000000000FFFF00000100007F"


def row(local: str, remote: str, uid: int) -> str:
    """Write a row of /proc/net/tcp."""
    return f"   0: {local} {remote} 01 00000000:00000000 00:00000000 00000000  {uid}        0 12345 1 0 20"


@pytest.mark.skipif(sys.byteorder != "little", reason="the rows are written as a little-endian kernel does")
@pytest.mark.parametrize(
    ("rows", "allowed"),
    [
        pytest.param([row(f"{V4}:C350", f"{V4}:1F90", 1000)], True, id="ours"),
        pytest.param([row(f"{V4}:C350", f"{V4}:1F90", 0)], False, id="another-users"),
        pytest.param([row(f"{V6}:C350", f"{V6}:1F90", 1000)], True, id="ours-by-ipv6"),
        pytest.param([row(f"{V6}:C350", f"{V6}:1F90", 7)], False, id="another-users-by-ipv6"),
        pytest.param([row(f"{V4}:1F90", f"{V4}:C350", 1000)], False, id="only-our-end"),
        pytest.param([row(f"{V4}:C351", f"{V4}:1F90", 7)], True, id="neither-end"),
        pytest.param([], True, id="empty"),
    ],
)
def test_the_table_decides(rows: list[str], allowed: bool) -> None:  # noqa: FBT001 - a table's column
    """Only this user's processes are served, unless the table says nothing of the connection."""
    assert allows("\n".join([HEADING, *rows]), PEER, HERE, 1000) is allowed


def test_our_own_connection_is_ours() -> None:
    """A real connection of this process is let in."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        assert is_ours(client.getsockname(), server.getsockname())
