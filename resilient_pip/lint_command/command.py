"""One `resilient-pip lint` from its words to the lines that it prints."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from resilient_pip.errors import UsageError
from resilient_pip.lines import printable, shorten
from resilient_pip.lint_command.arguments import STDIN, read_arguments
from resilient_pip.lint_command.checking import check
from resilient_pip.lint_command.excerpt import line_of
from resilient_pip.lint_command.findings import Finding
from resilient_pip.lint_command.fixing import fix

Tell = Callable[[str], None]
FOUND = 1
"""Exit code where something is found, or left."""
_LARGEST = 2**24
"""Bytes of a file; no Dockerfile has as many."""
_QUOTE_LIMIT = 100
"""Characters of what is written there that a finding shows."""
_CONTINUATION = re.compile(r"[\\`][ \t]*\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """What a command line came to."""

    output: str
    exit_code: int


def run_lint_command(argv: Sequence[str], *, stdin: BinaryIO, tell: Tell) -> Linted:
    """Do what the words behind `lint` ask for.

    Args:
        argv: the words.
        stdin: what `-` means.
        tell: shows a line beside the output.

    Raises:
        UsageError: the words are wrong, or a file cannot be read or is no text.
        SystemExit: --help, after it was printed.
    """
    asked = read_arguments(argv)
    texts = [(path, _read(path, stdin)) for path in asked.paths]
    if asked.fix:
        ((path, text),) = texts
        output = fix(text, ignored=asked.ignored)
        lines = finding_lines(path, output, check(output, ignored=asked.ignored))
        if lines:
            tell("left as it is, as only its author can tell what was meant:")
        for line in lines:
            tell(line)
    else:
        lines = [
            line
            for path, text in texts
            for line in finding_lines(path, text, check(text, ignored=asked.ignored))
        ]
        output = "".join(f"{line}\n" for line in lines)
    return Linted(output=output, exit_code=FOUND if lines else 0)


def finding_lines(path: str, text: str, findings: Iterable[Finding]) -> list[str]:
    """Say of each finding: where, which rule, what is written there, what goes wrong, what to write."""
    return [
        line
        for finding in findings
        for line in (
            f"{printable(path)}:{line_of(text, finding.start)}: {finding.rule}: {_quoted(text, finding)}",
            f"  problem   {printable(finding.problem)}",
            f"  instead   {printable(finding.instead)}",
        )
    ]


def _quoted(text: str, finding: Finding) -> str:
    """What is written there, on one line."""
    written = _CONTINUATION.sub(" ", text[finding.start : finding.end])
    return shorten(printable(" ".join(written.split())), _QUOTE_LIMIT)


def _read(path: str, stdin: BinaryIO) -> str:
    name = "standard input" if path == STDIN else path
    try:
        if path == STDIN:
            content = stdin.read(_LARGEST + 1)
        else:
            with Path(path).open("rb") as file:
                content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:  # a null character in the name is a ValueError
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(message=f"cannot read {name}: {reason}") from error
    if len(content) > _LARGEST:
        raise UsageError(message=f"{name} is larger than any Dockerfile")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(message=f"{name}:{line}: not UTF-8") from error
