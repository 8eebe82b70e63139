"""Which lines of pip's output tell of a failure: a function for each form in which pip writes one.

Each is given all lines and the number of the one by which the failure was recognised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

BUILD_LINES = 15
"""How many of the last lines of a failed build are shown."""

_FRAME = "\N{MULTIPLICATION SIGN}│"
ARROW = "╰─>"
"""What stands before the output of a build that pip quotes."""
_NOISE = re.compile(
    r"\s*(?:\[end of output\]|note: This (?:error|is an issue)|hint: See above|Looking in |$"
    r"|Running command |Using pip |error: subprocess-exited)"
)
_RUNNING = re.compile(r"\s*Running command ")
QUOTED = re.compile(r"\s*\[end of output\]$")
"""What ends it."""
SHOWN = re.compile(rf"\s*{ARROW} (?:No available|See above for) output\.$")
"""What stands in place of the output where --verbose has shown it."""


def one_line(lines: Sequence[str], number: int) -> list[str]:
    """Take the line as it is, without its level."""
    return [_bare(lines[number])]


def _bare(line: str) -> str:
    return re.sub(r"^\s*(?:(?:ERROR|error|fatal): )?", "", line)


def below(lines: Sequence[str], number: int) -> list[str]:
    """Take the indented lines below a headline that says nothing of its own."""
    return with_continuation(lines, number)[1:]


def last_line(lines: Sequence[str], _: int) -> list[str]:
    """Take the last line that holds anything: the exception, where pip itself broke."""
    return [next((line for line in reversed(lines) if line.strip()), "")]


def with_continuation(lines: Sequence[str], number: int) -> list[str]:
    """Take the line and those below it that are indented or quoted."""
    taken = [_bare(lines[number])]
    for line in lines[number + 1 :]:
        if not line.startswith((" ", "'")):
            break
        taken.append(line)
    return taken


def conflict(lines: Sequence[str], number: int) -> list[str]:
    """Take from "Cannot install …" down to pip's general advice."""
    taken = [_bare(lines[number])]
    for line in lines[number + 1 :]:
        if line.startswith(("To fix this", "ERROR: ResolutionImpossible")):
            break
        taken.append(line)
    return taken


def unavailable(lines: Sequence[str], number: int) -> list[str]:
    """Take "No matching distribution" with the lines above it that say what there is."""
    start = number
    while start > 0 and lines[start - 1].startswith(
        ("ERROR: Ignored the following", "ERROR: Could not find")
    ):
        start -= 1
    return [_bare(line) for line in lines[start : number + 1]]


def framed(lines: Sequence[str], number: int) -> list[str]:
    """Take one of pip's framed errors: the lines behind the cross, the bar and the arrow."""
    taken = []
    for line in lines[number + 1 :]:
        text = re.sub(rf"^\s*(?:[{_FRAME}]|{ARROW}) ?", "", line)
        if line.lstrip().startswith(("note:", "hint:")):
            break
        taken.append(text.strip())
    while taken and not taken[0]:
        del taken[0]
    return taken


def quoted_build(lines: Sequence[str], number: int) -> list[str]:
    """Take what failed and the end of the output that pip quotes (whose start the lines may have lost)."""
    start = number
    while start > 0 and ARROW not in lines[start]:
        start -= 1
    return _told(lines[max(0, start - 2) : start], lines[start:number])


def shown_build(lines: Sequence[str], number: int) -> list[str]:
    """Take the same where pip has shown the output as it came (--verbose), above what failed."""
    above = range(max(0, number - 2))
    start = next((each for each in reversed(above) if _RUNNING.match(lines[each])), 0)
    return _told(lines[max(0, number - 2) : number], lines[start : max(0, number - 2)])


def _told(frame: Sequence[str], output: Sequence[str]) -> list[str]:
    stripped = [line.strip() for line in frame]
    head = [line.strip(f" {_FRAME}") for line in stripped if line.startswith(tuple(_FRAME))]
    quoted = [line for line in output if ARROW not in line and not _NOISE.match(line)]
    indent = min((len(line) - len(line.lstrip()) for line in quoted if line.strip()), default=0)
    return head + [f"  {line[indent:]}".rstrip() for line in quoted[-BUILD_LINES:]]


def killed_build(lines: Sequence[str], number: int) -> list[str]:
    """Take the same from the line on that names the signal."""
    for end in range(number, len(lines)):
        if SHOWN.match(lines[end]):
            return shown_build(lines, end)
        if QUOTED.match(lines[end]):
            return quoted_build(lines, end)
    return one_line(lines, number)
