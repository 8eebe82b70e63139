"""URLs without what must not go along."""

from __future__ import annotations

from resilient_pip.urls import host_of, without_login


def test_a_login_goes_and_nothing_else() -> None:
    """The rest stays to the letter, its port, parameters, query and fragment."""
    assert without_login("https://a:b@host:1/p;x?q=1#f") == "https://host:1/p;x?q=1#f"
    assert without_login("https://host/p") == "https://host/p"


def test_the_host_has_its_port_and_no_login() -> None:
    """Also where the password holds an @."""
    assert host_of("https://a:b@c@host:1/p") == "host:1"
    assert host_of("https://host/p@1") == "host"
