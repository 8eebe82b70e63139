"""pip's installation report (--report), as pip would have written it without a gateway in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resilient_pip.model import Plan, PlannedFile, RequirementForm
from resilient_pip.plan.report import VERSION
from resilient_pip.urls import without_login


def pip_report(plan: Plan, *, pip_version: str) -> dict[str, Any]:
    """Make the document of pip's docs, reference/installation-report, for what a plan has.

    Its entries are in the order in which they are installed: group by group.
    """
    return {
        "version": VERSION,
        "pip_version": pip_version,
        "install": [_entry(planned) for planned in plan.files],
        "environment": dict(plan.environment),
    }


def _entry(planned: PlannedFile) -> Mapping[str, Any]:
    if planned.form is not RequirementForm.NAMED:
        return planned.reported
    info = {
        **planned.reported["download_info"],
        "url": without_login(planned.file.url).partition("#")[0],
    }
    if not info["archive_info"].get("hashes") and "sha256" in planned.file.hashes:
        # pip has to transfer the whole file where an index tells no hash, and hashes it then.
        digest = planned.file.hashes["sha256"]
        info["archive_info"] = {"hash": f"sha256={digest}", "hashes": {"sha256": digest}}
    return {**planned.reported, "download_info": info}
