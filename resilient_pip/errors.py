"""Every failure that this package raises on purpose: facts in fields, a stable code, an exit code.

    ResilientPipError                      exit
      UsageError           usage              2
        PlanOutdated       plan-outdated      2
        CommandUnusable    no-command         126 or 127
      TargetRefused        target-refused     1
      StorageError         cannot-write      73
      SourceError                                one source failed to serve one request
        Unreachable        unreachable       69
        Stalled            stalled           75
        TooSlow            too-slow          75
        Dropped            dropped           75
        ServerBusy         server-busy       75
        Refused            refused      1 or 69
        HashMismatch       hash-mismatch     65
        BadContent         bad-content       65
        Endless            endless           65
        AttemptsExhausted  (of the last try)     several tries of one request, none of which succeeded
      PlanError            no-solution        1
      ChildFailed          pip-failed         1
        ChildKilled        child-killed       1
      ChildHung            child-hung        75
      DeadlineExceeded     deadline         124
      Interrupted          interrupted  128+signal

Whether an error is worth another try is not said here but in `policy.transient`; how it reads as a
block with advice is said in `report`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from signal import Signals
from typing import ClassVar

from resilient_pip.model import SafeUrl, SourceLine
from resilient_pip.units import format_bytes, format_seconds
from resilient_pip.urls import host_of

UNAUTHORISED = frozenset({401, 403, 407})


class ResilientPipError(Exception):
    """The root: whoever catches this catches all that is raised on purpose."""

    code: ClassVar[str] = "error"
    """Stable across releases; used in JSON, in the documentation and to look up advice."""
    default_exit: ClassVar[int] = 1

    @property
    def exit_code(self) -> int:
        """The exit code of a run that ends with this error."""
        return self.default_exit


@dataclass(kw_only=True, eq=False)
class UsageError(ResilientPipError):
    """The command line, a requirements file, a directive or a setting is wrong."""

    code = "usage"
    default_exit = 2
    message: str
    source: SourceLine | None = None
    """Where it stands, when it does not stand on the command line."""

    def __str__(self) -> str:
        return f"{self.source}: {self.message}" if self.source else self.message


@dataclass(kw_only=True, eq=False)
class PlanOutdated(UsageError):
    """A plan file does not fit the interpreter, requirements, constraints or options any more."""

    code = "plan-outdated"
    renew: str
    """The command that makes it anew."""

    def __str__(self) -> str:
        return f"{self.message}; make it anew: {self.renew}"


@dataclass(kw_only=True, eq=False)
class CommandUnusable(UsageError):
    """The command that `exec` is to start is not there (exit 127), or cannot be started (126)."""

    code = "no-command"
    default_exit = 127
    found: bool

    @property
    def exit_code(self) -> int:
        """As a shell has it."""
        return 126 if self.found else 127


@dataclass(kw_only=True, eq=False)
class TargetRefused(ResilientPipError):
    """The environment must not or cannot be installed into (PEP 668, no usable Python…)."""

    code = "target-refused"
    default_exit = 1
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(kw_only=True, eq=False)
class StorageError(ResilientPipError):
    """Something cannot be written or read: disk full, read-only, not ours."""

    code = "cannot-write"
    default_exit = 73
    path: str
    reason: str

    def __str__(self) -> str:
        return f"cannot write {self.path}: {self.reason}"


@dataclass(kw_only=True, eq=False)
class SourceError(ResilientPipError):
    """One source failed to serve one request."""

    url: SafeUrl


@dataclass(kw_only=True, eq=False)
class Unreachable(SourceError):
    """No connection came about: DNS, refused, TLS, proxy, no answer to a connect."""

    code = "unreachable"
    default_exit = 69
    kind: str
    """One of "dns", "refused", "tls", "proxy", "connect-timeout", "network", "setting"."""
    reason: str
    fault: str = ""
    """What no further try changes: of a certificate, whether it is of an unknown "authority", "expired",
    "early", for another "name", or the "client"'s; of a proxy, that it "refused"."""

    def __str__(self) -> str:
        return f"no connection ({self.kind}): {self.reason}"


@dataclass(kw_only=True, eq=False)
class Stalled(SourceError):
    """Connected, then no byte for longer than the limit of this part of the transfer."""

    code = "stalled"
    default_exit = 75
    silent_s: float
    received: int
    expected: int | None

    def __str__(self) -> str:
        return f"stalled: no data for {format_seconds(self.silent_s)}{at(self.received, self.expected)}"


@dataclass(kw_only=True, eq=False)
class TooSlow(SourceError):
    """Bytes come, but below the floor for the whole window, or past the package's deadline."""

    code = "too-slow"
    default_exit = 75
    rate: float
    """Bytes a second over the window."""
    reason: str
    received: int
    expected: int | None

    def __str__(self) -> str:
        rate = format_bytes(round(self.rate))
        return f"too slow: {rate}/s, {self.reason}{at(self.received, self.expected)}"


@dataclass(kw_only=True, eq=False)
class Dropped(SourceError):
    """The connection broke or the body ended before its length was reached."""

    code = "dropped"
    default_exit = 75
    reason: str
    """In a log reader's words: "connection reset", "body ended early"…"""
    received: int
    expected: int | None

    def __str__(self) -> str:
        return f"{self.reason}{at(self.received, self.expected)}"


@dataclass(kw_only=True, eq=False)
class ServerBusy(SourceError):
    """The server answered with a status that means "not now" (408, 425, 429, most 5xx)."""

    code = "server-busy"
    default_exit = 75
    status: int
    retry_after_s: float | None = None

    def __str__(self) -> str:
        return f"HTTP {self.status}"


@dataclass(kw_only=True, eq=False)
class Refused(SourceError):
    """The server answered with a status that does not change by asking again."""

    code = "refused"
    status: int
    detail: str = ""
    """What else is known: the login that it was sent."""

    @property
    def exit_code(self) -> int:
        """69 where credentials are missing or not enough, 1 otherwise."""
        return 69 if self.status in UNAUTHORISED else 1

    def __str__(self) -> str:
        return f"HTTP {self.status}, {self.detail}" if self.detail else f"HTTP {self.status}"


@dataclass(kw_only=True, eq=False)
class HashMismatch(SourceError):
    """A complete file is not the file that the index or the user named."""

    code = "hash-mismatch"
    default_exit = 65
    algorithm: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.algorithm} is {self.actual}, expected {self.expected}"


@dataclass(kw_only=True, eq=False)
class BadContent(SourceError):
    """An answer is not what was asked for: no index page, a wrong Content-Range, a broken wheel."""

    code = "bad-content"
    default_exit = 65
    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(kw_only=True, eq=False)
class Endless(SourceError):
    """A file whose length nobody tells goes on and on."""

    code = "endless"
    default_exit = 65
    received: int

    def __str__(self) -> str:
        return f"no end{at(self.received, None)}, of a file whose length nobody tells"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One try of one request that failed."""

    error: SourceError
    at_s: float
    """Monotonic time of the failure."""
    received: int
    """Bytes of the file that are there after this try."""
    mirror: SafeUrl | None = None
    """Where it was tried; None: at the URL of the request itself."""

    @property
    def cause(self) -> str:
        """The word that it is counted under in a tally, such as "stall" or "HTTP 503"."""
        match self.error:
            case Stalled():
                return "stall"
            case ServerBusy(status=status) | Refused(status=status):
                return f"HTTP {status}"
            case Dropped(reason=reason):
                return reason
            case Unreachable(kind=kind):
                return f"no connection ({kind})"
            case HashMismatch():
                return "wrong hash"
            case BadContent(reason=reason):
                return reason
            case _:
                return self.error.code


@dataclass(kw_only=True, eq=False)
class AttemptsExhausted(SourceError):
    """Every try of one request failed; code and exit code are those of what failed last."""

    code = "attempts-exhausted"
    last: SourceError
    attempts: tuple[Attempt, ...]
    elapsed_s: float
    kept: int = 0
    """Bytes of the file that stay in the cache for the next run."""
    expected: int | None = None

    @property
    def exit_code(self) -> int:
        """That of the last try, but 75 where an earlier try shows that the source does answer."""
        answered = any(not isinstance(attempt.error, Unreachable) for attempt in self.attempts)
        return 75 if isinstance(self.last, Unreachable) and answered else self.last.exit_code

    @property
    def tally(self) -> str:
        """The tries counted by cause, as in "8 in 4 min 41 s: 6 stalls, 1 HTTP 503".

        Where mirrors were tried, by host too: "7 stalls at files.example, 1 HTTP 404 at mirror.example".
        """
        return f"{len(self.attempts)} in {format_seconds(self.elapsed_s)}: {self._causes}"

    @property
    def _causes(self) -> str:
        if all(attempt.mirror is None for attempt in self.attempts):
            return count_causes(Counter(attempt.cause for attempt in self.attempts))
        counts = Counter((attempt.cause, host_of(attempt.mirror or self.url)) for attempt in self.attempts)
        return ", ".join(
            f"{count_causes({cause: count})} at {host}" for (cause, host), count in counts.most_common()
        )

    def __str__(self) -> str:
        return str(self.last)


@dataclass(kw_only=True, eq=False)
class PlanError(ResilientPipError):
    """pip found no set of files that satisfies the requirements."""

    code = "no-solution"
    default_exit = 1
    message: str
    """pip's own explanation, several lines, with the user's file and line."""
    lines: tuple[str, ...] = ()
    """The requirement lines that take part, as "requirements.txt:3: torch>=2"."""

    def __str__(self) -> str:
        return self.message


@dataclass(kw_only=True, eq=False)
class ChildFailed(ResilientPipError):
    """A supervised child (pip, a build) ended with a failure of its own."""

    code = "pip-failed"
    default_exit = 1
    what: str
    """What the child was doing: "install", "build of flash-attn 2.8.3"…"""
    returncode: int
    message: str
    """The lines of its output that say why."""
    log: str = ""
    """Path of its whole output, where kept."""
    package: str | None = None
    """The project that its output blames."""
    hint: str = ""
    """What may help, where its output tells; else the advice for the code stands."""

    @property
    def ending(self) -> str:
        """How it ended."""
        return f"ended with exit code {self.returncode}" if self.returncode else "failed"

    def __str__(self) -> str:
        return self.message or f"{self.what} {self.ending}"


@dataclass(kw_only=True, eq=False)
class ChildKilled(ChildFailed):
    """A child, or the build that it ran, was ended by a signal that was not ours: no failure of its own."""

    code = "child-killed"
    signal: int

    @property
    def ending(self) -> str:
        """How it ended."""
        return f"was ended by {Signals(self.signal).name}"


@dataclass(kw_only=True, eq=False)
class ChildHung(ResilientPipError):
    """A supervised child showed no output, no CPU time and no I/O for too long, or ran out of time."""

    code = "child-hung"
    default_exit = 75
    what: str
    silent_s: float
    reason: str
    last: tuple[str, ...] = ()
    """The last lines that it printed."""

    def __str__(self) -> str:
        said = "; it last said:" if self.last else ""
        return "\n  ".join((f"{self.what}: {self.reason}{said}", *self.last))


@dataclass(kw_only=True, eq=False)
class DeadlineExceeded(ResilientPipError):
    """The run's own deadline, or a hard time-out that the user set, is over."""

    code = "deadline"
    default_exit = 124
    scope: str
    """What was limited: "the run", "torch"…"""
    limit_s: float
    kept: int = field(default=0)

    def __str__(self) -> str:
        return f"{self.scope} did not finish within {format_seconds(self.limit_s)}"


@dataclass(kw_only=True, eq=False)
class Interrupted(ResilientPipError):
    """A signal asked this run to end."""

    code = "interrupted"
    signal: int

    @property
    def exit_code(self) -> int:
        """128 + signal, as a shell reports it."""
        return 128 + self.signal

    def __str__(self) -> str:
        return f"interrupted by signal {self.signal}"


def at(received: int, expected: int | None) -> str:
    """Say how far a transfer had come, as in "at 71.3 MB (38 %)", with a space before it."""
    if not expected:
        return f" at {format_bytes(received)}"
    return f" at {format_bytes(received)} ({received * 100 // expected} %)"


def count_causes(counts: Mapping[str, int]) -> str:
    """Write how often what was the cause, most frequent first: "6 stalls, 1 HTTP 503"."""
    return ", ".join(
        f"{count} {cause}{'s' if count > 1 and cause == 'stall' else ''}"
        for cause, count in Counter(counts).most_common()
    )
