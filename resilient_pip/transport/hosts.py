"""Which hosts are dead: found out once per run, not once per file."""

from __future__ import annotations

from urllib.parse import urlsplit

from resilient_pip.errors import Unreachable


class Hosts:
    """Remembers hosts that a whole series of tries could not reach; further requests try them once."""

    def __init__(self) -> None:
        self._dead: set[str] = set()

    def mark_dead(self, error: Unreachable) -> None:
        """Remember that every try to reach this host failed."""
        self._dead.add(_host(error.url))

    def mark_alive(self, url: str) -> None:
        """Remember that this host answers."""
        self._dead.discard(_host(url))

    def is_dead(self, error: Unreachable) -> bool:
        """Say whether another series of tries is pointless."""
        return _host(error.url) in self._dead


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
