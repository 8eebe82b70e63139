"""Byte-compiles files as pip does, and tells which of them could be.

A program of its own, of the standard library alone; `compiling` gives this text to the interpreter that is
installed for: bytecode is what that one's version, flags and environment make it. Its first argument names a
JSON file: "sources" are pairs of a folder and a source's path from there, "ahead" what `ahead_compiler` has
made of some of them. The second names the file for the paths of the bytecode, in the order of the sources,
null where there is none.
"""

from __future__ import annotations

import compileall
import hashlib
import json
import os
import stat
import sys
import warnings
from importlib.util import MAGIC_NUMBER, cache_from_source

NICENESS = 5
"""How much it gives way to the pip that unpacks beside it: that one's work cannot be shared out."""


class Ahead:
    """What was compiled out of the wheels before they were unpacked."""

    def __init__(self, paths: list[str]) -> None:
        self._found: dict[tuple[str, str], tuple[str, str, int, int]] = {}
        for path in paths:
            try:
                with open(f"{path}.index", encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes long to import
                    index = json.load(file)
            except (OSError, ValueError):  # it could not be written
                continue
            for library, name, *place in index:
                self._found[library, name] = (f"{path}.code", *place)

    def put(self, library: str, name: str, source: str, bytecode: str) -> bool:
        """Write the bytecode of a source as py_compile does, and say whether that could be done.

        It cannot where the source is not the one of the wheel, or where something is in the way.
        """
        found = self._found.get((library, name))
        if found is None or os.path.lexists(bytecode):
            return False
        code, digest, offset, length = found
        try:
            with open(source, "rb") as file:  # noqa: PTH123 - as above
                status = os.fstat(file.fileno())
                if hashlib.sha256(file.read()).hexdigest() != digest:
                    return False
            with open(code, "rb") as file:  # noqa: PTH123 - as above
                file.seek(offset)
                data = file.read(length)
            # PEP 552: valid for this time and size of the source.
            numbers = (0, int(status.st_mtime), status.st_size)
            header = b"".join((number & 0xFFFFFFFF).to_bytes(4, "little") for number in numbers)
            write(bytecode, MAGIC_NUMBER + header + data, stat.S_IMODE(status.st_mode) | stat.S_IWUSR)
        except OSError:  # compiling says what is wrong
            return False
        return True


def write(path: str, data: bytes, mode: int) -> None:
    """Write a file in one step, as importlib does."""
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - as above
    temporary = f"{path}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_EXCL | os.O_CREAT | os.O_WRONLY, mode & 0o666)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - as above
            file.write(data)
        os.replace(temporary, path)  # noqa: PTH105 - as above
    except OSError:
        os.unlink(temporary)  # noqa: PTH108 - as above
        raise


def bytecode_of(ahead: Ahead, library: str, name: str) -> str | None:
    """Compile a file, and give its bytecode's path from the same folder; None where there is none.

    A file that is not valid Python has none and is no error (a template, say), as with pip. The source's path
    stands in its bytecode, so it is put together as pip does.
    """
    source = os.path.join(library, name)  # noqa: PTH118 - keeps ".." as it is
    if not os.path.isfile(source):  # noqa: PTH113 - as above
        return None
    bytecode = cache_from_source(source)
    try:
        done = ahead.put(library, name, source, bytecode) or compileall.compile_file(
            source, force=True, quiet=2
        )
    except ImportError:  # of the codec that the source is written in; pip skips it too
        return None
    return os.path.relpath(bytecode, library) if done else None


def remove_unfinished(sources: list[tuple[str, str]]) -> None:
    """Remove what a process that was killed on the same sources had begun to write beside their bytecode.

    importlib writes to the bytecode's name with a number behind it, and then renames.
    """
    names: dict[str, set[str]] = {}
    for library, name in sources:
        folder, bytecode = os.path.split(cache_from_source(os.path.join(library, name)))  # noqa: PTH118 - as above
        names.setdefault(folder, set()).add(bytecode)
    for folder, own in names.items():
        for found in os.listdir(folder) if os.path.isdir(folder) else ():  # noqa: PTH112, PTH208 - as above
            bytecode, _, number = found.rpartition(".")
            if bytecode in own and number.isdecimal():
                os.unlink(os.path.join(folder, found))  # noqa: PTH108, PTH118 - as above


def main(tasks: str, results: str) -> None:
    """Compile what one file lists and write the other."""
    os.nice(NICENESS)
    warnings.simplefilter("ignore")
    with open(tasks, encoding="utf-8") as file:  # noqa: PTH123 - as above
        task = json.load(file)
    remove_unfinished(task["sources"])
    # As py_compile decides whether bytecode is validated by hash, which what is put in place here is not.
    ahead = Ahead([] if os.environ.get("SOURCE_DATE_EPOCH") else task["ahead"])
    with open(results, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
        json.dump([bytecode_of(ahead, *source) for source in task["sources"]], file)


if __name__ == "__main__":
    main(*sys.argv[1:])
