"""The first thing that a child asked for and did not get."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from resilient_pip.events import Subject
from resilient_pip.model import RemoteFile


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailure:
    """Something that a child asked for and the gateway finally failed to produce."""

    subject: Subject
    error: Exception
    """A ResilientPipError; anything else is a bug of this program."""
    file: RemoteFile | None = None
    """The file that it was, or whose metadata it was; None for a page."""


class FirstFailure:
    """Remembers the first failure; those after it may be its consequences."""

    def __init__(self) -> None:
        self.failure: SourceFailure | None = None
        self.failed = anyio.Event()

    def record(self, failure: SourceFailure) -> None:
        """Remember a failure if it is the first one."""
        if self.failure is None:
            self.failure = failure
            self.failed.set()
