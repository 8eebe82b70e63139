"""A failed child as the error that fits what it printed."""

from __future__ import annotations

from collections.abc import Sequence

from resilient_pip.child.diagnose import Diagnosis, diagnose
from resilient_pip.errors import (
    ChildFailed,
    HashMismatch,
    PlanError,
    ResilientPipError,
    StorageError,
    TargetRefused,
    Unreachable,
    UsageError,
)
from resilient_pip.model import redact

_LAST_LINES = 10


def failure_of(what: str, returncode: int, lines: Sequence[str], *, log: str = "") -> ResilientPipError:
    """Make the error: of the class that pip's own words name, else `ChildFailed` with its last words.

    Args:
        what: what the child was doing.
        returncode: its exit code.
        lines: the end of its output.
        log: the path of its whole output, where that is kept.
    """
    if diagnosis := diagnose(lines):
        return _named(diagnosis, what, returncode, log)
    marked = [line for line in lines if line.startswith("ERROR:")]
    message = "\n".join(marked or lines[-_LAST_LINES:])
    return ChildFailed(what=what, returncode=returncode, message=message, log=log)


def _named(diagnosis: Diagnosis, what: str, returncode: int, log: str) -> ResilientPipError:
    facts, message = diagnosis.facts, diagnosis.message
    url = redact(facts.get("url", ""))
    match diagnosis.code:
        case PlanError.code:
            return PlanError(message=message)
        case StorageError.code:
            return StorageError(path=facts.get("path", f"({what})"), reason=facts.get("reason", message))
        case TargetRefused.code:
            return TargetRefused(message=message)
        case UsageError.code:
            return UsageError(message=message)
        case HashMismatch.code if "expected" in facts:
            return HashMismatch(
                url=url,
                algorithm=facts["algorithm"],
                expected=facts["expected"],
                actual=facts["actual"],
            )
        case Unreachable.code:
            return Unreachable(url=url, kind="network", reason=message)
        case _:
            package = facts.get("package")
            return ChildFailed(
                what=what,
                returncode=returncode,
                message=message,
                log=log,
                package=package,
                hint=diagnosis.hint,
            )
