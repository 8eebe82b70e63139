"""Range and Content-Range headers."""

from __future__ import annotations

import pytest

from resilient_pip.index.byte_ranges import Unsatisfiable, read_range
from resilient_pip.index.content_range import ContentRange, read_content_range


@pytest.mark.parametrize(
    ("header", "part"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("bytes=0-9", (0, 10), id="first-ten"),
        pytest.param("bytes=90-", (90, 100), id="open"),
        pytest.param("bytes=90-500", (90, 100), id="past-the-end"),
        pytest.param("bytes=-30", (70, 100), id="suffix"),
        pytest.param("bytes=-300", (0, 100), id="suffix-longer-than-the-file"),
        pytest.param("Bytes = 5 - 5", (5, 6), id="spaces"),
        pytest.param("bytes=0-1,5-6", None, id="several"),
        pytest.param("lines=0-1", None, id="other-unit"),
        pytest.param("bytes=-", None, id="nonsense"),
        pytest.param("bytes=9-3", None, id="backwards"),
        pytest.param("bytes=" + "9" * 5000 + "-", None, id="no-number-of-this-world"),
    ],
)
def test_ranges_of_a_hundred_bytes(header: str | None, part: tuple[int, int] | None) -> None:
    """One range is served, other forms are ignored."""
    assert read_range(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0"])
def test_ranges_outside_the_file(header: str) -> None:
    """They are refused."""
    with pytest.raises(Unsatisfiable):
        read_range(header, 100)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("bytes 5-9/10", ContentRange(start=5, total=10), id="all told"),
        pytest.param("bytes 5-9/*", ContentRange(start=5, total=None), id="total unknown"),
        pytest.param("bytes 9-5/10", None, id="backwards"),
        pytest.param("bytes */10", None, id="416"),
        pytest.param("", None, id="missing"),
    ],
)
def test_content_range(value: str, expected: ContentRange | None) -> None:
    """Only sensible values are read."""
    assert read_content_range({"Content-Range": value}) == expected
