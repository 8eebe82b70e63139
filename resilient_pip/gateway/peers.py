"""Whose connection this is: the gateway lends credentials, so other users of the machine are not served."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def is_ours(peer: tuple[str, int], here: tuple[str, int]) -> bool:
    """Whether the process at the other end of a loopback connection is run by this user.

    True where the system does not tell (no /proc, or tables that do not list this connection).
    """
    try:
        lines = [
            line for table in _TABLES if table.exists() for line in table.read_text("ascii").splitlines()
        ]
    except OSError:
        return True
    return allows("\n".join(lines), peer, here, os.getuid())


def allows(table: str, peer: tuple[str, int], here: tuple[str, int], uid: int) -> bool:
    """Whether the rows of /proc/net/tcp and tcp6 let a peer be served by user `uid`.

    A table that lists our end of the connection but not the peer's is of use, and says no: the peer is gone
    or is not of this machine. One that lists neither says nothing.
    """
    owners: dict[tuple[str, str], int] = {}
    for line in table.splitlines():
        match line.split():
            case [_, local, remote, _, _, _, _, user, *_] if user.isdecimal():
                owners[local, remote] = int(user)
            case _:
                pass  # the heading
    theirs = [owners[row] for row in _rows(peer, here) if row in owners]
    if theirs:
        return theirs[0] == uid
    return not any(row in owners for row in _rows(here, peer))


def _rows(local: tuple[str, int], remote: tuple[str, int]) -> Iterator[tuple[str, str]]:
    """Write both ends as the tables do: as IPv4, and as IPv4 mapped into IPv6."""
    for mapped in (False, True):
        yield _write(local, mapped=mapped), _write(remote, mapped=mapped)


def _write(end: tuple[str, int], *, mapped: bool) -> str:
    address = socket.inet_aton(end[0])
    packed = bytes(10) + b"\xff\xff" + address if mapped else address
    words = [packed[place : place + 4] for place in range(0, len(packed), 4)]
    written = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
    return f"{written}:{end[1]:04X}"
