"""What one command line asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.model import Install
from resilient_pip.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything that a run needs to know from outside."""

    install: Install
    reread: Callable[[Mapping[str, str], TargetMarkers | None], Install] = field(repr=False)
    """Reads the command line again, given the texts of files behind URLs, and the target once it is known."""
    settings: Settings
    environ: Mapping[str, str] = field(repr=False)
    cwd: str
    """The user's folder: relative paths of requirements and options start there."""
    fetched: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The texts of files behind URLs, as far as they are here."""
    plan_only: bool = False
    """End with the plan."""
    to_save: bool = False
    """The plan is for other machines: made as for an empty environment, with a hash for every file."""
    plan_files: tuple[str, ...] = ()
    """Files that hold the plan; none: it is made."""
    install_groups: tuple[str, ...] = ()
    """The only groups that are wanted, with those from `from_install_group` on; neither given: all."""
    from_install_group: str | None = None
