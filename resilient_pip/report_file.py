"""The file that --report names: pip's installation report, written once the plan is whole."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

from resilient_pip.disk.storing import storing
from resilient_pip.model import Plan
from resilient_pip.plan.pip_report import pip_report

STDOUT = "-"
"""The name that stands for stdout."""


def see_that_it_can_be_written(name: str) -> None:
    """Open the file before anything is changed; what is in it stays until there is a plan.

    Raises:
        StorageError: it cannot be written.
    """
    if name != STDOUT:
        with storing(Path(name)), Path(name).open("a", encoding="utf-8"):
            pass


def write_report(name: str, plan: Plan) -> str:
    """Write the report, and give what belongs on stdout.

    Raises:
        StorageError: the file cannot be written.
    """
    document = pip_report(plan, pip_version=importlib.metadata.version("pip"))
    if name == STDOUT:
        return json.dumps(document, indent=2) + "\n"  # in ASCII, whatever the locale
    with storing(Path(name)):
        Path(name).write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")
    return ""
