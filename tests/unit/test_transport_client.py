"""The client against real sockets: limits, redirects, logins, TLS, and what its failures are called."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from resilient_pip.errors import (
    BadContent,
    Dropped,
    Refused,
    SourceError,
    Stalled,
    Unreachable,
    UsageError,
)
from resilient_pip.model import Network
from resilient_pip.transport.client import Client, translate
from resilient_pip.transport.credentials import Credentials
from tests.support.faults import NeverAnswer, RedirectTo, Reset, Stall
from tests.support.faultserver import FaultyIndex
from tests.unit.transfers import answering, quick, run

BODY = b"x" * 200_000


def get(
    url: str,
    *,
    network: Network | None = None,
    index_urls: tuple[str, ...] = (),
    headers: dict[str, str] | None = None,
) -> tuple[int, str, bytes]:
    """Read one answer: its status, final URL and body."""

    async def main() -> tuple[int, str, bytes]:
        client = Client(
            network=network or Network(),
            settings=quick(),
            credentials=Credentials(index_urls, {}),
            environ={},
        )
        async with client, client.get(url, headers=headers or {}, first_byte_s=2.0) as answer:
            body = b"".join([chunk async for chunk in answer.chunks(lambda _: 0.5)])
            assert answer.body_bytes == len(body)
            return answer.status, answer.url, body

    return run(main)


def failing(url: str, network: Network | None = None) -> SourceError:
    """Read one answer and return the error."""
    with pytest.raises(SourceError) as caught:
        get(url, network=network)
    return caught.value


def test_an_answer(index: FaultyIndex) -> None:
    """Status, URL without login, body."""
    url = index.put("/f", BODY)
    assert get(url.replace("//", "//u:p@")) == (200, url, BODY)
    assert get(index.url_of("/none")) == (404, index.url_of("/none"), b"")
    assert index.requests[0].authorization == "Basic dTpw"


def test_redirects_are_followed_to_where_they_end(index: FaultyIndex) -> None:
    """Relative ones too; a login goes on to the same origin and to no other."""
    with FaultyIndex() as other:
        final = other.put("/f", BODY)
        index.script("/1", [RedirectTo("/2")])
        index.script("/2", [RedirectTo(final)])
        start = index.url_of("/1").replace("//", "//u:p@")
        assert get(start) == (200, final, BODY)
        assert [request.authorization for request in index.requests] == ["Basic dTpw"] * 2
        assert [request.authorization for request in other.requests] == [None]


def test_a_redirect_may_bring_its_own_login(index: FaultyIndex) -> None:
    """What the Location carries, and what an index URL of that host carries, is sent there."""
    with FaultyIndex(credentials=("me", "pw")) as other:
        final = other.put("/f", BODY)
        index.script("/own", [RedirectTo(final.replace("//", "//me:pw@"))])
        index.script("/index", [RedirectTo(final)])
        assert get(index.url_of("/own")) == (200, final, BODY)
        assert get(index.url_of("/index"))[0] == 401
        assert get(index.url_of("/index"), index_urls=(other.url_with_credentials,))[0] == 200


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        pytest.param("/loop", "more than 10 redirects", id="loop"),
        pytest.param("ftp://host/", "redirect to a ftp URL", id="other scheme"),
        pytest.param("http://[x", "redirect to something that is no URL", id="no URL"),
    ],
)
def test_redirects_that_are_not_followed(index: FaultyIndex, location: str, reason: str) -> None:
    """Loops and targets that are none end the request."""
    index.script("/loop", [RedirectTo(location)])
    error = failing(index.url_of("/loop"))
    assert isinstance(error, BadContent)
    assert error.reason == reason


def test_first_byte_stall_and_reset(index: FaultyIndex) -> None:
    """Each kind of silence and break has its own error, with the bytes that came."""
    for path, fault in (("/n", NeverAnswer()), ("/s", Stall(1000)), ("/r", Reset(1000))):
        index.put(path, BODY)
        index.script(path, [fault])
    never, stalled, reset = (failing(index.url_of(path)) for path in ("/n", "/s", "/r"))
    assert isinstance(never, Stalled)
    assert (never.silent_s, never.received) == (2.0, 0)
    assert isinstance(stalled, Stalled)
    assert (stalled.silent_s, stalled.received) == (0.5, 1000)
    assert isinstance(reset, Dropped)
    assert (reset.reason, reset.received) == ("connection reset", 1000)


@pytest.mark.parametrize(
    ("answer", "headers", "class_", "text"),
    [
        pytest.param(
            b"HTTP/1.1 302 Found\r\nLocation: http://h:port/\r\nContent-Length: 0\r\n\r\n",
            {},
            BadContent,
            "redirect to something that is no URL",
            id="bad Location",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
            {},
            Dropped,
            "body ended early at 3 B",
            id="short body",
        ),
        pytest.param(b"", {}, Dropped, "connection closed without an answer at 0 B", id="nothing"),
        pytest.param(b"220 mail\r\n\r\n", {}, Dropped, "malformed HTTP answer at 0 B", id="not HTTP"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
            {"Accept-Encoding": "gzip"},
            BadContent,
            "the body's compression is broken",
            id="broken gzip",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
            {"Accept-Encoding": "gzip"},
            BadContent,
            "the body is packed as 'br'",
            id="packed otherwise",
        ),
    ],
)
def test_broken_answers(answer: bytes, headers: dict[str, str], class_: type, text: str) -> None:
    """What is no proper HTTP is named in words for a log."""
    with answering(answer) as port, pytest.raises(SourceError) as caught:
        get(f"http://127.0.0.1:{port}/", headers=headers)
    assert (type(caught.value), str(caught.value)) == (class_, text)


def test_a_file_is_stored_as_it_is_sent() -> None:
    """Content-Encoding of a file that nobody asked to be compressed is left alone, as pip does."""
    with answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc") as port:
        assert get(f"http://127.0.0.1:{port}/")[2] == b"abc"


def test_hosts_that_cannot_be_reached() -> None:
    """Refused connections, names that do not resolve and bad URLs are told apart."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refused = failing(f"http://127.0.0.1:{unused.getsockname()[1]}/")
    unknown = failing("http://no-such-host.invalid/")
    assert isinstance(refused, Unreachable)
    assert isinstance(unknown, Unreachable)
    assert (refused.kind, unknown.kind) == ("refused", "dns")
    for url in ("ftp://host/f", "http://[x", "http://host:port/", "http:///f"):
        assert isinstance(failing(url), BadContent)


# --- TLS ---


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that no system knows."""
    return trustme.CA()


@contextmanager
def secure(authority: trustme.CA, *, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve a short answer over TLS; give the URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)

    def wrap(connection: socket.socket) -> socket.socket:
        return context.wrap_socket(connection, server_side=True)

    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", wrap) as port:
        yield f"https://127.0.0.1:{port}/"


def test_an_unknown_authority_is_a_tls_failure(authority: trustme.CA) -> None:
    """A certificate that nobody vouches for is not accepted."""
    with secure(authority) as url:
        error = failing(url)
    assert isinstance(error, Unreachable)
    assert error.kind == "tls"


def test_the_users_authority_and_trusted_hosts_count(authority: trustme.CA, tmp_path: Path) -> None:
    """--cert adds trust for what it signed; --trusted-host, with or without port, drops the question."""
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    with secure(authority) as url:
        port = url.rpartition(":")[2].rstrip("/")
        for network in (
            Network(cert=str(bundle)),
            Network(trusted_hosts=("127.0.0.1",)),
            Network(trusted_hosts=("other", f"127.0.0.1:{port}")),
        ):
            assert get(url, network=network) == (200, url, b"ok")
        other_port = failing(url, Network(trusted_hosts=("127.0.0.1:1",)))
    assert isinstance(other_port, Unreachable)


def test_a_certificate_for_another_host_is_refused(authority: trustme.CA, tmp_path: Path) -> None:
    """The name has to fit."""
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    with secure(authority, host="other.example") as url:
        error = failing(url, Network(cert=str(bundle)))
    assert isinstance(error, Unreachable)
    assert error.kind == "tls"


def test_https_never_leads_to_http(authority: trustme.CA, index: FaultyIndex) -> None:
    """A redirect that gives up encryption is not followed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    redirect = f"HTTP/1.1 302 Found\r\nLocation: {index.url}\r\nContent-Length: 0\r\n\r\n".encode()
    with answering(redirect, lambda link: context.wrap_socket(link, server_side=True)) as port:
        error = failing(f"https://127.0.0.1:{port}/", Network(trusted_hosts=("127.0.0.1",)))
    assert str(error) == "redirect from https to http"
    assert index.requests == []


def test_a_plain_server_on_an_https_url(index: FaultyIndex) -> None:
    """Not TLS at all is a TLS failure too; a connection closed during the handshake is not."""
    error = failing(index.url.replace("http:", "https:"))
    assert isinstance(error, Unreachable)
    assert error.kind == "tls"
    with answering(b"") as port:
        closed = failing(f"https://127.0.0.1:{port}/")
    assert isinstance(closed, Unreachable)
    assert closed.kind == "network"


# --- what the user configured ---


def test_a_proxy_gets_the_requests(index: FaultyIndex) -> None:
    """--proxy, with or without scheme, is asked instead of the host."""
    index.put("/f", BODY)
    assert get("http://far.invalid/f", network=Network(proxy=index.host)) == (
        200,
        "http://far.invalid/f",
        BODY,
    )


def test_a_proxy_that_refuses(index: FaultyIndex) -> None:
    """A tunnel that is not granted is a proxy failure; 407 asks for a login."""
    error = failing("https://far.invalid/f", Network(proxy=index.host))
    assert isinstance(error, Unreachable)
    assert error.kind == "proxy"
    with answering(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as port:
        login = failing("https://far.invalid/f", Network(proxy=f"http://127.0.0.1:{port}"))
    with answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") as forbidding:
        forbidden = failing("https://far.invalid/f", Network(proxy=f"http://me:pw@127.0.0.1:{forbidding}"))
    assert isinstance(login, Refused)
    assert (login.status, str(login)) == (407, f"HTTP 407, from http://127.0.0.1:{port}")
    assert isinstance(forbidden, Unreachable)
    assert (forbidden.fault, forbidden.reason) == (
        "refused",
        f"http://127.0.0.1:{forbidding}: 403 Forbidden",
    )


def test_a_proxy_that_is_not_there(index: FaultyIndex) -> None:
    """It is what is blamed, and not the host."""
    host = index.host
    index.stop()
    for url in ("http://far.invalid/f", "https://far.invalid/f"):
        error = failing(url, Network(proxy=f"http://me:pw@{host}"))
        assert isinstance(error, Unreachable)
        assert (error.kind, error.reason) == ("proxy", f"http://{host}: connection refused")


@pytest.mark.parametrize(
    ("network", "message"),
    [
        pytest.param(Network(cert="/none.pem"), "certificate bundle /none.pem: ", id="cert"),
        pytest.param(Network(cert="/"), None, id="folder"),
        pytest.param(Network(client_cert="/none.pem"), "client certificate /none.pem: ", id="client cert"),
        pytest.param(
            Network(proxy="mail://me:pw@h"),
            "the proxy mail://h cannot be used: it has to be",
            id="proxy scheme",
        ),
        pytest.param(Network(proxy="http://h:port"), "the proxy (no URL) cannot be used: ", id="proxy port"),
        pytest.param(Network(proxy="http://[h"), "the proxy (no URL) cannot be used: ", id="proxy IPv6"),
    ],
)
def test_bad_network_options_are_usage_errors(network: Network, message: str | None) -> None:
    """What the user named wrongly is told before anything is asked for, where it is needed at all."""
    client = Client(network=network, settings=quick(), credentials=Credentials((), {}), environ={})
    client.prepare(["file:///wheels", "/wheels"])
    if message is None:
        client.prepare(["https://host/simple"])
        return
    with pytest.raises(UsageError) as caught:
        client.prepare(["https://host/simple"])
    assert str(caught.value).startswith(message)


def test_a_setting_that_turns_out_wrong_on_the_way(index: FaultyIndex) -> None:
    """A redirect to https needs the bundle that nobody has needed before: no try helps."""
    index.script("/f", [RedirectTo("https://far.invalid/f")])
    error = failing(index.url_of("/f"), Network(cert="/none.pem"))
    assert isinstance(error, Unreachable)
    assert (error.kind, error.reason) == (
        "setting",
        "certificate bundle /none.pem: No such file or directory",
    )


def test_a_client_certificate_is_shown(authority: trustme.CA, tmp_path: Path) -> None:
    """--client-cert goes to servers that ask for one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # with 1.3 what it says may get lost in a reset
    own = tmp_path / "own.pem"
    authority.issue_cert("me@example.org").private_key_and_cert_chain_pem.write_to_path(own)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with answering(answer, lambda link: context.wrap_socket(link, server_side=True)) as port:
        url = f"https://127.0.0.1:{port}/"
        assert get(url, network=Network(cert=str(bundle), client_cert=str(own)))[2] == b"ok"
        without = failing(url, Network(cert=str(bundle)))
    assert isinstance(without, Unreachable)
    assert without.kind == "tls"


def test_what_a_server_says_of_the_certificate_of_its_client() -> None:
    """With TLS 1.3 it comes after the handshake, and is no reason to try again."""
    alert = ssl.SSLError(1, "alert")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    read = httpx.ReadError("")
    read.__cause__ = alert
    for error in (alert, read):
        failure = translate(error, "https://host/", received=0)
        assert isinstance(failure, Unreachable)
        assert (failure.kind, failure.fault) == ("tls", "client")
        assert (
            failure.reason == "the server does not take the client's certificate (alert certificate required)"
        )


def _all_classes(class_: type[Exception]) -> Iterator[type[Exception]]:
    yield class_
    for below in class_.__subclasses__():
        yield from _all_classes(below)


def test_every_failure_of_httpx_is_an_error_of_ours() -> None:
    """No class of httpx leaves the client, whatever it is called in future."""
    for class_ in _all_classes(httpx.TransportError):
        assert isinstance(translate(class_("why"), "http://u:p@host/f?q", received=3), SourceError)
    error = translate(httpx.ReadTimeout(""), "http://u:p@host/f?q", received=3)
    assert (type(error), error.url) == (Stalled, "http://host/f")
    assert str(translate(ssl.SSLError("bad mac"), "https://h/", received=3)) == "TLS failure at 3 B"
    timed_out = translate(httpx.ConnectTimeout(""), "https://h/", received=0)
    assert isinstance(timed_out, Unreachable)
    assert timed_out.kind == "connect-timeout"


def test_a_handshake_that_breaks_is_no_distrust() -> None:
    """A handshake waits by an SSL error of its own; what broke it may be gone by the next try."""
    broken = httpx.ConnectError("All connection attempts failed")
    broken.__context__ = ConnectionResetError("Connection reset by peer")
    broken.__context__.__context__ = ssl.SSLWantReadError("The operation did not complete (read)")
    error = translate(broken, "https://h/", received=0)
    assert isinstance(error, Unreachable)
    assert error.kind == "network"
