"""The command line of `resilient-pip cache`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from resilient_pip.argument_parser import ArgumentParser
from resilient_pip.cache.place import cache_folder
from resilient_pip.errors import UsageError
from resilient_pip.pip_adapter import read_cache_dir
from resilient_pip.settings import resolve_settings
from resilient_pip.units import parse_seconds, parse_size

T = TypeVar("T")

PROG = "resilient-pip cache"
_DESCRIPTION = """\
Look after the cache of downloaded and built files. It is where `resilient-pip install` has it: --file-cache,
RESILIENT_PIP_FILE_CACHE, file-cache in pyproject.toml, else "resilient-pip" in pip's own cache folder."""
_EPILOG = """\
prune and purge may run beside installs. They remove a partial file unless a run writes it, and finished and
built files only while no run uses the cache. What has to stay is counted; the same command takes it later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What is asked for."""

    action: str
    """dir, info, list, prune or purge."""
    folder: Path
    mode: str
    """keep, discard or auto: what a run does there."""
    as_json: bool
    max_size: int | None
    max_age_s: float | None
    verify: bool


def read_arguments(argv: Sequence[str], *, environ: Mapping[str, str], table: Mapping[str, Any]) -> Arguments:
    """Read a command line; the folder is found as `install` finds it.

    Raises:
        UsageError: it is wrong, or there is no cache.
        SystemExit: --help, after it was printed.
    """
    found = _parser().parse_args(argv)
    words = [
        word
        for flag, name in (("--file-cache", "file_cache"), ("--cache-dir", "cache_dir"))
        if (value := getattr(found, name, None)) is not None
        for word in (flag, value)
    ]
    pip_cache_dir, given = read_cache_dir(words, prog=PROG)
    settings = resolve_settings(given, environ, table)
    folder = cache_folder(settings, pip_cache_dir)
    if folder is None:
        raise UsageError(message="pip's configuration says no-cache-dir; name a folder with --file-cache")
    return Arguments(
        action=found.action,
        folder=folder,
        mode=settings.cache_mode,
        as_json=getattr(found, "json", False),
        max_size=getattr(found, "max_size", None),
        max_age_s=getattr(found, "max_age", None),
        verify=getattr(found, "verify", False),
    )


def _parser() -> ArgumentParser:
    common = ArgumentParser(add_help=False)
    # Before the action or behind it: a default there would replace what was given before.
    add_folder = partial(common.add_argument, metavar="FOLDER", default=argparse.SUPPRESS)
    add_folder("--file-cache", help="the folder itself")
    add_folder("--cache-dir", help="pip's cache folder, in which it lies")
    parser = ArgumentParser(
        prog=PROG,
        parents=[common],
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def add(name: str, text: str) -> ArgumentParser:
        return actions.add_parser(name, help=text, description=text, epilog=_EPILOG, parents=[common])

    add("dir", "print the folder")
    for name, text in (
        (
            "info",
            "count files and bytes by their state, say when they were used, what is free, what a run keeps",
        ),
        ("list", "list each file with its size, when it was used and its state, the last used first"),
    ):
        add(name, text).add_argument("--json", action="store_true", help="for programs")
    prune = add(
        "prune", "remove partial files that nobody has gone on with for 14 days, and what belongs to nothing"
    )
    prune.add_argument(
        "--max-size",
        type=_read_by(parse_size),
        metavar="SIZE",
        help="also what was used least recently, until no more is left: 5GB, 500MiB",
    )
    prune.add_argument(
        "--max-age", type=_read_by(parse_seconds), metavar="TIME", help="also what was not used for: 30d, 12h"
    )
    prune.add_argument("--verify", action="store_true", help="read every file, and remove damaged ones too")
    add("purge", "remove everything, without asking")
    return parser


def _read_by(read: Callable[[str], T]) -> Callable[[str], T]:
    """Let argparse show our words for a wrong value."""

    def convert(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return convert
