"""Lines that are safe to print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilient_pip.lines import counted, listed, printable, shorten


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("plain text", "plain text", id="plain"),
        pytest.param("  indented\n", "  indented", id="indentation stays"),
        pytest.param("\x1b[31mred\x1b[0m \x1b]0;title\x07done", "red done", id="terminal sequences"),
        pytest.param("10 %\r20 %\tof\x08 it\x00", "10 % 20 % of it", id="control characters"),
        pytest.param("right\u202eto left", "rightto left", id="direction marks"),
        pytest.param("größe 100 µs", "größe 100 µs", id="other letters"),
        pytest.param("see https://u:p@ss@host/x", "see https://host/x", id="user and password"),
        pytest.param("git+ssh://me@host/x.git@v1", "git+ssh://host/x.git@v1", id="revision stays"),
        pytest.param(
            "https://host/x.whl?sig=secret#sha256=ab", "https://host/x.whl#sha256=ab", id="signed URL"
        ),
        pytest.param("really? yes", "really? yes", id="question"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    """What a server or child wrote becomes one line without control characters and credentials."""
    assert printable(text) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        pytest.param("12345678", 8, "12345678", id="fits"),
        pytest.param("123456789", 8, "12345...", id="cut"),
        pytest.param("1234 6789", 8, "1234...", id="no blank before the mark"),
        pytest.param("ääää", 7, "ää...", id="whole characters"),
        pytest.param("1234", 2, "..", id="room for the mark only"),
        pytest.param("1234", 0, "", id="no room"),
    ],
)
def test_shorten(text: str, limit: int, expected: str) -> None:
    """A line is cut to a number of bytes, between characters."""
    assert shorten(text, limit) == expected


@given(st.text(), st.integers(0, 40))
def test_shorten_keeps_its_limit(text: str, limit: int) -> None:
    """No text is longer than the limit after it was cut."""
    assert len(shorten(text, limit).encode(errors="backslashreplace")) <= limit


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        pytest.param(16, "one, two, three", id="all"),
        pytest.param(14, "one and 2 more", id="some"),
        pytest.param(8, "3 in all", id="none"),
    ],
)
def test_listed(limit: int, expected: str) -> None:
    """Names that do not fit are counted."""
    assert listed(["one", "two", "three"], limit) == expected


def test_listed_nothing() -> None:
    """No names are no text."""
    assert listed([], 10) == ""


def test_counted() -> None:
    """A noun has its plural."""
    assert [counted(count, "page") for count in (0, 1, 2)] == ["0 pages", "1 page", "2 pages"]
