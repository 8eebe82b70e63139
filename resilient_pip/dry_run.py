"""The planning child: one joint `pip install --dry-run --report` through the gateway."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from anyio import to_thread

from resilient_pip.child.again import again_if_killed
from resilient_pip.child.command import Command
from resilient_pip.child.diagnose import explain
from resilient_pip.child.failure import error_of
from resilient_pip.child.pip import Pip
from resilient_pip.child.process import ChildResult
from resilient_pip.child.success import RunChild, stopped
from resilient_pip.errors import ChildKilled
from resilient_pip.events import Emit
from resilient_pip.failing import RunFailed
from resilient_pip.model import Failure, Install, Phase, Requirement, redact
from resilient_pip.workspace import Workspace, in_users_words, involved, write_requirements

WHAT = "plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """Asks pip what it would install."""

    run: RunChild
    pip: Pip
    install: Install
    """What the user asks for."""
    asked: Install
    """The same as pip is asked for it: line by line, with other URLs for files that are here already."""
    workspace: Workspace
    emit: Emit
    words: tuple[str, ...] = ()
    """Further words for this pip; the user's own come after them."""

    async def report(self) -> dict[str, Any]:
        """Give pip's installation report.

        Raises:
            RunFailed: pip gave up, why and where its words tell; in the user's files and lines.
            ChildFailed: it was stopped, as the gateway failed, or was killed twice.
            ResilientPipError: it could not be run to its end.
        """
        await to_thread.run_sync(write_requirements, self.workspace, self.asked)
        await again_if_killed(self._ask, self.emit)
        text = await to_thread.run_sync(self.workspace.report.read_bytes)
        report: dict[str, Any] = json.loads(text)
        return report

    async def _ask(self) -> None:
        result = await self.run(self._command())
        if result.stopped:
            raise stopped(WHAT, result)
        if result.returncode != 0:
            raise self._failure(result)

    def _failure(self, result: ChildResult) -> RunFailed | ChildKilled:
        diagnosis = explain(result.lines)
        asked_for = involved(self.workspace, self.install, diagnosis.message, result.lines)
        message = in_users_words(self.workspace, self.install, diagnosis.message)
        error = error_of(
            replace(diagnosis, message=message),
            WHAT,
            result.returncode,
            log=str(result.log),
            asked_for=tuple(map(str, asked_for)),
        )
        if isinstance(error, ChildKilled):
            return error
        requirement = asked_for[0] if len(asked_for) == 1 else None
        return RunFailed(error, _place(diagnosis.facts, requirement))

    def _command(self) -> Command:
        """Say how pip is started; indexes reach it by environment, as argv is there for all to read."""
        return self.pip.command(
            WHAT,
            "install",
            "--dry-run",
            f"--report={self.workspace.report}",
            "--root-user-action=ignore",
            *self.install.plan_options,
            *self.words,
            *self.install.network_options,
            f"--constraint={self.workspace.constraints}",
            f"--requirement={self.workspace.requirements}",
        )


def _place(facts: Mapping[str, str], requirement: Requirement | None) -> Failure:
    """Name what pip's words name; where they name a pin, the URL is that of its file."""
    pin, url = facts.get("requirement"), facts.get("url")
    safe_url = redact(url) if url else None
    return Failure(
        phase=Phase.PLAN,
        package=pin.replace("==", " ") if pin else facts.get("package"),
        filename=unquote(safe_url.rpartition("/")[2]) if pin and safe_url else None,
        url=safe_url,
        requirement=requirement,
    )
