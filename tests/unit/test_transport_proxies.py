"""Which proxy leads where, held against what pip's requests says, and which hosts are trusted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from pip._internal.models.link import Link
from pip._internal.network.session import PipSession
from pip._vendor.requests.utils import get_environ_proxies, select_proxy

from resilient_pip.model import Network
from resilient_pip.transport.proxies import proxy_name, read_proxies
from resilient_pip.transport.trusted import TrustedHosts

VARIABLES: tuple[Mapping[str, str], ...] = (
    {"HTTP_PROXY": "http://u:1"},
    {"http_proxy": "http://l:1", "HTTP_PROXY": "http://u:1"},
    {"http_proxy": "", "HTTP_PROXY": "http://u:1"},
    {"http_proxy": "", "ALL_PROXY": "http://a:1"},
    {"all_proxy": "http://a:1", "HTTPS_PROXY": "http://s:1"},
    {"Http_Proxy": "http://m:1"},
)
EXCEPTIONS = (
    *("", "*", "*,x", "example.com", ".example.com", "EXAMPLE.com", "example.com:8080", "ple.com"),
    *("10.0.0.0/8", "10.1.2.3", "10.1.2.0/24, other", "10.1.2.3/24", "10.0.0.0/33", "10.1.2.3:8080"),
    *("host", "localhost", " example.com , b", "::1", "[::1]", "a.b.example.com", ",", "."),
)
URLS = (
    *("http://example.com/", "https://example.com/", "http://a.example.com:8080/x", "http://badexample.com/"),
    *(
        "http://10.1.2.3/",
        "http://10.1.2.3:8080/",
        "https://host/",
        "http://[::1]:80/",
        "http://EXAMPLE.COM/",
    ),
)


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Let this process have these variables, as pip reads its own only."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_the_proxy_is_that_of_pip(name: str) -> None:
    """For all these variables, exceptions and URLs."""
    for variables in VARIABLES:
        for exceptions in EXCEPTIONS:
            environ = {**variables, name: exceptions}
            proxies = read_proxies(Network(), environ)
            with environment(environ):
                expected = {url: select_proxy(url, get_environ_proxies(url)) for url in URLS}
            assert {url: proxies.of(url) for url in URLS} == expected, environ


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("http://p:3128", "http://p:3128", id="URL"),
        pytest.param("p:3128", "http://p:3128", id="without scheme"),
        pytest.param("", None, id="none at all"),
    ],
)
def test_the_option_goes_over_all_variables(given: str, expected: str | None) -> None:
    """--proxy is for every URL, and NO_PROXY does not count."""
    proxies = read_proxies(Network(proxy=given), {"HTTP_PROXY": "other:1", "NO_PROXY": "*"})
    assert proxies.of("http://host/") == expected


def test_a_proxy_is_named_without_its_login() -> None:
    """Nor with what else could be secret."""
    assert proxy_name("http://me:pw@p.example:3128/") == "http://p.example:3128"


def test_trusted_hosts_are_those_of_pip() -> None:
    """Held against pip's judgement of where an index page may come from."""
    given = ("plain", "Port:8080", "[::2]:1", "::3", "10.1.2.3")
    urls = (
        *("https://any/", "http://any/", "http://plain/", "http://PLAIN:81/x", "http://port/"),
        *("http://port:8080/", "http://[::2]:1/", "http://[::2]/", "http://[::3]:5/", "http://10.1.2.3:8/"),
        *("http://127.3.2.1:9/", "http://localhost:9/", "http://[::1]/", "http://10.0.0.1/", "file:///x"),
    )
    session = PipSession(trusted_hosts=given)
    expected = {url: session.is_secure_origin(Link(url)) for url in urls}
    trusted = TrustedHosts(given)
    assert {url: trusted.admit(url) for url in urls} == expected
    assert [url for url in urls if trusted.names(url.replace("http:", "https:"))] == [
        *("http://plain/", "http://PLAIN:81/x", "http://port:8080/"),
        *("http://[::2]:1/", "http://[::3]:5/", "http://10.1.2.3:8/"),
    ]
