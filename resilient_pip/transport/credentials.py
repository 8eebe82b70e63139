"""Who this program is to which host, found where pip finds it."""

from __future__ import annotations

import base64
import netrc
import posixpath
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

_PORTS = {"http": 80, "https": 443}


class Login(NamedTuple):
    """A user's name and password."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Login(****)"

    @property
    def header(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")
        return f"Basic {token}"


class Credentials:
    """Looks logins up in pip's order: the URL itself, the index URL nearest to it, netrc.

    Unlike pip, what an index URL carries goes to the same origin only, not to any scheme of the host.
    """

    def __init__(self, index_urls: Sequence[str], environ: Mapping[str, str]) -> None:
        self._index_urls = tuple(index_urls)
        self._netrc = _read_netrc(environ)

    def __repr__(self) -> str:
        return f"Credentials({len(self._index_urls)} index URLs, netrc: {'yes' if self._netrc else 'no'})"

    def login_for(self, url: str) -> Login | None:
        """Return the login to send with a request for `url`."""
        user, password = _user_info(url)
        if user is None or password is None:
            index_user, index_password = _user_info(self._nearest_index(url) or "")
            if index_user is not None:
                user, password = index_user, index_password
        if user is not None and password is not None:
            return Login(user, password)
        from_netrc = self._from_netrc(urlsplit(url).hostname)
        if from_netrc is not None:
            return from_netrc
        # "https://token@host/": a user without a password is sent with an empty one, as pip does.
        return None if user is None else Login(user, "")

    def _nearest_index(self, url: str) -> str | None:
        path = urlsplit(url).path or "/"
        same_origin = [index for index in self._index_urls if origin(index) == origin(url)]
        return max(
            same_origin,
            key=lambda index: len(posixpath.commonpath([path, urlsplit(index).path or "/"])),
            default=None,
        )

    def _from_netrc(self, host: str | None) -> Login | None:
        found = self._netrc.authenticators(host) if self._netrc and host else None
        if found is None:
            return None
        user, account, password = found
        return Login(user or account or "", password or "")


def without_login(url: str) -> str:
    """Take user and password out of a URL, and nothing else."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL (RFC 6454); raises ValueError where the port is no number."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)


def _user_info(url: str) -> tuple[str | None, str | None]:
    user_info, at, _ = urlsplit(url).netloc.rpartition("@")
    if not at:
        return None, None
    user, colon, password = user_info.partition(":")
    return unquote(user), unquote(password) if colon else None


def _read_netrc(environ: Mapping[str, str]) -> netrc.netrc | None:
    home = Path(environ.get("HOME") or Path.home())
    named = environ.get("NETRC")
    for path in (Path(named).expanduser(),) if named else (home / ".netrc", home / "_netrc"):
        with suppress(OSError, netrc.NetrcParseError, UnicodeError):  # as good as absent, as it is to pip
            return netrc.netrc(path)
    return None
