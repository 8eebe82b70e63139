"""Indexes that a client's own configuration files name: it would ask them past the gateway, or not at all.

uv: https://docs.astral.sh/uv/concepts/configuration-files/
pdm: https://pdm-project.org/latest/usage/config/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from resilient_pip.exec_command.clients import Client

Load: TypeAlias = Callable[[Path], Mapping[str, Any]]
"""Reads a TOML file; one that is not there is empty."""
_UV_KEYS = ("index", "index-url", "extra-index-url", "find-links")


def own_indexes(client: Client, *, cwd: Path, environ: Mapping[str, str], load: Load) -> str | None:
    """Name the first place in a client's configuration that names an index; None where none does.

    Args:
        client: whose configuration.
        cwd: where it runs.
        environ: its environment.
        load: reads a file.

    Raises:
        UsageError: a file cannot be read.
    """
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/"), ".config"))
    match client.name:
        case "uv" if environ.get("UV_NO_CONFIG", "") in {"", "0", "false"}:
            found = _of_uv(cwd, home, environ, load)
        case "pdm":
            found = _of_pdm(cwd, home, load)
        case _:
            return None
    return next(found, None)


def _of_uv(cwd: Path, home: Path, environ: Mapping[str, str], load: Load) -> Iterator[str]:
    named = environ.get("UV_CONFIG_FILE")
    tables = (
        [(Path(named), load(Path(named)))]
        if named
        else [
            *_nearest(cwd, load),
            *((path, load(path)) for path in (home / "uv" / "uv.toml", Path("/etc/uv/uv.toml"))),
        ]
    )
    for path, table in tables:
        for key in _UV_KEYS:
            if table.get(key) or _below(table, "pip").get(key):
                yield f"{key} in {path}"


def _nearest(cwd: Path, load: Load) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Give the configuration of the project around a folder; uv.toml goes before pyproject.toml."""
    for folder in (cwd, *cwd.parents):
        own, project = folder / "uv.toml", folder / "pyproject.toml"
        if table := load(own):
            yield own, table
            return
        if table := _below(load(project), "tool", "uv"):
            yield project, table
            return


def _of_pdm(cwd: Path, home: Path, load: Load) -> Iterator[str]:
    project = cwd / "pyproject.toml"
    if _below(load(project), "tool", "pdm").get("source"):
        yield f"[[tool.pdm.source]] in {project}"
    for path in (cwd / "pdm.toml", home / "pdm" / "config.toml"):
        stored = _below(load(path), "pypi")
        if "url" in stored or any(isinstance(value, dict) for value in stored.values()):
            yield f"[pypi] in {path}"


def _below(table: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Give a table within tables; empty where there is none."""
    for key in keys:
        found = table.get(key)
        table = found if isinstance(found, dict) else {}
    return table
