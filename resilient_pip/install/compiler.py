"""Byte-compiles files as pip does, and tells which of them could be.

A program of its own, of the standard library alone; `compiling` gives this text to the interpreter that is
installed for: bytecode is what that one's version, flags and environment make it. Its first argument names a
JSON file with pairs of a folder and a source's path from there, its second the file for the paths of the
bytecode, in the same order, null where there is none.
"""

from __future__ import annotations

import compileall
import json
import os
import sys
import warnings
from importlib.util import cache_from_source

NICENESS = 5
"""How much it gives way to the pip that unpacks beside it: that one's work cannot be shared out."""


def bytecode_of(library: str, name: str) -> str | None:
    """Compile a file, and give its bytecode's path from the same folder; None where there is none.

    A file that is not valid Python has none and is no error (a template, say), as with pip. The source's path
    stands in its bytecode, so it is put together as pip does.
    """
    source = os.path.join(library, name)  # noqa: PTH118 - keeps ".." as it is
    if not os.path.isfile(source):  # noqa: PTH113 - as above
        return None
    try:
        done = compileall.compile_file(source, force=True, quiet=2)
    except ImportError:  # of the codec that the source is written in; pip skips it too
        return None
    return os.path.relpath(cache_from_source(source), library) if done else None


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
    with open(tasks, encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes long to import
        sources = json.load(file)
    remove_unfinished(sources)
    with open(results, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
        json.dump([bytecode_of(*source) for source in sources], file)


if __name__ == "__main__":
    main(*sys.argv[1:])
