"""No credentials in what is shown, whatever the URL."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resilient_pip.lines import printable
from resilient_pip.model import redact

SECRET = "hunter2secret"
AROUND = st.text(max_size=6)
SCHEMES = st.sampled_from(("https", "http", "git+https", "git+ssh", "socks5", "ftp"))
HOSTS = st.sampled_from(("h", "index.test", "index.test:8080", "127.0.0.1:1", "[::1]:80"))


@given(SCHEMES, HOSTS, AROUND, AROUND, st.sampled_from(("", "/", "/simple/x-1.0.whl", "/a@b/c")))
def test_neither_user_nor_password_survives(
    scheme: str, host: str, before: str, after: str, path: str
) -> None:
    """As quoted user info, in front of any host."""
    password = quote(f"{before}{SECRET}{after}", safe="", errors="replace")
    for user_info in (f"user:{password}", password, f"{password}:", f":{password}"):
        url = f"{scheme}://{user_info}@{host}{path}"
        is_doubtful = "@" in path and "+" not in scheme  # part of a password, perhaps
        assert redact(url) == ("(no URL)" if is_doubtful else f"{scheme}://{host}{path}")
        assert SECRET not in printable(f"cannot read {url} now")


@given(SCHEMES, HOSTS, AROUND)
def test_neither_query_nor_fragment_survives(scheme: str, host: str, around: str) -> None:
    """Signed URLs carry their secret there."""
    value = quote(f"{around}{SECRET}", safe="", errors="replace")
    for end in (f"?X-Signature={value}", f"?a=b&c={value}#d", f"#{value}", f"?{value}#{value}"):
        assert redact(f"{scheme}://{host}/x.whl{end}") == f"{scheme}://{host}/x.whl"


@given(AROUND, AROUND)
@example("/", "")
@example("?", "")
@example("#", "")
@example("@", "")
@example("@/", "")
@example("@y/", "")
@example("[", "")
def test_a_password_that_nobody_quoted_does_not_survive(before: str, after: str) -> None:
    """It makes the URL none, or ends at the last @ of the host."""
    assert SECRET not in redact(f"https://user:x{before}{SECRET}{after}x@host/simple/")


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_any_text_can_be_redacted(text: str) -> None:
    """Nothing raises, and once is enough."""
    once = redact(text)
    assert redact(once) in {once, "(no URL)"}


@pytest.mark.parametrize(
    "line",
    [
        f"fatal: could not read from https://u:{SECRET}@host/x",
        f"Looking in indexes: https://{SECRET}@host/simple, https://u:{SECRET}@other/simple",
        f"GET https://host/x.whl?X-Amz-Signature={SECRET} failed",
        f"\x1b[31mhttps://u:{SECRET}\x1b[0m@host/x",
    ],
)
def test_lines_of_children_lose_them_too(line: str) -> None:
    """A child that prints a URL with credentials does not make them show."""
    assert SECRET not in printable(line)
