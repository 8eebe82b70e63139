"""The entry of METADATA in a part of a zip file's directory, where the rest of it is not there.

The directory of a large wheel has megabytes, and builders write .dist-info last or first, so that its end or
its beginning names METADATA.
Layout: APPNOTE.TXT 4.3 (PKWARE).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from resilient_pip.model import ProjectName, project_name

END_LENGTH = 22
"""Bytes of the end record of a zip file without a comment, which wheels do not have."""
_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
HEADER = struct.Struct("<4s5H3L2H")
"""Before a member's data; the last two numbers are the lengths of name and extra field, which follow."""
_EXTRA = 256
"""Bytes for a member's extra field; wheels have none, as a rule."""
_NAME = re.compile(rb"[^/\0]+\.dist-info/METADATA")
_LONGEST_NAME = 512
_FAR = 0xFFFFFFFF
"""In place of a number that stands elsewhere (Zip64)."""
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Where the directory is."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where and how a member is stored."""

    header: int
    """Where its own header begins."""
    end: int
    """Before which byte it ends; a guess, as only its own header tells how long that is."""
    method: int
    checksum: int
    packed: int
    unpacked: int


def read_end(record: bytes, size: int) -> Directory | None:
    """Read the last 22 bytes of a file of `size` bytes; None where they are no plain end record."""
    if len(record) != END_LENGTH:
        return None
    signature, disk, _, here, total, length, start, comment = _END.unpack(record)
    if signature != b"PK\5\6" or disk or here != total or comment or start + length + END_LENGTH != size:
        return None
    return Directory(start=start, end=start + length)


def find_entry(part: bytes, directory: Directory, project: ProjectName) -> Entry | None:
    """Find the one entry of a project's METADATA in a part of a directory.

    None where there is none or more than one: all of the directory is needed then.
    """
    found = [entry for name, entry in _entries(part, directory) if project_name(name).startswith(project)]
    return found[0] if len(found) == 1 else None


def _entries(part: bytes, directory: Directory) -> Iterator[tuple[str, Entry]]:
    place = -1
    while (place := part.find(b".dist-info/METADATA", place + 1)) >= 0:
        begin = part.rfind(b"PK\1\2", max(0, place - _LONGEST_NAME), place)
        if begin < 0 or begin + _ENTRY.size > place:
            continue
        fields = _ENTRY.unpack_from(part, begin)
        flags, method, checksum, packed, unpacked = fields[3], fields[4], *fields[7:10]
        name = part[begin + _ENTRY.size : begin + _ENTRY.size + fields[10]]
        header = fields[16]
        if not _NAME.fullmatch(name) or _FAR in {packed, unpacked, header} or flags & _ENCRYPTED:
            continue
        end = min(header + HEADER.size + len(name) + _EXTRA + packed, directory.start)
        entry = Entry(
            header=header, end=end, method=method, checksum=checksum, packed=packed, unpacked=unpacked
        )
        yield name.decode("utf-8", "replace").partition("/")[0], entry
