"""What `resilient-pip plan` does with the plan that its run has made."""

from __future__ import annotations

import os.path
from pathlib import Path, PurePosixPath

from resilient_pip.errors import UsageError
from resilient_pip.model import Plan
from resilient_pip.plan.document import unsavable
from resilient_pip.plan.table import plan_table
from resilient_pip.plan_command.arguments import PlanArguments
from resilient_pip.plan_command.dockerfile import FOLDER, dockerfile_lines, split
from resilient_pip.plan_files import plan_text, write_plan_file, write_split
from resilient_pip.settings import Settings


def show_plan(plan: Plan, arguments: PlanArguments, settings: Settings, *, cwd: str, width: int) -> list[str]:
    """Save the plan where that is asked for, and return what to print.

    Raises:
        UsageError: a plan file cannot hold it, or a Dockerfile cannot use it.
        StorageError: a file cannot be written.
    """
    if arguments.to_save and (reason := unsavable(plan.files)):
        raise UsageError(message=reason)
    if arguments.dockerfile:
        return _split(plan, arguments.output or FOLDER, settings, cwd=cwd)
    saved = []
    if arguments.output is not None:
        write_plan_file(Path(arguments.output), plan)
        saved = [f"saved as {arguments.output}"]
    if arguments.as_json:
        return plan_text(plan, folder=Path(cwd)).splitlines()
    return [*plan_table(plan, width=width), *saved]


def _split(plan: Plan, output: str, settings: Settings, *, cwd: str) -> list[str]:
    folder, files = Path(os.path.relpath(output, cwd)), split(plan)
    lines = dockerfile_lines(files, PurePosixPath(folder), settings)
    write_split(folder, files)
    return lines
