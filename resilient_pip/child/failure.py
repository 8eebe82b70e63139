"""A failed child as the error that fits what it printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resilient_pip.child.again import KILLS
from resilient_pip.child.diagnose import Diagnosis, explain
from resilient_pip.errors import (
    ChildFailed,
    ChildKilled,
    Dropped,
    HashMismatch,
    PlanError,
    Refused,
    ResilientPipError,
    ServerBusy,
    Stalled,
    StorageError,
    TargetRefused,
    Unreachable,
    UsageError,
)
from resilient_pip.model import redact
from resilient_pip.policy.transient import TRANSIENT_STATUSES

_USUAL_PORTS = frozenset({("http", "80"), ("https", "443")})


def failure_of(what: str, returncode: int, lines: Sequence[str], *, log: str = "") -> ResilientPipError:
    """Make the error: of the class that pip's own words name, else `ChildFailed` with its last words.

    Args:
        what: what the child was doing.
        returncode: its exit code.
        lines: the end of its output.
        log: the path of its whole output, where that is kept.
    """
    return error_of(explain(lines), what, returncode, log=log)


def error_of(
    diagnosis: Diagnosis, what: str, returncode: int, *, log: str = "", asked_for: Sequence[str] = ()
) -> ResilientPipError:
    """Make the error that a diagnosis names.

    Args:
        diagnosis: why the child failed.
        what: what the child was doing.
        returncode: its exit code.
        log: the path of its whole output, where that is kept.
        asked_for: the user's lines that take part, for a plan that has no solution.
    """
    facts, message = diagnosis.facts, diagnosis.message
    url = redact(facts.get("url") or _url_of(facts))
    match diagnosis.code:
        case PlanError.code:
            return PlanError(message=message, lines=tuple(asked_for))
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
        case Unreachable.code | Refused.code if "status" in facts:
            status = int(facts["status"])
            busy = status in TRANSIENT_STATUSES
            return ServerBusy(url=url, status=status) if busy else Refused(url=url, status=status)
        case Unreachable.code if "silent" in facts:
            return Stalled(url=url, silent_s=float(facts["silent"]), received=0, expected=None)
        case Dropped.code:
            return Dropped(url=url, reason=message.partition("\n")[0], received=0, expected=None)
        case Unreachable.code:
            return Unreachable(url=url, kind="network", reason=message)
        case _:
            failed = ChildFailed(
                what=what,
                returncode=returncode,
                message=message,
                log=log,
                package=facts.get("package"),
                hint=diagnosis.hint,
            )
            # Its own end, or that of the build whose end pip tells.
            number = -returncode if returncode < 0 else int(facts.get("signal", 0))
            return ChildKilled(**vars(failed), signal=number) if number in KILLS else failed


def _url_of(facts: Mapping[str, str]) -> str:
    """Put together the URL that urllib3 tells in parts; "" where it tells none."""
    if "host" not in facts:
        return ""
    scheme = facts["scheme"].lower()
    port = "" if (scheme, facts["port"]) in _USUAL_PORTS else f":{facts['port']}"
    return f"{scheme}://{facts['host']}{port}{facts['path']}"
