"""What comes back: an answer whose body still comes, or an error that says what happened."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Callable, Mapping

import anyio
import httpx

from resilient_pip.errors import BadContent, Dropped, SourceError, Stalled, Unreachable
from resilient_pip.model import SafeUrl, redact
from resilient_pip.transport.causes import certificate_refused, of_proxy, proxy_refusal, unreachable
from resilient_pip.transport.redirects import NO_URL

_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
"""How a body may be packed. Twice ("gzip, gzip") makes a millionfold, and it is unpacked in one piece."""
HTTPX_FAILURES = (httpx.HTTPError, httpx.InvalidURL, OSError)
"""OSError too: TLS failures in the middle of a body come through httpcore as they are."""


class Answer:
    """A response whose headers are here and whose body still comes."""

    def __init__(self, response: httpx.Response, url: str, *, decode: bool, login: str) -> None:
        self._response = response
        self._decode = decode
        self.url = url
        """Where the redirects ended."""
        self.login = login
        """As whom it was asked for, for messages."""

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
                except HTTPX_FAILURES as error:
                    raise translate(error, self.url, received=self.body_bytes) from error
            if scope.cancelled_caught or chunk is None:
                raise Stalled(url=redact(self.url), silent_s=limit_s, received=self.body_bytes, expected=None)
            yield chunk


def translate(error: Exception, url: str, *, received: int, proxy: SafeUrl | None = None) -> SourceError:
    """Turn what httpx raised into an error of ours; `proxy` names the one on the way to the URL."""
    safe = redact(url)
    match error:
        case httpx.ConnectTimeout():
            failure = Unreachable(url=safe, kind="connect-timeout", reason="no answer to the connect")
            return of_proxy(failure, proxy)
        case httpx.ProxyError():
            return proxy_refusal(str(error), safe, proxy)
        case httpx.ConnectError():
            return of_proxy(unreachable(error, safe), proxy)
        case httpx.NetworkError() | ssl.SSLError() if refused := certificate_refused(error, safe):
            return refused
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
