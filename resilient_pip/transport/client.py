"""The one HTTP client: httpx behind values, limits and errors of our own."""

from __future__ import annotations

import ssl
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from types import MappingProxyType, TracebackType
from urllib.parse import urlsplit

import anyio
import httpx

from resilient_pip import __version__
from resilient_pip.errors import (
    BadContent,
    Dropped,
    Refused,
    SourceError,
    Stalled,
    Unreachable,
    UsageError,
)
from resilient_pip.model import Network, SafeUrl, redact
from resilient_pip.settings import Settings
from resilient_pip.transport.causes import unreachable
from resilient_pip.transport.credentials import Credentials, Login, origin, without_login
from resilient_pip.transport.hosts import Hosts
from resilient_pip.transport.redirects import NO_URL, REDIRECTS, redirected
from resilient_pip.transport.tls import trusting_context, verifying_context

if find_spec("sniffio") is None:
    # httpcore tries to import it for each request and each lock; a search of the whole path takes 0.2 ms.
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # the import system's own way to say "not there"

_CONNECTIONS = 64  # more than all parts ask for at once: nothing waits in the pool
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip"})
"""How a body may be packed. Twice ("gzip, gzip") makes a millionfold, and it is unpacked in one piece."""
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_PROXY_AUTHENTICATION_REQUIRED = 407
_HTTPX_FAILURES = (httpx.HTTPError, httpx.InvalidURL, OSError)
"""OSError too: TLS failures in the middle of a body come through httpcore as they are."""


class Answer:
    """A response whose headers are here and whose body still comes."""

    def __init__(self, response: httpx.Response, url: str, *, decode: bool) -> None:
        self._response = response
        self._decode = decode
        self.url = url
        """Where the redirects ended."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; names in any case."""
        return self._response.headers

    @property
    def body_bytes(self) -> int:
        """How many bytes of the body came over the network so far, before any decoding."""
        return self._response.num_bytes_downloaded

    async def close(self) -> None:
        """Want no more of it."""
        await self._response.aclose()

    async def chunks(self, idle_s: Callable[[int], float]) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes.

        Args:
            idle_s: how long to wait for more, given the bytes of the body that came so far.

        Raises:
            Stalled: nothing came for that long.
            Dropped: the connection broke, or the body is shorter than announced.
            BadContent: the body's encoding is broken, or another one than was asked for.
        """
        encoding = self.headers.get("Content-Encoding", "identity").strip().lower()
        if self._decode and encoding not in _ENCODINGS:
            raise BadContent(url=redact(self.url), reason=f"the body is packed as {encoding[:40]!r}")
        body = self._response.aiter_bytes() if self._decode else self._response.aiter_raw()
        while True:
            limit_s = idle_s(self.body_bytes)
            chunk: bytes | None = None
            with anyio.move_on_after(limit_s) as scope:
                try:
                    chunk = await anext(body)
                except StopAsyncIteration:
                    return
                except _HTTPX_FAILURES as error:
                    raise translate(error, self.url, received=self.body_bytes) from error
            if scope.cancelled_caught or chunk is None:
                raise Stalled(url=redact(self.url), silent_s=limit_s, received=self.body_bytes, expected=None)
            yield chunk


class Client:
    """Sends GET requests over kept connections; an async context manager.

    Raises:
        UsageError: the proxy or a certificate that the user named is no good.
    """

    def __init__(self, *, network: Network, settings: Settings, credentials: Credentials) -> None:
        self._credentials = credentials
        self._trusted = frozenset(host.lower() for host in network.trusted_hosts)
        self._verifying = _make(network, settings, verifying_context(network))
        self._trusting = _make(network, settings, trusting_context(network)) if self._trusted else None
        self._exits = AsyncExitStack()
        self.hosts = Hosts()

    async def __aenter__(self) -> Client:  # noqa: PYI034 - typing.Self is new in Python 3.11
        await self._exits.enter_async_context(self._verifying)
        if self._trusting is not None:
            await self._exits.enter_async_context(self._trusting)
        return self

    async def __aexit__(
        self,
        class_: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exits.aclose()

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

        Redirects are followed from `url` afresh every time, because their targets expire. The body
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
        response: httpx.Response | None = None
        with anyio.move_on_after(first_byte_s):
            response, final = await self._follow_redirects(url, all_headers)
        if response is None:
            raise Stalled(url=redact(url), silent_s=first_byte_s, received=0, expected=None)
        try:
            yield Answer(response, final, decode=decode)
        finally:
            await response.aclose()

    async def _follow_redirects(self, url: str, headers: Mapping[str, str]) -> tuple[httpx.Response, str]:
        previous: tuple[str, Login | None] | None = None
        for _ in range(REDIRECTS + 1):
            login = self._login(url, previous)
            response = await self._send(url, headers, login)
            location = response.headers.get("Location")
            if not response.is_redirect or location is None:
                return response, without_login(url)
            await response.aclose()
            previous = url, login
            url = redirected(url, location)
        raise BadContent(url=redact(url), reason=f"more than {REDIRECTS} redirects")

    def _login(self, url: str, previous: tuple[str, Login | None] | None) -> Login | None:
        """Find the login of one hop; that of the hop before goes on to the same origin only."""
        try:
            login = self._credentials.login_for(url)
            if login is None and previous is not None and origin(previous[0]) == origin(url):
                return previous[1]
        except ValueError as error:
            raise BadContent(url=SafeUrl("(no URL)"), reason=f"not a URL: {error}") from error
        return login

    async def _send(self, url: str, headers: Mapping[str, str], login: Login | None) -> httpx.Response:
        client = self._client_for(url)
        authorised = {**headers, "Authorization": login.header} if login else headers
        try:
            request = client.build_request("GET", without_login(url), headers=authorised)
            response = await client.send(request, stream=True)
        except _HTTPX_FAILURES as error:
            raise translate(error, url, received=0) from error
        return response

    def _client_for(self, url: str) -> httpx.AsyncClient:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if self._trusting is not None and not self._trusted.isdisjoint({host, f"{host}:{parts.port}"}):
            return self._trusting
        return self._verifying


def _make(network: Network, settings: Settings, context: ssl.SSLContext) -> httpx.AsyncClient:
    proxy = network.proxy
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    try:
        return httpx.AsyncClient(
            verify=context,
            proxy=proxy or None,
            trust_env=proxy is None,
            headers={"User-Agent": f"resilient-pip/{__version__}"},
            # httpx's own time-outs are per operation; ours are the scopes around them.
            timeout=httpx.Timeout(None, connect=settings.connect_timeout_s),
            # httpcore counts busy connections as kept ones: fewer kept than allowed closes good ones.
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
        )
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        # ImportError: a SOCKS proxy needs a package that is not installed.
        raise UsageError(message=f"the proxy cannot be used: {type(error).__name__}") from error


def translate(error: Exception, url: str, *, received: int) -> SourceError:
    """Turn what httpx raised into an error of ours."""
    safe = redact(url)
    match error:
        case httpx.ConnectTimeout():
            return Unreachable(url=safe, kind="connect-timeout", reason="no answer to the connect")
        case httpx.ProxyError():
            if str(error).startswith(str(_PROXY_AUTHENTICATION_REQUIRED)):
                return Refused(url=safe, status=_PROXY_AUTHENTICATION_REQUIRED)
            return Unreachable(url=safe, kind="proxy", reason=str(error))
        case httpx.ConnectError():
            return unreachable(error, safe)
        case httpx.UnsupportedProtocol() | httpx.InvalidURL() | httpx.LocalProtocolError():
            return BadContent(url=safe, reason=f"not a usable URL: {type(error).__name__}")
        case httpx.RemoteProtocolError() if "location header" in str(error):
            return BadContent(url=safe, reason=NO_URL)  # httpx looks at it although it does not follow
        case httpx.DecodingError():
            return BadContent(url=safe, reason="the body's compression is broken")
        case httpx.TimeoutException():
            return Stalled(url=safe, silent_s=0.0, received=received, expected=None)
        case _:
            return Dropped(url=safe, reason=_broken(error), received=received, expected=None)


def _broken(error: Exception) -> str:
    match error:
        case httpx.RemoteProtocolError() if "incomplete" in str(error) or "without sending" in str(error):
            return "body ended early" if "body" in str(error) else "connection closed without an answer"
        case httpx.RemoteProtocolError():
            return "malformed HTTP answer"
        case ssl.SSLError():
            return "TLS failure"
        case _:
            return "connection reset"
