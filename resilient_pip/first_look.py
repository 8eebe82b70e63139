"""The first look at the target: what it is, and whether it may and can be installed into. Nothing changes."""

from __future__ import annotations

from dataclasses import dataclass

from anyio import to_thread

from resilient_pip.child.command import child_environment
from resilient_pip.events import Emit, Noted
from resilient_pip.install.journal import journal_path
from resilient_pip.install.scheme import Scheme, scheme_of
from resilient_pip.job import Job
from resilient_pip.plan.satisfied import is_satisfied
from resilient_pip.plan.stages import check_marks
from resilient_pip.target.environment import Target, inspect
from resilient_pip.target.pip_copy import PipCopy, copy_probe
from resilient_pip.target.usable import Destination, check_usable
from resilient_pip.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was seen."""

    copy: PipCopy
    """The folder of the private pip, which need not be in it yet."""
    target: Target
    destination: Destination
    scheme: Scheme
    """Where in the destination what goes."""

    def satisfies(self, job: Job) -> bool:
        """Whether there plainly is nothing to do: all is installed, and nothing was left half installed."""
        if job.to_save or job.plan_files or job.install_groups or job.from_install_group is not None:
            return False
        installed, environment = self.target.installed, self.target.markers
        return not journal_path(self.scheme).exists() and is_satisfied(
            job.install, installed=installed, environment=environment
        )


async def look(job: Job, workspace: Workspace, emit: Emit) -> Found:
    """Look at everything about the target that can be wrong.

    Raises:
        UsageError: a directive asks for what cannot be had with an option.
        TargetRefused: the target must not or cannot be installed into.
        StorageError: the target cannot be written.
    """
    install = job.install
    for warning in install.warnings:
        emit(Noted(message=warning))
    check_marks(install, in_file=job.to_save or bool(job.plan_files))
    copy = await to_thread.run_sync(copy_probe, workspace.root)
    target = await inspect_offline(job, workspace, copy)
    destination = check_usable(target, install)
    if destination.by_default:
        emit(
            Noted(message=f"installing to {destination.folder}, as the normal site-packages is not writable")
        )
    return Found(
        copy=copy, target=target, destination=destination, scheme=scheme_of(target, install, destination)
    )


async def inspect_offline(job: Job, workspace: Workspace, copy: PipCopy) -> Target:
    """Let the target tell about itself, in the environment of a child that knows no index."""
    offline = child_environment(job.environ, index_urls=(), temp=workspace.temporary)
    return await inspect(job.install.python, copy, offline)
