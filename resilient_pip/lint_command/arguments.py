"""The command line of `resilient-pip lint`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from resilient_pip.argument_parser import ArgumentParser
from resilient_pip.errors import UsageError
from resilient_pip.lint_command.checking import RULES

PROG = "resilient-pip lint"
STDIN = "-"
_DESCRIPTION = """\
Name what in a Dockerfile makes pip hang or lie, and what to write instead. The exit code is 1 where it does.
A comment above an instruction keeps it from being named:  # resilient-pip: ignore=RULE[,RULE...]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What is asked for."""

    paths: tuple[str, ...]
    fix: bool
    ignored: frozenset[str]


def read_arguments(argv: Sequence[str]) -> Arguments:
    """Read a command line.

    Raises:
        UsageError: it is wrong.
        SystemExit: --help, after it was printed.
    """
    found = _parser().parse_args(argv)
    if found.fix and len(found.paths) > 1:
        raise UsageError(message="--fix prints one rewritten file: name one")
    return Arguments(paths=tuple(found.paths), fix=found.fix, ignored=frozenset(found.ignore))


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog=PROG,
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", metavar="FILE", help="a Dockerfile; - is standard input")
    parser.add_argument(
        "--fix",
        action="store_true",
        help="print the file with all rewritten that is certain, and the rest on stderr",
    )
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        choices=tuple(RULES),
        metavar="RULE",
        help="a rule that is not asked for (repeatable)",
    )
    return parser
