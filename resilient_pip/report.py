"""How a run ended, in lines for people: the failure block and the summary. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from resilient_pip.advice import advice
from resilient_pip.errors import (
    AttemptsExhausted,
    ChildFailed,
    DeadlineExceeded,
    Interrupted,
    PlanError,
    ResilientPipError,
    SourceError,
    UsageError,
    count_causes,
)
from resilient_pip.lines import counted, listed, printable
from resilient_pip.model import Failure, Plan, RunResult, Statistics
from resilient_pip.units import format_bytes, format_seconds

LIST_WIDTH = 80
"""Bytes of a list of names; what does not fit is counted."""
ONE_LINE = 100
"""Bytes up to which what is installed and what was not reached share a line."""
MOST_LINES = 20
"""Lines of an explanation; the child's log has the rest."""
INDENT = "  "
LABEL_WIDTH = 10
NOT_REACHED = "not reached  "


def failure_block(result: RunResult) -> list[str]:
    """Say where and why a run failed, what is left and what to do; empty where it did not fail.

    A usage error is one line: nothing was started that could have a place.
    """
    error = result.error
    if error is None:
        return []
    if isinstance(error, UsageError):
        return [f"resilient-pip: error: {printable(str(error))}"]
    failure = result.failure
    tries = error.tally if isinstance(error, AttemptsExhausted) and len(error.attempts) > 1 else ""
    return [
        _head(failure),
        *_row("package", _package(failure)),
        *_row("asked for", *_asked(error, failure)),
        *_row("from", _source(error, failure)),
        *_row("through", (failure.proxy if failure else None) or ""),
        *_row("cause", *_cause(error)),
        *_row("tries", tries),
        *_row("kept", _kept(result)),
        *_row("log", error.log if isinstance(error, ChildFailed) else ""),
        *_groups(result),
        *_row("do", advice(error, failure.phase if failure else None, resumes=result.resumes)),
    ]


def _row(label: str, *lines: str) -> list[str]:
    """Set lines behind a label, the first beside it; nothing where there is nothing to say."""
    said = [clean for line in lines if (clean := printable(line))]
    if len(said) > MOST_LINES:
        said = [*said[:MOST_LINES], f"({counted(len(said) - MOST_LINES, 'more line')})"]
    return [f"{INDENT}{label if number == 0 else '':{LABEL_WIDTH}}{line}" for number, line in enumerate(said)]


def _head(failure: Failure | None) -> str:
    parts = ["resilient-pip: FAILED"]
    if failure and failure.group is not None:
        number = f" {failure.group_number}/{failure.group_count}" if failure.group_number else ""
        parts.append(f'group{number} "{printable(failure.group)}"')
    if failure:
        parts.append(f"phase {failure.phase.value}")
    return "  ".join(parts)


def _package(failure: Failure | None) -> str:
    if failure is None:
        return ""
    size = format_bytes(failure.size) if failure.size is not None else None
    file = ", ".join(filter(None, (failure.filename, size)))
    return "  ".join(filter(None, (failure.package, f"({file})" if file else None)))


def _asked(error: Exception, failure: Failure | None) -> Sequence[str]:
    """Name the user's lines that led here; what stands on the command line needs no name."""
    if isinstance(error, PlanError) and error.lines:
        return error.lines
    requirement = failure.requirement if failure else None
    if failure and failure.source:
        return (str(failure.source),)
    return (str(requirement),) if requirement and requirement.source else ()


def _source(error: Exception, failure: Failure | None) -> str:
    if failure and failure.url:
        return failure.url
    return error.url if isinstance(error, SourceError) else ""


def _cause(error: Exception) -> list[str]:
    match error:
        case ChildFailed(message=message) if message:
            return [f"{error.what} {error.ending}", *message.splitlines()]
        case ResilientPipError():
            return str(error).splitlines()
        case _:
            return f"{type(error).__name__}: {error}".splitlines()


def _kept(result: RunResult) -> str:
    error, failure = result.error, result.failure
    if result.cache_mount and isinstance(error, AttemptsExhausted | DeadlineExceeded | Interrupted):
        return f"nothing; with RUN --mount=type=cache,target={result.cache_mount} the next build resumes"
    of_error = error.kept if isinstance(error, AttemptsExhausted | DeadlineExceeded) else 0
    kept = max(of_error, failure.kept if failure else 0)
    return f"{format_bytes(kept)}; the same command resumes there" if kept else ""


def _groups(result: RunResult) -> list[str]:
    """Name the groups that are installed and those not reached: in one line where it fits."""
    has_stages = result.plan is not None and (result.plan.later or len(result.plan.stages) > 1)
    stay = "; they stay" if has_stages and result.installed else ""
    installed = _row("installed", f"{listed(result.installed, LIST_WIDTH)}{stay}")
    missing = listed(result.not_reached, LIST_WIDTH)
    if not missing:
        return installed
    together = f"{''.join(installed)}   {NOT_REACHED}{printable(missing)}"
    if installed and len(together) <= ONE_LINE:
        return [together]
    return [*installed, f"{INDENT}{NOT_REACHED}{printable(missing)}"]


def summary(result: RunResult) -> list[str]:
    """Say what a run that ended well installed and moved, how long it took and what it survived."""
    plan = result.plan or Plan(stages=())
    groups = [group for group in plan.groups if group.name in result.installed]
    packages = sum(len(group.files) for group in groups)
    took = format_seconds(result.elapsed_s)
    if packages:
        head = f"installed {counted(packages, 'package')} in {counted(len(groups), 'group')}, {took}"
    else:
        head = f"nothing to install, {took}"
    return [
        f"resilient-pip: {head}",
        *_row("satisfied", listed(plan.satisfied, LIST_WIDTH)),
        *_row("moved", _moved(result.statistics)),
        *_row("phases", _phases(result.statistics)),
        *_row("survived", _survived(result.statistics)),
    ]


def _moved(statistics: Statistics) -> str:
    parts = []
    if statistics.requests:
        requests = counted(statistics.requests, "request")
        in_vain = f" ({statistics.in_vain} in vain)" if statistics.in_vain else ""
        parts.append(f"{format_bytes(statistics.downloaded)} downloaded in {requests}{in_vain}")
    if statistics.downloaded_in_vain:
        parts.append(f"{format_bytes(statistics.downloaded_in_vain)} of files that the plan does not have")
    if statistics.from_cache:
        parts.append(f"{format_bytes(statistics.from_cache)} on disk already")
    return ", ".join(parts)


def _phases(statistics: Statistics) -> str:
    return ", ".join(f"{phase.value} {format_seconds(spent)}" for phase, spent in statistics.phase_s.items())


def _survived(statistics: Statistics) -> str:
    """Count the retries after which a transfer succeeded: "2 stalls, 1 HTTP 503 (numpy 1, torch 2)"."""
    if not statistics.retries:
        return ""
    causes = count_causes(statistics.retries)
    projects = [f"{project} {sum(counts.values())}" for project, counts in sorted(statistics.retried.items())]
    return f"{causes} ({listed(projects, LIST_WIDTH)})" if projects else causes
