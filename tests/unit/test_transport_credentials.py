"""Logins: where they are found, and that nobody prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from resilient_pip.transport.credentials import Credentials
from resilient_pip.transport.login import Login

INDEXES = (
    "https://a:1@host/simple/",
    "https://b:2@host/private/simple/",
    "https://token@user-only/simple",
    "https://open/simple",
    "https://plus%40me:p%3Aw@quoted/simple",
)


def login(user: str, password: str) -> Login:
    """Make one, wherever it was found."""
    return Login(user=user, password=password)


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    """Five indexes and a netrc file."""
    (tmp_path / ".netrc").write_text(
        "machine open login n password 3\nmachine user-only login n password 4\n"
    )
    return Credentials(INDEXES, {"HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://x:y@host/f.whl", login("x", "y"), id="own"),
        pytest.param("https://host/simple/torch/", login("a", "1"), id="index"),
        pytest.param("https://host/private/files/f.whl", login("b", "2"), id="nearest index"),
        pytest.param("https://host:443/simple/torch/", login("a", "1"), id="default port"),
        pytest.param("http://host/simple/torch/", None, id="other scheme"),
        pytest.param("https://host:8443/simple/torch/", None, id="other port"),
        pytest.param("https://elsewhere/f.whl", None, id="other host"),
        pytest.param("https://open/f.whl", login("n", "3"), id="netrc"),
        pytest.param("https://user-only/f.whl", login("n", "4"), id="netrc before a bare user"),
        pytest.param("https://token@elsewhere/f.whl", login("token", ""), id="bare user"),
        pytest.param("https://quoted/f.whl", login("plus@me", "p:w"), id="percent-encoded"),
    ],
)
def test_where_a_login_comes_from(credentials: Credentials, url: str, expected: Login | None) -> None:
    """URL, nearest index of the same origin, netrc, in this order."""
    assert credentials.login_for(url) == expected


def test_netrc_variable_names_the_file(tmp_path: Path) -> None:
    """NETRC replaces the file in the home folder; an unreadable or malformed one is as good as none."""
    path = tmp_path / "netrc"
    path.write_text("default login d password 5\n")
    environ = {"NETRC": str(path), "HOME": str(tmp_path)}
    assert Credentials((), environ).login_for("https://any/") == login("d", "5")
    path.write_text("machine\n")
    assert Credentials((), environ).login_for("https://any/") is None
    assert Credentials((), {"NETRC": str(tmp_path / "none")}).login_for("https://any/") is None


def test_nothing_shows_a_password(credentials: Credentials) -> None:
    """What lands in a log by accident is masked."""
    shown = f"{credentials!r} {login('ann', 'secret')!r} {login('ann', 'secret')}"
    assert shown == "Credentials(5 index URLs, netrc: yes) Login(source='') Login(source='')"


def test_header() -> None:
    """Basic authentication in UTF-8."""
    assert login("Aladdin", "open sesame").header == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
