"""Which proxy leads to a URL, told as pip (through requests and urllib) tells it. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from resilient_pip.model import Network, SafeUrl, redact

_SUFFIX = "_proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """What the user said of proxies."""

    fixed: str | None = field(default=None, repr=False)
    """--proxy: for all URLs, NO_PROXY or not; empty: none for any. None: as the variables say."""
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of HTTP_PROXY, HTTPS_PROXY…, by what stands before "_proxy" in lower case."""
    exceptions: str = ""
    """NO_PROXY."""

    def of(self, url: str) -> str | None:
        """Give the proxy, which may carry a login, with its scheme; None where there is none."""
        proxy = self._given(url) if self.fixed is None else self.fixed
        if not proxy:
            return None
        return proxy if "://" in proxy else f"http://{proxy}"

    def _given(self, url: str) -> str | None:
        if self._is_excepted(url):
            return None
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname or ""
        keys = (f"{scheme}://{host}", scheme, f"all://{host}", "all")
        return next((self.variables[key] for key in keys if key in self.variables), None)

    def _is_excepted(self, url: str) -> bool:
        """Whether NO_PROXY names the host: itself, its domain, with or without port; or as a network."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        names = {host}
        if parts.port and _address(host) is None:  # requests takes the port of a name only
            names.add(f"{host}:{parts.port}")
        if self.exceptions.strip() == "*":
            return True
        for exception in self.exceptions.lower().replace(" ", "").split(","):
            own = exception.lstrip(".")
            if own and (own in names or any(name.endswith(f".{own}") for name in names)):
                return True
            if _is_within(host, own):
                return True
        return False


def read_proxies(network: Network, environ: Mapping[str, str]) -> Proxies:
    """Read options and variables; a variable in lower case counts before the same in upper case."""
    return Proxies(
        fixed=network.proxy,
        variables=_variables(environ),
        exceptions=environ.get("no_proxy") or environ.get("NO_PROXY") or "",
    )


def proxy_name(proxy: str) -> SafeUrl:
    """Give a proxy for messages: without its login."""
    return redact(proxy.rstrip("/"))


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in sorted(environ, key=str.islower):
        scheme = name.lower().removesuffix(_SUFFIX)
        if scheme != name.lower() and environ[name]:
            found[scheme] = environ[name]
        elif name.islower():
            found.pop(scheme, None)  # an empty one takes back what upper case says
    return found


def _is_within(host: str, network: str) -> bool:
    address = _address(host)
    if address is None or "/" not in network:
        return False
    try:
        return address in ipaddress.IPv4Network(network, strict=False)
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(host)
    except ValueError:
        return None
