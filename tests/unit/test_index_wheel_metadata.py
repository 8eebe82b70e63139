"""Core metadata out of parts of wheels."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile

import pytest

from resilient_pip.index.wheel_metadata import BrokenWheel, Missing, SparseBytes, read_core_metadata
from resilient_pip.model import ProjectName
from tests.support.wheels import make_wheel

DEMO = ProjectName("demo")


def archive(way: int = zipfile.ZIP_STORED, /, **members: str) -> bytes:
    """Make a zip file, packed in some way; names have "__" for a slash."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", way) as zipped:
        for name, text in members.items():
            zipped.writestr(name.replace("__", "/"), text)
    return buffer.getvalue()


def read(sparse: SparseBytes) -> bytes | Missing:
    """Read metadata, or say what is missing."""
    try:
        return read_core_metadata(sparse, DEMO)
    except Missing as missing:
        return missing


def test_parts_join_where_they_touch() -> None:
    """Parts that touch or overlap are one, whichever comes first; gaps stay gaps."""
    content = bytes(range(100))
    sparse = SparseBytes(100)
    for start, end in [(40, 50), (60, 70), (50, 60), (35, 45), (62, 64), (90, 100)]:
        sparse.add(start, content[start:end])
    assert sparse.require(35, 70) == content[35:70]
    with pytest.raises(Missing) as missing:
        sparse.require(69, 90)
    assert (missing.value.start, missing.value.end) == (69, 90)


def test_it_reads_like_a_file() -> None:
    """Positions and ends behave as those of a file."""
    sparse = SparseBytes(10)
    sparse.add(5, b"56789")
    assert sparse.size == 10
    assert sparse.readable()
    assert sparse.seekable()
    assert sparse.seek(-3, io.SEEK_END) == 7
    assert sparse.read(100) == b"789"
    assert sparse.read(1) == b""
    assert sparse.tell() == 10
    assert sparse.seek(-4, io.SEEK_CUR) == 6
    with pytest.raises(OSError, match="before the start"):
        sparse.seek(-1)


def test_metadata_takes_two_parts_of_a_large_wheel() -> None:
    """The directory at the end, then exactly the entry."""
    wheel = make_wheel("demo", "1.0", ["other>=2"], size=300_000)
    sparse = SparseBytes(wheel.size)
    sparse.add(wheel.size - 1000, wheel.content[-1000:])
    asked = []
    while isinstance(found := read(sparse), Missing):
        asked.append((found.start, found.end))
        sparse.add(found.start, wheel.content[found.start : found.end])
    assert found == wheel.metadata
    assert len(asked) <= 2
    assert sum(end - start for start, end in asked) < 1000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"no zip at all", "not a readable wheel", id="no-zip"),
        pytest.param(b"", "not a readable wheel", id="empty"),
        pytest.param(archive(demo__x="1"), "0 .dist-info/METADATA", id="no-metadata"),
        pytest.param(
            archive(**{"demo-1.dist-info__METADATA": "a", "demo-2.dist-info__METADATA": "b"}),
            "2 .dist-info/METADATA",
            id="two",
        ),
        pytest.param(archive(**{"other-1.dist-info__METADATA": "a"}), "not a wheel of demo", id="another"),
        pytest.param(
            archive(**{"demo-1.dist-info__METADATA": " " * (16 * 2**20 + 1)}), "larger than 16 MiB", id="huge"
        ),
        pytest.param(
            archive(zipfile.ZIP_LZMA, **{"demo-1.dist-info__METADATA": "a"}), "another way", id="lzma"
        ),
        pytest.param(
            archive(**{"demo-1.dist-info__\u00e9": "a"}).replace(b"\xc3", b"\xff"), "decode", id="name"
        ),
        pytest.param(
            archive(**{"demo-1.dist-info__METADATA": "abc"}).replace(b"abc", b"abd"), "Bad CRC", id="damaged"
        ),
    ],
)
def test_broken_wheels_say_what_is_wrong(content: bytes, message: str) -> None:
    """What is no wheel of the project is an error with a reason."""
    with pytest.raises(BrokenWheel, match=message):
        read_core_metadata(io.BytesIO(content), DEMO)


def _told(bomb: bytes, size: int, told: int) -> bytes:
    """Let a zip file's directory tell another size of its member."""
    return bomb.replace(size.to_bytes(4, "little"), told.to_bytes(4, "little"))


@pytest.mark.parametrize("told", [1000, 16 * 2**20])
def test_a_directory_that_lies_unpacks_no_bomb(told: int) -> None:
    """What is small by the directory is not unpacked beyond its limit."""
    size = 64 * 2**20
    bomb = archive(zipfile.ZIP_DEFLATED, **{"demo-1.dist-info__METADATA": "\0" * size})
    tracemalloc.start()
    try:
        with pytest.raises(BrokenWheel):
            read_core_metadata(io.BytesIO(_told(bomb, size, told)), DEMO)
        assert tracemalloc.get_traced_memory()[1] < 56 * 2**20
    finally:
        tracemalloc.stop()


def test_a_directory_of_an_impossible_size() -> None:
    """A file of 2 EiB, by its server's words, with a directory of nearly as much: an error, no allocation."""
    huge = 2**61
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, huge - 200, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, huge - 98, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    sparse = SparseBytes(huge)
    sparse.add(huge - 98 - 70_000, b" " * 70_000 + record + locator + end)
    with pytest.raises(BrokenWheel, match="impossible size"):
        read_core_metadata(sparse, DEMO)
