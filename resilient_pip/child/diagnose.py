"""Why a pip failed, read from what it printed: a table of rules, tested on the logs in tests/data/pip.

pip ends with exit code 1 whatever went wrong, so its text is all there is. Nothing depends on a rule that
matches: where none does, the child's exit code and log stand for themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from resilient_pip.child.hints import hint_for
from resilient_pip.errors import (
    ChildFailed,
    ChildKilled,
    Dropped,
    HashMismatch,
    PlanError,
    Refused,
    StorageError,
    TargetRefused,
    Unreachable,
    UsageError,
)

BUILD_LINES = 15
"""How many of the last lines of a failed build are shown."""
_LAST_LINES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why a child failed."""

    code: str
    """The code of the class of errors.py that fits."""
    message: str
    """pip's own explanation, without what surrounds it; several lines."""
    hint: str = ""
    """What may help, where the text tells."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the text names, as far as it does: "package"; "reason" and "path" (cannot-write); "signal"
    (child-killed); "requirement", "url", "algorithm", "expected" and "actual" (hash-mismatch); "url",
    "silent" (seconds) and "status" (unreachable, dropped, refused), or "scheme", "host", "port" and "path" in
    place of "url"."""


Extract: TypeAlias = Callable[[Sequence[str], int], list[str]]
"""Given all lines and the number of the one that matched: the lines that matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of failure."""

    code: str
    pattern: re.Pattern[str]
    """Searched for in each line; its named groups become facts."""
    extract: Extract
    hint: str = ""
    more: re.Pattern[str] | None = None
    """Searched for from that line on; its named groups become facts too."""


def explain(lines: Sequence[str]) -> Diagnosis:
    """Say why a pip failed as far as its output tells, be it with its last words."""
    marked = [line for line in lines if line.startswith("ERROR:")]
    last_words = "\n".join(marked or lines[-_LAST_LINES:])
    return diagnose(lines) or Diagnosis(code=ChildFailed.code, message=last_words)


def diagnose(lines: Sequence[str]) -> Diagnosis | None:
    """Say why a pip (install, wheel, download) failed; None where its output does not tell."""
    for rule in RULES:
        # The last match counts: what pip survived stands further up.
        for number in reversed(range(len(lines))):
            if found := rule.pattern.search(lines[number]):
                message = "\n".join(rule.extract(lines, number)).strip("\n")
                more = rule.more and rule.more.search("\n".join(lines[number:]))
                facts = found.groupdict() | (more.groupdict() if more else {})
                return Diagnosis(
                    code=rule.code,
                    message=message,
                    hint=rule.hint or hint_for(message),
                    facts={name: text for name, text in facts.items() if text},
                )
    return None


_FRAME = "\N{MULTIPLICATION SIGN}│"
_ARROW = "╰─>"
_NOISE = re.compile(
    r"\s*(?:\[end of output\]|note: This (?:error|is an issue)|hint: See above|Looking in |$"
    r"|Running command |Using pip |error: subprocess-exited)"
)
_RUNNING = re.compile(r"\s*Running command ")
_QUOTED = re.compile(r"\s*\[end of output\]$")
_SHOWN = re.compile(rf"\s*{_ARROW} (?:No available|See above for) output\.$")
"""What stands in place of the output where --verbose has shown it."""


# --- which lines matter ----------------------------------------------------------------------------


def _line(lines: Sequence[str], number: int) -> list[str]:
    return [_bare(lines[number])]


def _bare(line: str) -> str:
    return re.sub(r"^\s*(?:(?:ERROR|error|fatal): )?", "", line)


def _below(lines: Sequence[str], number: int) -> list[str]:
    """Take the indented lines below a headline that says nothing of its own."""
    return _with_continuation(lines, number)[1:]


def _last(lines: Sequence[str], _: int) -> list[str]:
    """Take the last line that holds anything: the exception, where pip itself broke."""
    return [next((line for line in reversed(lines) if line.strip()), "")]


def _with_continuation(lines: Sequence[str], number: int) -> list[str]:
    """Take the line and those below it that are indented or quoted."""
    taken = [_bare(lines[number])]
    for line in lines[number + 1 :]:
        if not line.startswith((" ", "'")):
            break
        taken.append(line)
    return taken


def _conflict(lines: Sequence[str], number: int) -> list[str]:
    """Take from "Cannot install …" down to pip's general advice."""
    taken = [_bare(lines[number])]
    for line in lines[number + 1 :]:
        if line.startswith(("To fix this", "ERROR: ResolutionImpossible")):
            break
        taken.append(line)
    return taken


def _unavailable(lines: Sequence[str], number: int) -> list[str]:
    """Take "No matching distribution" with the lines above it that say what there is."""
    start = number
    while start > 0 and lines[start - 1].startswith(
        ("ERROR: Ignored the following", "ERROR: Could not find")
    ):
        start -= 1
    return [_bare(line) for line in lines[start : number + 1]]


def _block(lines: Sequence[str], number: int) -> list[str]:
    """Take one of pip's framed errors: the lines behind the cross, the bar and the arrow."""
    taken = []
    for line in lines[number + 1 :]:
        text = re.sub(rf"^\s*(?:[{_FRAME}]|{_ARROW}) ?", "", line)
        if line.lstrip().startswith(("note:", "hint:")):
            break
        taken.append(text.strip())
    while taken and not taken[0]:
        del taken[0]
    return taken


def _build(lines: Sequence[str], number: int) -> list[str]:
    """Take what failed and the end of the output that pip quotes (whose start the lines may have lost)."""
    start = number
    while start > 0 and _ARROW not in lines[start]:
        start -= 1
    return _told(lines[max(0, start - 2) : start], lines[start:number])


def _shown_build(lines: Sequence[str], number: int) -> list[str]:
    """Take the same where pip has shown the output as it came (--verbose), above what failed."""
    above = range(max(0, number - 2))
    start = next((each for each in reversed(above) if _RUNNING.match(lines[each])), 0)
    return _told(lines[max(0, number - 2) : number], lines[start : max(0, number - 2)])


def _told(frame: Sequence[str], output: Sequence[str]) -> list[str]:
    stripped = [line.strip() for line in frame]
    head = [line.strip(f" {_FRAME}") for line in stripped if line.startswith(tuple(_FRAME))]
    quoted = [line for line in output if _ARROW not in line and not _NOISE.match(line)]
    indent = min((len(line) - len(line.lstrip()) for line in quoted if line.strip()), default=0)
    return head + [f"  {line[indent:]}".rstrip() for line in quoted[-BUILD_LINES:]]


def _killed_build(lines: Sequence[str], number: int) -> list[str]:
    """Take the same from the line on that names the signal."""
    for end in range(number, len(lines)):
        if _SHOWN.match(lines[end]):
            return _shown_build(lines, end)
        if _QUOTED.match(lines[end]):
            return _build(lines, end)
    return _line(lines, number)


# --- the table -------------------------------------------------------------------------------------


_HASHES = re.compile(
    r"^\s+(?P<requirement>\S+)(?: from (?P<url>\S+))?.*:\n"
    r"\s+Expected (?P<algorithm>\w+) (?P<expected>\w+)\n(?:.*\n)*?\s+Got\s+(?P<actual>\w+)",
    re.MULTILINE,
)
_BUILT = re.compile(
    rf"(?:Failed building wheel for |Failed to build '?|generating package metadata\.\n{_ARROW} )"
    r"(?P<package>[\w.-]+)"
)


def _rule(
    code: str, pattern: str, extract: Extract, hint: str = "", more: re.Pattern[str] | None = None
) -> Rule:
    return Rule(code=code, pattern=re.compile(pattern), extract=extract, hint=hint, more=more)


RULES: tuple[Rule, ...] = (
    _rule(
        StorageError.code,
        r"^(?!\s*WARNING).*(?P<reason>No space left on device|Disk quota exceeded|Read-only file system)"
        r"(?:: '(?P<path>[^']+)')?",
        _line,
    ),
    _rule(
        StorageError.code,
        r"^ERROR: Could not install packages due to an OSError: \[Errno \d+\] "
        r"(?P<reason>Permission denied|Operation not permitted)(?:: '(?P<path>[^']+)')?",
        _line,
    ),
    _rule(TargetRefused.code, r"^error: externally-managed-environment", _block),
    _rule(HashMismatch.code, r"^ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", _below, more=_HASHES),
    _rule(
        ChildFailed.code,
        r"^ERROR: (?:Hashes are required in|In) --require-hashes mode|^ERROR: Can't verify hashes",
        _with_continuation,
        "one --hash makes pip ask for the hash and exact version of every package, dependencies included",
    ),
    _rule(PlanError.code, r"^ERROR: Cannot install .+ because", _conflict),
    _rule(PlanError.code, r"^ERROR: No matching distribution found for (?P<package>.+)", _unavailable),
    _rule(PlanError.code, r"^ERROR: Packages? .*requires? a different Python", _with_continuation),
    _rule(PlanError.code, r"^error: resolution-too-deep", _block),
    _rule(
        Unreachable.code,
        r"^error: (?:connection-failed|connection-timeout|proxy-connection-failed|ssl-\S+)",
        _block,
        more=re.compile(
            r"(?:while fetching|Unable to fetch|secure connection for) (?P<url>\S+)"
            r"(?:\n.*didn't respond within (?P<silent>[\d.]+) seconds$)?",
            re.MULTILINE,
        ),
    ),
    _rule(Dropped.code, r"^error: incomplete-download", _block, more=re.compile(r"URL: (?P<url>\S+)")),
    _rule(
        Unreachable.code,
        r"^ERROR: .*?\b(?P<scheme>HTTPS?)ConnectionPool\(host='(?P<host>[^']+)', port=(?P<port>\d+)\): "
        r"Max retries exceeded with url: (?P<path>/\S*)",
        _line,
        more=re.compile(r"too many (?P<status>\d{3}) error responses|\(read timeout=(?P<silent>[\d.]+)\)"),
    ),
    # 424 is the gateway's, which knows more of it.
    _rule(Refused.code, r"^\s*ERROR: HTTP error (?P<status>(?!424)\d{3}) while getting (?P<url>\S+)", _line),
    _rule(Unreachable.code, r"^\s*fatal: unable to access '(?P<url>[^']+)'", _line),
    _rule(UsageError.code, r"^ERROR: Invalid requirement:", _with_continuation),
    _rule(
        UsageError.code,
        r"^ERROR: (?:Could not open requirements file|Directory .+ is not installable|Invalid wheel filename"
        r"|.+ is not a supported wheel|.+ does not appear to be a Python project)",
        _line,
    ),
    _rule(UsageError.code, r"^(?:\S+ error: )?no such option: ", _line),
    _rule(ChildKilled.code, r"^\s*│ exit code: -(?P<signal>\d+)$", _killed_build, more=_BUILT),
    _rule(ChildFailed.code, _QUOTED.pattern, _build, more=_BUILT),
    _rule(ChildFailed.code, _SHOWN.pattern, _shown_build, more=_BUILT),
    _rule(ChildFailed.code, r"^\s*fatal: ", _line),
    _rule(ChildFailed.code, r"^ERROR: Exception:$", _last),
    _rule(ChildFailed.code, r"^\s*error: [a-z]+(?:-[a-z]+)+$", _block, more=_BUILT),
    _rule(ChildFailed.code, r"^\s*ERROR: ", _with_continuation),
)
"""The first rule that matches counts: root causes stand above what follows from them."""
