"""What the core tells whoever listens: past-tense facts in frozen values, absolute numbers, no text to show.

The core gets an `Emit` as a parameter. Every …Started has exactly one …Finished with the same subject;
renderers (`ui/`) and the run's statistics are made of these events alone.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from resilient_pip.model import Group, Outcome, Phase, Plan, ProjectName, SafeUrl


class Kind(enum.Enum):
    """What a request is for."""

    PAGE = "page"
    METADATA = "metadata"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One thing that is being transferred."""

    kind: Kind
    project: ProjectName
    name: str
    """File name, or the project's name for a page."""
    url: SafeUrl


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStarted:
    """A phase of the run began. Phases overlap: groups install while others download."""

    phase: Phase
    group: str | None = None
    """The group that is planned alone, once all before it is installed; None: it is for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseFinished:
    """A phase of the run ended."""

    phase: Phase
    outcome: Outcome
    elapsed_s: float
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheOpened:
    """It is known where the run puts what it downloads."""

    folder: str
    """Of the cache; "" where there is none."""
    keeps: bool
    """Whether the next run finds there what this one downloads."""
    why: str
    """As in "it is kept, as …"."""
    by_default: bool
    """Whether that is what everybody expects, and nothing to tell."""
    mount: str
    """Where a cache mount would make it keep; "" where that would change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReady:
    """All files of the plan's latest stage are known."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferStarted:
    """Bytes of `subject` are asked for; `received` of them are there already from an earlier run."""

    subject: Subject
    received: int
    expected: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAdvanced:
    """More bytes came. Sent at most a few times a second per subject."""

    subject: Subject
    received: int
    expected: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferWaiting:
    """Nothing flows for `subject`, for a reason worth telling ("first byte", "another run downloads it")."""

    subject: Subject
    reason: str
    other_run: bool = False
    """Whether another run transfers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryScheduled:
    """An attempt failed; the next one starts in `wait_s` seconds, from byte `received`."""

    subject: Subject
    attempt: int
    """How many attempts in a row failed without progress."""
    attempts: int
    """How many may."""
    wait_s: float
    cause: str
    """The tally's word: "stall", "HTTP 503"… (`errors.Attempt.cause`)."""
    detail: str
    """The error as one line."""
    received: int
    mirror: SafeUrl | None = None
    """Where it failed; None: at the subject's own URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFinished:
    """`subject` is there, or is given up. `transferred` counts the body bytes that crossed the network."""

    subject: Subject
    outcome: Outcome
    received: int
    transferred: int
    segments: int = 0
    """How many parts of it came over further connections, a request each."""
    from_cache: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessesCounted:
    """The plan is made: so many pages and metadata were read before pip asked, so many of them in vain."""

    made: int
    in_vain: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyDownloadsEnded:
    """The plan is made: so many bytes of files came before, so many of them of files that it lacks."""

    received: int
    in_vain: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStarted:
    """A group's install child starts. Groups overlap: one is compiled while the next is unpacked."""

    group: Group
    number: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFinished:
    """A group is installed, or not."""

    group: Group
    number: int
    count: int
    outcome: Outcome
    elapsed_s: float
    added_s: float
    """What it adds to the time in which groups were being installed: that of several together counts once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildStarted:
    """A supervised child was started."""

    what: str
    """ "plan", "install torch", "build flash-attn 2.8.3"…"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildOutput:
    """A child printed a line."""

    what: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildMeasured:
    """What a child and everything that it has started have used up to now. Sent every few seconds."""

    what: str
    cpu_s: float
    io: int
    """Bytes read and written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildFinished:
    """A supervised child ended."""

    what: str
    outcome: Outcome
    returncode: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Something that the user should know and that stops nothing."""

    message: str


Event: TypeAlias = (
    PhaseStarted
    | PhaseFinished
    | CacheOpened
    | PlanReady
    | TransferStarted
    | TransferAdvanced
    | TransferWaiting
    | RetryScheduled
    | TransferFinished
    | GuessesCounted
    | EarlyDownloadsEnded
    | GroupStarted
    | GroupFinished
    | ChildStarted
    | ChildOutput
    | ChildMeasured
    | ChildFinished
    | Noted
)
Emit: TypeAlias = Callable[[Event], None]
