"""Byte-compiles modules straight out of wheels that are not unpacked yet, for `compiler` to put in place.

A program of its own, of the standard library alone, run as `compiler` is. Its arguments are the descriptor of
a pipe with the numbers of tasks (`WIDTH` digits each; several processes read the same one), that of a pipe
for the numbers of those that are done, and the folder of the tasks. `N.json` there names a wheel and the
members to compile; of it become `N.code`, all bytecode one after the other, and `N.index`, which says what is
where and of which source it is made. What cannot be compiled is left out: who puts it in place tries again.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import os
import sys
import warnings
import zlib
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from typing import BinaryIO

NICENESS = 10
"""How much it gives way to everything else: to what unpacks, and to what compiles a group to its end."""
WIDTH = 8
"""Digits of a number; a pipe hands out as many bytes as are asked for, if all who ask want as many."""

_STORED = 0
_HEADER_SIZE = 30


def source_of(wheel: BinaryIO, offset: int, size: int, method: int) -> bytes:
    """Read a member of a wheel.

    Args:
        wheel: the archive.
        offset: where its local header is.
        size: bytes in the archive.
        method: 0 for stored, 8 for deflated.
    """
    wheel.seek(offset)
    header = wheel.read(_HEADER_SIZE)
    name, extra = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
    wheel.seek(offset + _HEADER_SIZE + name + extra)
    data = wheel.read(size)
    return data if method == _STORED else zlib.decompress(data, -zlib.MAX_WBITS)


def compile_task(path: str) -> None:
    """Do the task of `path`.json."""
    with open(f"{path}.json", encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes long to import
        task = json.load(file)
    index, end = [], 0
    with open(task["wheel"], "rb") as wheel, open(f"{path}.code", "wb") as code:  # noqa: PTH123 - as above
        for library, name, *place in task["members"]:
            source = os.path.join(library, name)  # noqa: PTH118 - keeps ".." as it is
            try:
                text = source_of(wheel, *place)
                # As py_compile does it; marshal marks a code object that has a name, too.
                module = SourceFileLoader("<py_compile>", source).source_to_code(text, source)
                bytecode = marshal.dumps(module)
            except Exception:  # noqa: BLE001, S112 - whatever it is, it comes again where it counts
                continue
            code.write(bytecode)
            index.append((library, name, hashlib.sha256(text).hexdigest(), end, len(bytecode)))
            end += len(bytecode)
    with open(f"{path}.index", "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
        json.dump(index, file)


def main(queue: int, done: int, folder: str) -> None:
    """Do tasks until the queue is closed."""
    os.nice(NICENESS)
    warnings.simplefilter("ignore")
    while number := os.read(queue, WIDTH):
        with suppress(OSError):  # the wheel is gone, or the disk is full: there is no whole index then
            compile_task(os.path.join(folder, number.decode()))  # noqa: PTH118 - as above
        os.write(done, number)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
