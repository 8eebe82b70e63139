"""Core metadata out of a wheel of which only some bytes are there."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable
from typing import BinaryIO

from resilient_pip.index.directory import END_LENGTH, HEADER, find_entry, read_end
from resilient_pip.model import ProjectName, project_name

_LARGEST = 16 * 2**20
"""Bytes that a METADATA file may have, packed or not."""
_FRONT = 64 * 1024
"""Bytes of the beginning of a directory whose end does not name METADATA."""
_TOO_LARGE = "its METADATA is larger than 16 MiB"
_UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, UnicodeError)
_WAYS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""How members may be packed; zipfile unpacks all others in one go, however large that becomes."""


class Missing(Exception):
    """Bytes that a reader needs and that are not there yet: `start` to before `end`."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__(start, end)
        self.start = start
        self.end = end


class BrokenWheel(ValueError):
    """A wheel out of which no core metadata can be read."""


class SparseBytes(io.RawIOBase):
    """A file of `size` bytes, read-only, of which some parts are known.

    Reading elsewhere raises Missing, with the range to get and `add` before the next try.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._position = 0
        self._parts: list[tuple[int, bytes]] = []

    @property
    def size(self) -> int:
        """The length of the whole file in bytes."""
        return self._size

    def add(self, start: int, data: bytes) -> None:
        """Put in the bytes from `start` on; joined with the parts that they touch."""
        apart = []
        for other, known in self._parts:
            if other > start + len(data) or start > other + len(known):
                apart.append((other, known))
                continue
            (first, head), (second, tail) = sorted([(start, data), (other, known)], key=lambda part: part[0])
            start, data = first, head + tail[first + len(head) - second :]
        self._parts = [*apart, (start, data)]

    def require(self, start: int, end: int) -> bytes:
        """Give the bytes from `start` to before `end`.

        Raises:
            Missing: some of them are not there.
        """
        for other, known in self._parts:
            if other <= start and end <= other + len(known):
                return known[start - other : end - other]
            if start < other < end <= other + len(known):
                end = other  # the rest is there
        raise Missing(start, end)

    def known(self, start: int, end: int) -> list[bytes]:
        """Give the parts between `start` and `end` that are there."""
        pieces = [known[max(0, start - other) : max(0, end - other)] for other, known in self._parts]
        return [piece for piece in pieces if piece]

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # the stub wants a Buffer
        """Fill `buffer` from the current position on, as far as the file goes."""
        end = min(self._position + len(buffer), self._size)
        if end <= self._position:
            return 0
        data = self.require(self._position, end)
        buffer[: len(data)] = data
        self._position = end
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the current position."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError("before the start of the file")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """Give the current position."""
        return self._position

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def seekable(self) -> bool:
        """Say that the position can be moved."""
        return True


def read_core_metadata(wheel: BinaryIO | SparseBytes, project: ProjectName) -> bytes:
    """Read METADATA out of a wheel.

    Raises:
        Missing: more of a sparse file is needed.
        BrokenWheel: it is no wheel of `project`.
    """
    try:
        if isinstance(wheel, SparseBytes) and (found := _read_by_part(wheel, project)) is not None:
            return found
        with zipfile.ZipFile(wheel) as archive:
            info = _find_metadata(archive.infolist(), project)
            if isinstance(wheel, SparseBytes):
                # One range for header and data; else zipfile would ask for them bit by bit.
                later = (
                    other.header_offset
                    for other in archive.infolist()
                    if other.header_offset > info.header_offset
                )
                wheel.require(info.header_offset, min(later, default=archive.start_dir))
            with archive.open(info) as packed:
                metadata = packed.read(_LARGEST + 1)  # unbounded, it unpacks whatever the directory says
    except _UNREADABLE as error:
        # RuntimeError covers encryption and (NotImplementedError) unknown ways of compression.
        raise BrokenWheel(f"not a readable wheel: {error}") from error
    except (MemoryError, OverflowError) as error:
        raise BrokenWheel("not a readable wheel: its directory is of an impossible size") from error
    if len(metadata) > _LARGEST:
        raise BrokenWheel(_TOO_LARGE)
    return metadata


def _read_by_part(wheel: SparseBytes, project: ProjectName) -> bytes | None:
    """Read METADATA where a known part of the directory names it; None where all of that has to be read.

    Raises:
        Missing: more of the file is needed.
    """
    directory = read_end(wheel.require(max(0, wheel.size - END_LENGTH), wheel.size), wheel.size)
    if directory is None:
        return None
    known = wheel.known(directory.start, directory.end)
    entry = next((entry for part in known if (entry := find_entry(part, directory, project))), None)
    if entry is None and directory.end - directory.start > sum(map(len, known)) + _FRONT:
        # Some builders write .dist-info first. Once that is there as well, nothing but all of it helps.
        wheel.require(directory.start, directory.start + _FRONT)
    if entry is None or max(entry.packed, entry.unpacked) > _LARGEST or entry.method not in _WAYS:
        return None
    header = HEADER.unpack(wheel.require(entry.header, entry.end)[: HEADER.size])
    start = entry.header + HEADER.size + header[-2] + header[-1]
    packed = wheel.require(start, start + entry.packed)
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    is_stored = entry.method == zipfile.ZIP_STORED
    metadata = packed if is_stored else unpacking.decompress(packed, entry.unpacked + 1)
    # Whatever does not fit together is left to zipfile, which says what is wrong with it.
    is_whole = len(metadata) == entry.unpacked and zlib.crc32(metadata) == entry.checksum
    return metadata if is_whole and header[0] == b"PK\3\4" else None


def _find_metadata(entries: Iterable[zipfile.ZipInfo], project: ProjectName) -> zipfile.ZipInfo:
    """Find METADATA in the one .dist-info folder of the project, as pip does."""
    found = []
    for entry in entries:
        folder, _, name = entry.filename.partition("/")
        if name == "METADATA" and folder.endswith(".dist-info"):
            found.append((project_name(folder), entry))
    if len(found) != 1:
        raise BrokenWheel(f"not a wheel: {len(found)} .dist-info/METADATA files, not one")
    folder_name, entry = found[0]
    if not folder_name.startswith(project):
        raise BrokenWheel(f"not a wheel of {project}: its .dist-info folder is another's")
    if max(entry.file_size, entry.compress_size) > _LARGEST:
        raise BrokenWheel(_TOO_LARGE)
    if entry.compress_type not in _WAYS:
        raise BrokenWheel("its METADATA is packed in another way than wheels are")
    return entry
