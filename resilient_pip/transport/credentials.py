"""Who this program is to which host, found where pip finds it."""

from __future__ import annotations

import netrc
import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

import anyio

from resilient_pip.transport.keyring import Keyring
from resilient_pip.transport.login import Login
from resilient_pip.urls import host_of, without_login

_PORTS = {"http": 80, "https": 443}
_URL = "the URL"
_Origin: TypeAlias = "tuple[str, str, int | None]"


class Credentials:
    """Looks logins up in pip's order: the URL, the index URL nearest to it, netrc; after a 401 keyring.

    Unlike pip, what an index URL carries goes to the same origin only, not to any scheme of the host; and
    a login that was refused with 401 is not sent again where keyring had another.

    Args:
        index_urls: of indexes and their like, with their logins.
        environ: says where the netrc file is.
        keyring: None: it is not to be asked.
    """

    def __init__(
        self, index_urls: Sequence[str], environ: Mapping[str, str], keyring: Keyring | None = None
    ) -> None:
        self._index_urls = tuple(index_urls)
        self._netrc = Netrc(environ)
        self._keyring = keyring
        self._learned: dict[_Origin, Login] = {}
        self._refused: set[tuple[_Origin, Login]] = set()
        self._without: set[_Origin] = set()
        """Where keyring knows no login that works."""
        self._asking = anyio.Lock()

    def __repr__(self) -> str:
        return f"Credentials({len(self._index_urls)} index URLs, netrc: {'yes' if self._netrc else 'no'})"

    def login_for(self, url: str) -> Login | None:
        """Return the login to send with a request for `url`.

        Raises:
            ValueError: it is no URL.
        """
        where = origin(url)
        user, _ = self._names(url)
        found = self._given(url) or self._netrc.login_for(urlsplit(url).hostname)
        learned = self._learned.get(where)
        if learned is not None and (found is None or (where, found) in self._refused):
            # For another user than the URL names it would be the wrong one.
            found = learned if user in {None, learned.user} else found
        if found is not None or user is None:
            return found
        # "https://token@host/": a user without a password is sent with an empty one, as pip does.
        return learned if learned and learned.user == user else Login(user=user, password="", source=_URL)

    async def learn(self, url: str, sent: Login | None) -> bool:
        """Ask keyring after a 401; say whether there is a login now that was not sent.

        Args:
            url: what was asked for, with the login that it came with.
            sent: the login that was refused.
        """
        if self._keyring is None or self._given(url) is not None:
            return False
        where = origin(url)
        async with self._asking:
            if where in self._without:
                return False
            if where in self._learned and self.login_for(url) != sent:
                return True  # another request was told meanwhile
            if sent is not None:
                self._refused.add((where, sent))
            user, index = self._names(url)
            services = [without_login(index).rstrip("/") + "/"] if index else []
            login = await self._keyring.find([*services, host_of(url)], user)
            if login is None or (where, login) in self._refused:
                self._without.add(where)
                return False
            self._learned[where] = login
            return True

    def told(self, login: Login | None) -> str:
        """Say which login it is that was refused."""
        if login is not None and login.password:
            return f"with the login of {login.source}"
        keyring = [] if self._keyring is None else ["keyring"]
        *places, last = ("the URL", self._netrc.name, *keyring)
        return f"no password in {', '.join(places)} or {last}"

    def _given(self, url: str) -> Login | None:
        """Give the whole login of the URL, or of the index nearest to it."""
        for place, source in ((url, _URL), (self._nearest_index(url), "the index URL")):
            user, password = _user_info(place or "")
            if user is not None and password is not None:
                return Login(user=user, password=password, source=source)
        return None

    def _names(self, url: str) -> tuple[str | None, str | None]:
        """Give the user whom the URL or its index names, and the index."""
        index = self._nearest_index(url)
        of_index, _ = _user_info(index or "")
        return of_index or _user_info(url)[0], index

    def _nearest_index(self, url: str) -> str | None:
        path = urlsplit(url).path or "/"
        same_origin = [index for index in self._index_urls if origin(index) == origin(url)]
        return max(
            same_origin,
            key=lambda index: len(posixpath.commonpath([path, urlsplit(index).path or "/"])),
            default=None,
        )


class Netrc:
    """The netrc file that pip reads: that of NETRC, or the first of those in the home folder that exists."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        home, named = Path(environ.get("HOME") or Path.home()), environ.get("NETRC")
        places = (home / ".netrc", home / "_netrc") if named is None else (_expanded(named, home),)
        path = next(filter(_exists, places), None)
        self._hosts: netrc.netrc | None = None
        self.name = str(path or places[0])
        """The file for messages, with what is wrong with it: it is as good as none then, as it is to pip."""
        try:
            self._hosts = netrc.netrc(path) if path else None
        except OSError as error:
            self.name += f" (cannot be read: {error.strerror})"
        except netrc.NetrcParseError as error:
            # Not its words: they show what it stumbled over, which may be a password.
            self.name += f" (its line {error.lineno} is malformed)"
        except UnicodeError:
            self.name += " (it is not UTF-8)"

    def __bool__(self) -> bool:
        return self._hosts is not None

    def login_for(self, host: str | None) -> Login | None:
        """Give what it says of a host, or of all others."""
        found = self._hosts.authenticators(host) if self._hosts and host else None
        if found is None or not any(found):
            return None
        user, account, password = found
        return Login(user=user or account or "", password=password or "", source=self.name)


def _expanded(name: str, home: Path) -> Path:
    return home / name.removeprefix("~/") if name.startswith("~/") else Path(name)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the folder may not be entered
        return False


def origin(url: str) -> _Origin:
    """Return scheme, host and port of a URL (RFC 6454); raises ValueError where the port is no number."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)


def _user_info(url: str) -> tuple[str | None, str | None]:
    user_info, at, _ = urlsplit(url).netloc.rpartition("@")
    if not at:
        return None, None
    user, colon, password = user_info.partition(":")
    return unquote(user), unquote(password) if colon else None
