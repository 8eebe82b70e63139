"""URLs without what must not go along; what may be shown to people is made by `model.redact`."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def host_of(url: str) -> str:
    """Give the host of a URL with its port, without a login."""
    return urlsplit(url).netloc.rpartition("@")[2]


def without_login(url: str) -> str:
    """Take user and password out of a URL, and nothing else; the query may still hold a secret."""
    return urlunsplit(urlsplit(url)._replace(netloc=host_of(url)))
