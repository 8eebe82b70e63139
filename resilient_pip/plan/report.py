"""pip's installation report, read into planned files.

The format is pip's documented "version": "1" (pip docs, reference/installation-report). Names, versions and
hashes come from it; where a file really is, only the gateway knows, whose URLs the report holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from resilient_pip.errors import PlanError
from resilient_pip.model import (
    PlannedFile,
    ProjectName,
    RemoteFile,
    RequirementForm,
    project_name,
    redact,
)

VERSION = "1"


class InstalledProject(Protocol):
    """What the plan needs to know of something installed; the target's probe tells it."""

    @property
    def name(self) -> str:
        """Name as its metadata writes it."""

    @property
    def version(self) -> str:
        """Version that is installed."""

    @property
    def requires(self) -> tuple[str, ...]:
        """Requires-Dist lines of its metadata."""

    @property
    def extras(self) -> frozenset[ProjectName]:
        """Extras that it provides, normalised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What pip would install, and the environment that it decided for."""

    files: tuple[PlannedFile, ...]
    """In the order of the report."""
    environment: Mapping[str, str]
    """The marker variables of the target (PEP 508)."""

    def with_sizes(self, sizes: Mapping[ProjectName, int]) -> Report:
        """Fill in sizes that the index does not tell and that were asked for."""
        return replace(
            self,
            files=tuple(
                replace(planned, file=replace(planned.file, size=sizes[planned.project]))
                if planned.project in sizes
                else planned
                for planned in self.files
            ),
        )


def read_report(
    document: Mapping[str, Any],
    *,
    resolve: Callable[[str], RemoteFile | None],
    installed: Mapping[ProjectName, InstalledProject],
) -> Report:
    """Read a report.

    Args:
        document: the JSON that `pip install --dry-run --report` wrote.
        resolve: maps a gateway URL back to the file that it stands for; None for any other URL.
        installed: what is installed in the target where pip would replace it; empty where nothing is
            replaced (--target, --ignore-installed…).

    Raises:
        PlanError: the report has a version that this program does not know.
    """
    if document.get("version") != VERSION:
        raise PlanError(
            message=f"pip's installation report has version {document.get('version')!r}, not {VERSION!r}"
        )
    return Report(
        files=tuple(_planned(entry, resolve, installed) for entry in document["install"]),
        environment=document["environment"],
    )


def _planned(
    entry: Mapping[str, Any],
    resolve: Callable[[str], RemoteFile | None],
    installed: Mapping[ProjectName, InstalledProject],
) -> PlannedFile:
    metadata, info = entry["metadata"], entry["download_info"]
    project = project_name(metadata["name"])
    form = _form(info) if entry["is_direct"] else RequirementForm.NAMED
    present = installed.get(project)
    return PlannedFile(
        project=project,
        name=metadata["name"],
        version=metadata["version"],
        file=_file(project, info, resolve),
        form=form,
        requested=entry["requested"],
        requires=tuple(metadata.get("requires_dist", ())),
        requires_python=metadata.get("requires_python"),
        replaces=present.version if present else None,
        yanked=entry["is_yanked"],
        direct_url=None if form is RequirementForm.NAMED else json.dumps(info, sort_keys=True),
        reported=entry,
    )


def _form(info: Mapping[str, Any]) -> RequirementForm:
    """Tell by PEP 610 how a direct requirement is installed; a local wheel or sdist is an archive by URL."""
    if "vcs_info" in info:
        return RequirementForm.VCS
    if "dir_info" in info:
        return RequirementForm.EDITABLE if info["dir_info"].get("editable") else RequirementForm.LOCAL
    return RequirementForm.DIRECT


def _file(
    project: ProjectName, info: Mapping[str, Any], resolve: Callable[[str], RemoteFile | None]
) -> RemoteFile:
    url = info["url"]
    # Where the index gives no hash and the user gives --hash, pip has fetched, checked and hashed the file.
    hashes = info.get("archive_info", {}).get("hashes", {})
    if known := resolve(url):
        return replace(known, project=project, hashes={**hashes, **known.hashes})
    # Unquoted first, as pip does: "..%2F..%2Fx.whl" must not become a name that leads elsewhere.
    filename = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]
    return RemoteFile(project=project, filename=filename, url=url, hashes=hashes, index=redact(url))
