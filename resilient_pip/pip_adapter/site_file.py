"""The configuration file of one environment: that of --python, as `pip --python` reads it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from pip._internal.configuration import CONFIG_BASENAME

from resilient_pip.errors import UsageError
from resilient_pip.target.environment import find_interpreter


def read_site_file_of(configuration: Any, python: str) -> None:
    """Let pip's Configuration read the file of another interpreter's environment instead of its own.

    Args:
        configuration: what has not been loaded yet.
        python: the interpreter or environment, as --python names it.
    """
    try:
        prefix = _prefix(python)
    except UsageError:  # said later, behind what else is wrong with the command line
        return
    own, other = str(Path(sys.prefix, CONFIG_BASENAME)), str(prefix / CONFIG_BASENAME)
    find = configuration.iter_config_files

    def find_there() -> Iterator[tuple[Any, Iterable[str]]]:
        for kind, names in find():
            yield kind, [other if name == own else name for name in names]

    configuration.iter_config_files = find_there


def named_python(argv: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Find what --python names, before anything is parsed: configuration depends on it."""
    found = environ.get("PIP_PYTHON") or None
    words = takewhile(lambda word: word != "--", argv)
    for word in words:
        if word == "--python":
            found = next(words, found)
        elif word.startswith("--python="):
            found = word.partition("=")[2]
    return found


def _prefix(python: str) -> Path:
    """Give sys.prefix of an interpreter by its place; a virtual environment links to its program."""
    program = Path(find_interpreter(python)).absolute()
    folder = program.parents[1]
    return folder if (folder / "pyvenv.cfg").exists() else program.resolve().parents[1]
