"""The planning child: one joint `pip install --dry-run --report` through the gateway."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from anyio import to_thread

from resilient_pip.child.command import Command
from resilient_pip.child.failure import failure_of
from resilient_pip.child.pip import Pip
from resilient_pip.child.process import ChildResult
from resilient_pip.child.success import RunChild
from resilient_pip.errors import ChildFailed, PlanError, ResilientPipError
from resilient_pip.model import Install
from resilient_pip.workspace import Workspace, in_users_words, involved, write_requirements

WHAT = "plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """Asks pip what it would install."""

    run: RunChild
    pip: Pip
    install: Install
    workspace: Workspace

    async def report(self) -> dict[str, Any]:
        """Give pip's installation report.

        Raises:
            PlanError: no set of files fits; in the user's files and lines.
            ChildFailed: pip was stopped, as the gateway failed, or its words tell nothing else.
            ResilientPipError: another failure that pip's words tell.
        """
        await to_thread.run_sync(write_requirements, self.workspace, self.install)
        result = await self.run(self._command())
        if result.stopped:
            raise ChildFailed(what=WHAT, returncode=result.returncode, message="stopped")
        if result.returncode != 0:
            raise self._failure(result)
        text = await to_thread.run_sync(self.workspace.report.read_bytes)
        report: dict[str, Any] = json.loads(text)
        return report

    def _failure(self, result: ChildResult) -> ResilientPipError:
        lines = in_users_words(self.workspace, self.install, result.lines)
        error = failure_of(WHAT, result.returncode, lines)
        if isinstance(error, PlanError):
            explanation = str(failure_of(WHAT, result.returncode, result.lines))
            error.lines = involved(self.workspace, self.install, explanation)
        return error

    def _command(self) -> Command:
        """Say how pip is started; indexes reach it by environment, as argv is there for all to read."""
        return self.pip.command(
            WHAT,
            "install",
            "--dry-run",
            f"--report={self.workspace.report}",
            "--root-user-action=ignore",
            *self.install.plan_options,
            *self.install.network_options,
            f"--constraint={self.workspace.constraints}",
            f"--requirement={self.workspace.requirements}",
        )
