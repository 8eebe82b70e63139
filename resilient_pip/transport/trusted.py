"""Hosts that are taken at their word: what --trusted-host means, told as pip tells it. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit


class TrustedHosts:
    """What --trusted-host names: a host, with a port or for every port."""

    def __init__(self, given: Iterable[str]) -> None:
        self._named = frozenset(map(_split, given))

    def names(self, url: str) -> bool:
        """Whether the host of a URL is among them: then its certificate does not count."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        return not self._named.isdisjoint({(host, None), (host, parts.port)})

    def admit(self, url: str) -> bool:
        """Whether an index page may come from there: over TLS, from loopback or a file, or it is among them.

        pip passes other places over, with a warning.
        """
        parts = urlsplit(url)
        return parts.scheme != "http" or self.names(url) or _is_loopback(parts.hostname or "")


def _split(given: str) -> tuple[str, int | None]:
    is_bare_ipv6 = given.count(":") > 1 and not given.startswith("[")
    parts = urlsplit(f"//[{given}]" if is_bare_ipv6 else f"//{given}")
    return (parts.hostname or "").lower(), parts.port


def _is_loopback(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
