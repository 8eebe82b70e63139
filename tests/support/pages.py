"""Simple pages of synthetic files: PEP 691 JSON and PEP 503 HTML."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.wheels import Distribution

JSON_TYPE = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What an index tells of its files: real ones leave out any of these."""

    json: bool = True
    html: bool = True
    sizes: bool = True
    hashes: bool = True
    metadata: bool = True
    """Whether core metadata is offered beside each wheel (PEP 658)."""


def json_page(
    project: str,
    files: Sequence[Distribution],
    shape: Shape,
    file_url: Callable[[Distribution], str] | None = None,
) -> bytes:
    """Write the page of one project as PEP 691 says; files stand two levels above it, or at `file_url`."""
    page = {
        "meta": {"api-version": "1.1" if shape.sizes else "1.0"},
        "name": project,
        "versions": sorted({file.version for file in files}),
        "files": [_json_file(file, shape, (file_url or _relative_url)(file)) for file in files],
    }
    return json.dumps(page).encode()


def html_page(
    project: str,
    files: Sequence[Distribution],
    shape: Shape,
    file_url: Callable[[Distribution], str] | None = None,
) -> bytes:
    """Write the page of one project as PEP 503 says."""
    anchors = [_anchor(file, shape, (file_url or _relative_url)(file)) for file in files]
    title = html.escape(project)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f"<html><head><title>{title}</title></head><body>",
            *anchors,
            "</body></html>",
            "",
        ]
    ).encode()


def write_index(folder: Path, files: Sequence[Distribution], shape: Shape | None = None) -> str:
    """Write a file:// index below `folder` and return its URL."""
    for project in sorted({file.project for file in files}):
        page = folder / "simple" / project / "index.html"
        page.parent.mkdir(parents=True)
        own = [file for file in files if file.project == project]
        page.write_bytes(html_page(project, own, shape or Shape(metadata=False)))
    write_files(folder / "files", files)
    return f"{(folder / 'simple').as_uri()}/"


def write_files(folder: Path, files: Sequence[Distribution]) -> Path:
    """Write the files alone into `folder`, as --find-links takes them, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file.filename).write_bytes(file.content)
    return folder


def _relative_url(file: Distribution) -> str:
    return f"../../files/{quote(file.filename)}"


def _json_file(file: Distribution, shape: Shape, url: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": url,
        "hashes": {"sha256": file.sha256} if shape.hashes else {},
        "yanked": file.yanked or False,
        "upload-time": "2024-01-01T00:00:00Z",
    }
    if shape.sizes:
        entry["size"] = file.size
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    if shape.metadata and file.metadata is not None:
        entry["core-metadata"] = {"sha256": hashlib.sha256(file.metadata).hexdigest()}
    return entry


def _anchor(file: Distribution, shape: Shape, url: str) -> str:
    attributes = [f'href="{html.escape(url + (f"#sha256={file.sha256}" if shape.hashes else ""))}"']
    if file.requires_python:
        attributes.append(f'data-requires-python="{html.escape(file.requires_python)}"')
    if file.yanked is not None:
        attributes.append(f'data-yanked="{html.escape(file.yanked)}"')
    if shape.metadata and file.metadata is not None:
        attributes.append(f'data-core-metadata="sha256={hashlib.sha256(file.metadata).hexdigest()}"')
    return f"<a {' '.join(attributes)}>{html.escape(file.filename)}</a><br>"
