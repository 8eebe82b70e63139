"""A plan as a document: what a plan file holds, as docs/plan-files.md says. `plan.reading` reads it.

There is nothing in it that differs between two makings of the same plan, nor between a group's document and
the same group among others: no date, no line number, no digest of the whole.
"""

from __future__ import annotations

import json
import os.path
from collections.abc import Sequence
from typing import Any, TypeGuard
from urllib.parse import quote, unquote, urlsplit

from resilient_pip.errors import UsageError
from resilient_pip.index.hashes import SECURE
from resilient_pip.model import (
    Group,
    Plan,
    PlannedFile,
    project_name,
    redact,
)
from resilient_pip.plan.graph import parse_requires

FORMAT = "resilient-pip plan"
VERSION = 2
"""Raised when a key is renamed, removed or means something else; adding one is free."""


def plan_as_json(plan: Plan, *, folder: str) -> dict[str, Any]:
    """Write a plan as a document.

    Args:
        plan: the plan.
        folder: where the document will lie; what is on this machine is named relative to it.

    Raises:
        UsageError: there is a URL that cannot be written without its credentials.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "made_for": plan.made_for,
        "options": list(plan.options),
        "satisfied": list(plan.satisfied),
        "later": list(plan.later),
        "groups": [_group(group, folder) for group in plan.groups],
    }


def is_plan(document: object) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON document is a plan, of whatever version."""
    return isinstance(document, dict) and document.get("format") == FORMAT


def unsavable(files: Sequence[PlannedFile]) -> str | None:
    """Say what of a plan other runs and machines cannot do; None where they can do all."""
    by_url = {planned.project for planned in files if planned.direct_url is not None}
    for planned in files:
        if planned.form.is_built_in_place:
            what = planned.reference or planned.name
            return f"{what} is built from a folder, which a plan cannot hold: install it by a line of its own"
        if planned.form.is_fetched and SECURE.isdisjoint(planned.file.hashes):
            return f"{planned.file.filename} has no SHA-256, SHA-384 or SHA-512 to check it by"
        for need in parse_requires(planned.requires):
            if project_name(need.name) in by_url and need.url and _may_hold_secret(need.url):
                return (
                    f"{planned.pin} asks for {need.name} by a URL with a login or a query, "
                    "which a plan cannot hold: install it by a line of its own"
                )
    return None


def _group(group: Group, folder: str) -> dict[str, Any]:
    return {
        "name": group.name,
        # Not their text: that may be a URL with credentials. Not their lines: others above move them.
        "requirements": [
            {"name": requirement.name, "extras": sorted(requirement.extras)}
            for requirement in group.requirements
            if requirement.name is not None
        ],
        "files": [_file(planned, folder) for planned in sorted(group.files, key=_by_project)],
    }


def _by_project(planned: PlannedFile) -> str:
    """Give what files are sorted by: pip's own order depends on all that is planned together."""
    return planned.project


def _file(planned: PlannedFile, folder: str) -> dict[str, Any]:
    terms = planned.terms
    return {
        "name": planned.name,
        "version": planned.version,
        "filename": planned.file.filename,
        "url": _spelled(planned.file.url, folder),
        "index": _spelled(planned.file.index, folder),
        "size": planned.file.size,
        "hashes": dict(sorted(planned.file.hashes.items())),
        "form": planned.form.value,
        "direct_url": _direct_url(planned, folder),
        "requested": planned.requested,
        "asked_as": planned.asked_as,
        "extras": sorted(planned.extras),
        "requires_dist": [_requires(line) for line in planned.requires],
        "requires_python": planned.requires_python,
        "build_options": list(planned.build_options),
        "replaces": planned.replaces,
        "yanked": planned.yanked,
        "timeout": terms.limit_s if terms else None,
        "timeout_is_hard": terms is not None and terms.hard,
        "tries": terms.tries if terms else None,
    }


def _direct_url(planned: PlannedFile, folder: str) -> dict[str, Any] | None:
    """Give what pip records (PEP 610), which has no credentials, without the query, which may have some."""
    if planned.direct_url is None:
        return None
    info: dict[str, Any] = json.loads(planned.direct_url)
    parts = urlsplit(info["url"])
    is_git_login = parts.netloc.rpartition("@")[0] == "git" and "vcs_info" in info
    info["url"] = info["url"] if is_git_login else _spelled(info["url"], folder)
    return info


def _requires(line: str) -> str:
    """Write a Requires-Dist line ("x @ https://user:password@…") without the secrets of its URL."""
    for requirement in parse_requires([line]):
        if requirement.url is not None and _may_hold_secret(requirement.url):
            requirement.url = redact(requirement.url)
            return str(requirement)
    return line


def _may_hold_secret(url: str) -> bool:
    """Whether a URL has a query or a login; that of Git over SSH, which everybody has, is none."""
    front = url.partition("#")[0]
    return redact(front) != front.replace("ssh://git@", "ssh://", 1)


def _spelled(url: str, folder: str) -> str:
    """Write a URL without credentials; what is on this machine relative to the document (RFC 3986)."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        path = os.path.relpath(unquote(parts.path), folder)
        return quote(f"./{path}" if ":" in path.partition("/")[0] else path)
    safe = redact(url)
    if url and not safe.startswith(parts.scheme):
        raise UsageError(message="a plan cannot name a URL whose credentials cannot be told from its path")
    return safe
