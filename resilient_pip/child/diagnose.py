"""Why a pip failed, read from what it printed: a table of rules, tested on the logs in tests/data/pip.

pip ends with exit code 1 whatever went wrong, so its text is all there is. Nothing depends on a rule that
matches: where none does, the child's exit code and log stand for themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from resilient_pip.child.excerpts import (
    ARROW,
    QUOTED,
    SHOWN,
    below,
    conflict,
    framed,
    killed_build,
    last_line,
    one_line,
    quoted_build,
    shown_build,
    unavailable,
    with_continuation,
)
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


_HASHES = re.compile(
    r"^\s+(?P<requirement>\S+)(?: from (?P<url>\S+))?.*:\n"
    r"\s+Expected (?P<algorithm>\w+) (?P<expected>\w+)\n(?:.*\n)*?\s+Got\s+(?P<actual>\w+)",
    re.MULTILINE,
)
_BUILT = re.compile(
    rf"(?:Failed building wheel for |Failed to build '?|generating package metadata\.\n{ARROW} (?:from )?)"
    r"(?P<package>file:[^\s']+|(?![\w+.-]+:/)[\w.-]+)"  # a folder that has not told its name yet has its URL
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
        one_line,
    ),
    _rule(
        StorageError.code,
        r"^ERROR: Could not install packages due to an OSError: \[Errno \d+\] "
        r"(?P<reason>Permission denied|Operation not permitted)(?:: '(?P<path>[^']+)')?",
        one_line,
    ),
    _rule(TargetRefused.code, r"^error: externally-managed-environment", framed),
    _rule(HashMismatch.code, r"^ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", below, more=_HASHES),
    _rule(
        ChildFailed.code,
        r"^ERROR: (?:Hashes are required in|In) --require-hashes mode|^ERROR: Can't verify hashes",
        with_continuation,
        "one --hash makes pip ask for the hash and exact version of every package, dependencies included",
    ),
    _rule(PlanError.code, r"^ERROR: Cannot install .+ because", conflict),
    _rule(PlanError.code, r"^ERROR: No matching distribution found for (?P<package>.+)", unavailable),
    _rule(PlanError.code, r"^ERROR: Packages? .*requires? a different Python", with_continuation),
    _rule(PlanError.code, r"^error: resolution-too-deep", framed),
    _rule(
        Unreachable.code,
        r"^error: (?:connection-failed|connection-timeout|proxy-connection-failed|ssl-\S+)",
        framed,
        more=re.compile(
            r"(?:while fetching|Unable to fetch|secure connection for) (?P<url>\S+)"
            r"(?:\n.*didn't respond within (?P<silent>[\d.]+) seconds$)?",
            re.MULTILINE,
        ),
    ),
    _rule(Dropped.code, r"^error: incomplete-download", framed, more=re.compile(r"URL: (?P<url>\S+)")),
    _rule(
        Unreachable.code,
        r"^ERROR: .*?\b(?P<scheme>HTTPS?)ConnectionPool\(host='(?P<host>[^']+)', port=(?P<port>\d+)\): "
        r"Max retries exceeded with url: (?P<path>/\S*)",
        one_line,
        more=re.compile(r"too many (?P<status>\d{3}) error responses|\(read timeout=(?P<silent>[\d.]+)\)"),
    ),
    # 424 is the gateway's, which knows more of it.
    _rule(
        Refused.code, r"^\s*ERROR: HTTP error (?P<status>(?!424)\d{3}) while getting (?P<url>\S+)", one_line
    ),
    _rule(Unreachable.code, r"^\s*fatal: unable to access '(?P<url>[^']+)'", one_line),
    _rule(UsageError.code, r"^ERROR: Invalid requirement:", with_continuation),
    _rule(
        UsageError.code,
        r"^ERROR: (?:Could not open requirements file|Directory .+ is not installable|Invalid wheel filename"
        r"|.+ is not a supported wheel|.+ does not appear to be a Python project)",
        one_line,
    ),
    _rule(UsageError.code, r"^(?:\S+ error: )?no such option: ", one_line),
    _rule(ChildKilled.code, r"^\s*│ exit code: -(?P<signal>\d+)$", killed_build, more=_BUILT),
    _rule(ChildFailed.code, QUOTED.pattern, quoted_build, more=_BUILT),
    _rule(ChildFailed.code, SHOWN.pattern, shown_build, more=_BUILT),
    _rule(ChildFailed.code, r"^\s*error: backend-unavailable$", framed, more=_BUILT),
    _rule(ChildFailed.code, r"^\s*fatal: ", one_line),
    _rule(ChildFailed.code, r"^ERROR: Exception:$", last_line),
    _rule(ChildFailed.code, r"^\s*error: [a-z]+(?:-[a-z]+)+$", framed, more=_BUILT),
    _rule(ChildFailed.code, r"^\s*ERROR: ", with_continuation),
)
"""The first rule that matches counts: root causes stand above what follows from them."""
