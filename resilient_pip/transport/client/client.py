"""Requests: logins, redirects and the time that an answer may take to begin."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType, TracebackType

import anyio
import httpx

from resilient_pip.errors import BadContent, Stalled, Unreachable, UsageError
from resilient_pip.model import Network, SafeUrl, redact
from resilient_pip.settings import Settings
from resilient_pip.transport.client.answer import HTTPX_FAILURES, Answer, translate
from resilient_pip.transport.client.ways import Ways
from resilient_pip.transport.credentials import Credentials, origin
from resilient_pip.transport.hosts import Hosts
from resilient_pip.transport.login import Login
from resilient_pip.transport.redirects import REDIRECTS, redirected
from resilient_pip.urls import without_login

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_UNAUTHORISED = 401


class Client:
    """Sends GET requests over kept connections; an async context manager.

    Args:
        network: what pip was told of proxies and certificates.
        settings: for the time that a connection may take.
        credentials: who this program is to whom.
        environ: where variables say of proxies and certificates what `network` does not.
    """

    def __init__(
        self,
        *,
        network: Network,
        settings: Settings,
        credentials: Credentials,
        environ: Mapping[str, str],
    ) -> None:
        self._credentials = credentials
        self._ways = Ways(network, environ, connect_timeout_s=settings.connect_timeout_s)
        self.hosts = Hosts()

    async def __aenter__(self) -> Client:  # noqa: PYI034 - typing.Self is new in Python 3.11
        return self

    async def __aexit__(
        self,
        class_: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._ways.aclose()

    def prepare(self, urls: Iterable[str]) -> None:
        """Make ready for these URLs, so that what the user named wrongly is told before anything is sent.

        Raises:
            UsageError: a proxy or a certificate on the way to one of them is no good.
        """
        for url in urls:
            if url.startswith(("http:", "https:")):
                self._ways.to(url)

    def authorization(self, url: str) -> str | None:
        """Give the Authorization header that goes with a request for `url`; None where none does.

        Raises:
            BadContent: it is no URL.
        """
        login = self._login(url, None)
        return login.header if login else None

    @asynccontextmanager
    async def get(
        self, url: str, *, headers: Mapping[str, str] = _NO_HEADERS, first_byte_s: float, raw: bool = False
    ) -> AsyncIterator[Answer]:
        """Ask for `url` and give the answer, whatever its status, once its headers are here.

        Redirects are followed from `url` afresh every time, because their targets expire. After a 401
        keyring is asked, which may take longer than an answer, and the request is sent once more. The body
        comes as it is stored unless `headers` has an Accept-Encoding.

        Args:
            url: absolute, http or https; may carry a login.
            headers: further request headers.
            first_byte_s: for connections, redirects and headers together.
            raw: the body comes as it is sent in any case.

        Raises:
            Unreachable: no connection came about.
            Stalled: no answer within `first_byte_s`.
            Dropped: the connection broke before the headers were complete.
            BadContent: a redirect that must not be followed, or no URL.
        """
        decode = not raw and any(name.lower() == "accept-encoding" for name in headers)
        all_headers = {"Accept-Encoding": "identity", **headers}
        hop = await self._ask(url, all_headers, first_byte_s)
        refused = hop.response.status_code == _UNAUTHORISED
        if refused and await self._credentials.learn(hop.url, hop.login):
            await hop.response.aclose()
            hop = await self._ask(url, all_headers, first_byte_s)
        try:
            yield Answer(
                hop.response, without_login(hop.url), decode=decode, login=self._credentials.told(hop.login)
            )
        finally:
            await hop.response.aclose()

    async def _ask(self, url: str, headers: Mapping[str, str], first_byte_s: float) -> _Hop:
        with anyio.move_on_after(first_byte_s):
            return await self._follow_redirects(url, headers)
        raise Stalled(url=redact(url), silent_s=first_byte_s, received=0, expected=None)

    async def _follow_redirects(self, url: str, headers: Mapping[str, str]) -> _Hop:
        previous: _Hop | None = None
        for _ in range(REDIRECTS + 1):
            login = self._login(url, previous)
            previous = _Hop(url=url, login=login, response=await self._send(url, headers, login))
            response = previous.response
            location = response.headers.get("Location")
            if not response.is_redirect or location is None:
                return previous
            await response.aclose()
            url = redirected(url, location)
        raise BadContent(url=redact(url), reason=f"more than {REDIRECTS} redirects")

    def _login(self, url: str, previous: _Hop | None) -> Login | None:
        """Find the login of one hop; that of the hop before goes on to the same origin only."""
        try:
            login = self._credentials.login_for(url)
            if login is None and previous is not None and origin(previous.url) == origin(url):
                return previous.login
        except ValueError as error:
            raise BadContent(url=SafeUrl("(no URL)"), reason=f"not a URL: {error}") from error
        return login

    async def _send(self, url: str, headers: Mapping[str, str], login: Login | None) -> httpx.Response:
        client = self._client_for(url)
        authorised = {**headers, "Authorization": login.header} if login else headers
        try:
            request = client.build_request("GET", without_login(url), headers=authorised)
            response = await client.send(request, stream=True)
        except HTTPX_FAILURES as error:
            raise translate(error, url, received=0, proxy=self._ways.proxy_of(url)) from error
        return response

    def _client_for(self, url: str) -> httpx.AsyncClient:
        try:
            return self._ways.to(url)
        except UsageError as error:
            # Nobody could know before that the way would lead there: a redirect, or a URL on a page.
            raise Unreachable(url=redact(url), kind="setting", reason=str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hop:
    """One request on a way of redirects."""

    url: str
    login: Login | None
    response: httpx.Response
