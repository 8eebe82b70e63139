"""The ways to hosts: through which proxy, and whom to trust there."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpcore  # noqa: F401 - httpx does so at its first use, when the environment may have changed
import httpx

from resilient_pip import __version__
from resilient_pip.errors import UsageError
from resilient_pip.model import Network, SafeUrl
from resilient_pip.transport.proxies import proxy_name, read_proxies
from resilient_pip.transport.tls import trusting_context, verifying_context
from resilient_pip.transport.trusted import TrustedHosts

_CONNECTIONS = 64  # more than all parts ask for at once: nothing waits in the pool


class Ways:
    """The ways to hosts, each made when it is first needed: through which proxy, and whom to trust."""

    def __init__(self, network: Network, environ: Mapping[str, str], *, connect_timeout_s: float) -> None:
        self._network = network
        self._environ = environ
        self._connect_timeout_s = connect_timeout_s
        self._proxies = read_proxies(network, environ)
        self._trusted = TrustedHosts(network.trusted_hosts)
        self._clients: dict[tuple[str | None, bool | None], httpx.AsyncClient] = {}

    def to(self, url: str) -> httpx.AsyncClient:
        """Give the client that goes to a URL.

        Raises:
            UsageError: a proxy or a certificate on the way there is no good.
        """
        is_verifying = None if url.startswith("http:") else not self._trusted.names(url)
        way = self._proxies.of(url), is_verifying
        if way not in self._clients:
            self._clients[way] = self._make(*way)
        return self._clients[way]

    def proxy_of(self, url: str) -> SafeUrl | None:
        """Name the proxy on the way to a URL, without its login."""
        proxy = self._proxies.of(url)
        return proxy_name(proxy) if proxy else None

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()

    def _make(self, proxy: str | None, is_verifying: bool | None) -> httpx.AsyncClient:  # noqa: FBT001 - a key's part
        if is_verifying is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without use
        elif is_verifying:
            context = verifying_context(self._network, self._environ)
        else:
            context = trusting_context(self._network)
        try:
            return httpx.AsyncClient(
                verify=context,
                proxy=self._proxy(proxy) if proxy else None,
                trust_env=False,
                headers={"User-Agent": f"resilient-pip/{__version__}"},
                # httpx's own time-outs are per operation; ours are the scopes around them.
                timeout=httpx.Timeout(None, connect=self._connect_timeout_s),
                # httpcore counts busy connections as kept ones: fewer kept than allowed closes good ones.
                limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
            )
        except ImportError as error:
            raise UsageError(
                message=f"the SOCKS proxy {proxy_name(proxy or '')} needs the package socksio:"
                " install resilient-pip[socks] in place of resilient-pip"
            ) from error

    def _proxy(self, url: str) -> httpx.Proxy:
        is_tls = url.startswith("https:")
        try:
            _ = urlsplit(url).port  # httpx takes "[x" for a name
            return httpx.Proxy(
                url, ssl_context=verifying_context(self._network, self._environ) if is_tls else None
            )
        except (ValueError, httpx.InvalidURL) as error:
            name = proxy_name(url)
            raise UsageError(
                message=f"the proxy {name} cannot be used: it has to be http, https, socks5 or socks5h,"
                " a host and a port"
            ) from error
