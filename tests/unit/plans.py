"""Planned files, made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from resilient_pip.model import PlannedFile, RemoteFile, project_name


def planned(name: str, *requires: str, size: int = 10, **changes: Any) -> PlannedFile:
    """A wheel of version 1.0 that was asked for."""
    file = RemoteFile(
        project=project_name(name), filename=f"{name}.whl", url=f"https://h/{name}.whl", size=size
    )
    whole = PlannedFile(
        project=file.project, name=name, version="1.0", file=file, requested=True, requires=requires
    )
    return replace(whole, **changes)
