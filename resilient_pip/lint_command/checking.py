"""All findings of a Dockerfile, but for those that a comment in it says to ignore."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from resilient_pip.lint_command.dockerfile import Dockerfile, Instruction
from resilient_pip.lint_command.findings import Finding
from resilient_pip.lint_command.rules.table import RULES, UNKNOWN_RULE
from resilient_pip.lint_command.stages import read_build

_COMMENT = re.compile(r"#\s*resilient-pip:\s*ignore=(\S*)")


def check(text: str, *, ignored: Collection[str] = ()) -> tuple[Finding, ...]:
    """Find every trap in a Dockerfile, in the order of its lines.

    Args:
        text: the file; any text will do.
        ignored: rules that are not asked for.
    """
    build = read_build(text)
    found = dict.fromkeys(
        finding for name, rule in RULES.items() if name not in ignored for finding in rule(build)
    )
    kept = [finding for finding in found if finding.rule not in _ignored_at(build.file, finding.start)]
    names = list(RULES)
    unknown = _unknown(build.file) if UNKNOWN_RULE not in ignored else ()
    return (*unknown, *sorted(kept, key=lambda one: (one.start, names.index(one.rule), one.end)))


def _ignored_at(file: Dockerfile, place: int) -> set[str]:
    """What the comments above and inside of the instruction say that this place belongs to."""
    for instruction in file.instructions:
        if instruction.start <= place < instruction.end:
            return {name for name, _, _ in _named(instruction)}
    return set()


def _named(instruction: Instruction) -> Iterator[tuple[str, int, int]]:
    """The rules that comments of an instruction name, and where."""
    for comment in instruction.comments:
        if match := _COMMENT.match(comment.text.strip()):
            for name in match[1].split(","):
                yield name, comment.start, comment.end


def _unknown(file: Dockerfile) -> Iterator[Finding]:
    for instruction in file.instructions:
        for name, start, end in _named(instruction):
            if name not in RULES:
                yield Finding(
                    rule=UNKNOWN_RULE,
                    start=start,
                    end=end,
                    problem=f"there is no rule `{name}` to ignore",
                    instead=f"one of {', '.join(RULES)}",
                )
