"""A small run to describe: two groups, one large wheel in the second, as plan and events."""

from __future__ import annotations

from resilient_pip.events import (
    Kind,
    RetryScheduled,
    Subject,
    TransferAdvanced,
    TransferFinished,
    TransferStarted,
)
from resilient_pip.model import (
    Group,
    Outcome,
    Plan,
    PlannedFile,
    RemoteFile,
    Requirement,
    SafeUrl,
    SourceLine,
    Stage,
    Terms,
    project_name,
)

MB = 10**6


def planned(name: str, version: str, size: int | None, limit_s: float | None = None) -> PlannedFile:
    """Describe a wheel of the plan."""
    filename = f"{name}-{version}-py3-none-any.whl"
    file = RemoteFile(
        project=project_name(name), filename=filename, url=f"https://files.example/{filename}", size=size
    )
    terms = Terms(limit_s=limit_s, hard=False, tries=8)
    return PlannedFile(project=project_name(name), name=name, version=version, file=file, terms=terms)


IDNA = planned("idna", "3.10", 70_000, 61.0)
TORCH = planned("torch", "2.9.1", 200 * MB, 840.0)
SYMPY = planned("sympy", "1.14.0", 6 * MB, 85.0)

SMALL = Group(name="idna", files=(IDNA,))
LARGE = Group(
    name="torch",
    files=(SYMPY, TORCH),
    requirements=(
        Requirement(
            text="torch>=2",
            name=project_name("torch"),
            source=SourceLine(file="requirements.txt", line=3),
        ),
    ),
)
PLAN = Plan(stages=(Stage(groups=(SMALL, LARGE)),), satisfied=("numpy 1.26.4",))


def file_of(one: PlannedFile) -> Subject:
    """Name the transfer of a planned file."""
    return Subject(kind=Kind.FILE, project=one.project, name=one.file.filename, url=one.file.safe_url)


def page_of(project: str) -> Subject:
    """Name the transfer of a project's page."""
    name = project_name(project)
    return Subject(
        kind=Kind.PAGE, project=name, name=name, url=SafeUrl(f"https://pypi.example/simple/{name}/")
    )


def metadata_of(project: str) -> Subject:
    """Name the transfer of a wheel's core metadata."""
    name = f"{project}-1.0-py3-none-any.whl.metadata"
    return Subject(
        kind=Kind.METADATA,
        project=project_name(project),
        name=name,
        url=SafeUrl(f"https://files.example/{name}"),
    )


def started(subject: Subject, expected: int | None = None, received: int = 0) -> TransferStarted:
    """Begin a transfer."""
    return TransferStarted(subject=subject, received=received, expected=expected)


def advanced(subject: Subject, received: int, expected: int | None = None) -> TransferAdvanced:
    """Move a transfer on."""
    return TransferAdvanced(subject=subject, received=received, expected=expected)


def retry(subject: Subject, cause: str, *, wait_s: float = 4.0, received: int = 0) -> RetryScheduled:
    """Let the second of eight tries fail."""
    return RetryScheduled(
        subject=subject,
        attempt=2,
        attempts=8,
        wait_s=wait_s,
        cause=cause,
        detail=f"{cause} as one line",
        received=received,
    )


def finished(
    subject: Subject,
    received: int,
    transferred: int | None = None,
    *,
    outcome: Outcome = Outcome.DONE,
    from_cache: bool = False,
) -> TransferFinished:
    """End a transfer; all of it crossed the network unless said otherwise."""
    return TransferFinished(
        subject=subject,
        outcome=outcome,
        received=received,
        transferred=received if transferred is None else transferred,
        from_cache=from_cache,
    )
