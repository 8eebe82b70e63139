"""The command line of `resilient-pip lint`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from resilient_pip.errors import UsageError
from resilient_pip.lint_command.rules.table import RULES, UNKNOWN_RULE

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
    as_json: bool
    ignored: frozenset[str]


def read_arguments(argv: Sequence[str]) -> Arguments:
    """Read a command line.

    Raises:
        UsageError: it is wrong.
        SystemExit: --help, after it was printed.
    """
    found = _parser().parse_args(argv)
    if found.fix and (len(found.paths) > 1 or found.json):
        raise UsageError(message="--fix prints one rewritten file: name one, and no --json")
    return Arguments(
        paths=tuple(found.paths), fix=found.fix, as_json=found.json, ignored=frozenset(found.ignore)
    )


class _Parser(argparse.ArgumentParser):
    """One that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message=f"{message} (see {self.prog} --help)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROG,
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("paths", nargs="+", metavar="FILE", help="a Dockerfile; - is standard input")
    parser.add_argument(
        "--fix",
        action="store_true",
        help="print the file with all rewritten that is certain, and the rest on stderr",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        choices=(*RULES, UNKNOWN_RULE),
        metavar="RULE",
        help="a rule that is not asked for (repeatable)",
    )
    return parser
