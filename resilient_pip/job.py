"""What one command line asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from resilient_pip.model import Install
from resilient_pip.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything that a run needs to know from outside."""

    install: Install
    reread: Callable[[Mapping[str, str]], Install] = field(repr=False)
    """Reads the command line again, given the texts of files behind URLs."""
    settings: Settings
    environ: Mapping[str, str] = field(repr=False)
    cwd: str
    """The user's folder: relative paths of requirements and options start there."""
    plan_only: bool = False
    """End with the plan."""
