"""One `resilient-pip lint` from its words to the lines that it prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from resilient_pip.errors import UsageError
from resilient_pip.lint_command.arguments import STDIN, Arguments, read_arguments
from resilient_pip.lint_command.checking import check
from resilient_pip.lint_command.fixing import fix
from resilient_pip.lint_command.wording import finding_as_json, finding_lines

Tell = Callable[[str], None]
FOUND = 1
"""Exit code where something is found, or left."""
_LARGEST = 2**24


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
        return _fixed(path, text, asked, tell)
    found = [(path, text, finding) for path, text in texts for finding in check(text, ignored=asked.ignored)]
    if asked.as_json:
        output = json.dumps([finding_as_json(*one) for one in found], indent=2) + "\n"
    else:
        output = "".join(f"{line}\n" for one in found for line in finding_lines(*one))
    return Linted(output=output, exit_code=FOUND if found else 0)


def _fixed(path: str, text: str, asked: Arguments, tell: Tell) -> Linted:
    output = fix(text, ignored=asked.ignored)
    left = check(output, ignored=asked.ignored)
    if left:
        tell("left as it is, as only its author can tell what was meant:")
    for finding in left:
        for line in finding_lines(path, output, finding):
            tell(line)
    return Linted(output=output, exit_code=FOUND if left else 0)


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
