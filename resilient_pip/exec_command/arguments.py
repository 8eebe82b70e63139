"""The command line of `resilient-pip exec`: options of pip and of ours, then the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resilient_pip.errors import UsageError
from resilient_pip.exec_command.clients import Client, client_of
from resilient_pip.exec_command.environment import OTHERS_INDEXES
from resilient_pip.exec_command.own_indexes import Load, own_indexes
from resilient_pip.exec_command.refusals import refusal
from resilient_pip.job import Job
from resilient_pip.model import Install, redact
from resilient_pip.pip_adapter import Leading, read_client
from resilient_pip.settings import resolve_settings

PROG = "resilient-pip exec"
_LEADING = Leading(
    dests=frozenset(
        {
            *("index_url", "extra_index_urls", "no_index", "find_links", "requirements"),
            *("cert", "client_cert", "proxy", "no_proxy_env", "trusted_hosts"),
            *("cache_dir", "isolated_mode", "verbose", "quiet", "help"),
        }
    ),
    usage="\n  %prog [options] -- COMMAND [ARGUMENT]...",
    description="Run a client of package indexes (pip, uv, pip-compile, pdm...) on a network that fails. "
    "-r names files whose lines and directives say which index is asked for what.",
)
_INSTEAD = "take it out and give it to exec, in front of the command (for uv, UV_NO_CONFIG=1 does the first)"
_ONE_INDEX = frozenset({"pdm", "pipenv"})
"""Clients whose environment has room for one index."""
_NO_EMISSION = "--no-emit-index-url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What is asked for."""

    job: Job
    """Where files come from, and how patiently."""
    command: tuple[str, ...]
    pip: Mapping[str, str] = field(repr=False)
    """PIP_* variables for the command, but those that say where files come from."""


def read_arguments(
    argv: Sequence[str], *, environ: Mapping[str, str], table: Mapping[str, Any], cwd: str, load: Load
) -> Arguments:
    """Read a command line.

    Args:
        argv: the words behind `exec`.
        environ: the environment.
        table: `[tool.resilient-pip]`.
        cwd: the folder that the command will run in.
        load: reads the configuration files of clients.

    Raises:
        UsageError: it is wrong, or its command cannot be run behind the gateway.
        SystemExit: --help, after it was printed.
    """
    install, call, given = read_client(argv, leading=_LEADING, prog=PROG)
    if not call.command:
        raise UsageError(message=f"a command is missing (see {PROG} --help)")
    settings = resolve_settings(given, environ, table, install.implied)
    client = client_of(call.command)
    if place := own_indexes(client, cwd=Path(cwd), environ=environ, load=load):
        raise UsageError(message=f"{place} would lead {client.name} past the gateway; {_INSTEAD}")
    if why := refusal(client) or _wrong_sources(client, install, environ, named=call.names_index):
        raise UsageError(message=why)
    if install.unread:
        url = redact(install.unread[0].url)
        raise UsageError(message=f"-r {url}: name a file that is on this machine")
    job = Job(install=install, reread=lambda *_: install, settings=settings, environ=environ, cwd=cwd)
    return Arguments(job=job, command=_without_index(call.command, client), pip=call.variables)


def _wrong_sources(
    client: Client, install: Install, environ: Mapping[str, str], *, named: bool
) -> str | None:
    """Say why the indexes are not those that the client would use; None where nothing speaks against them."""
    own = next((name for name in OTHERS_INDEXES if environ.get(name)), None)
    if own and not named:
        return f"{own} is set: name its index with --index-url in front of the command, or unset it"
    if client.name in _ONE_INDEX and (len(install.index_urls) != 1 or install.find_links):
        count = len(install.index_urls) + len(install.find_links)
        return f"{client.name} takes one index, and {count} are configured: try --isolated --index-url URL"
    return None


def _without_index(command: tuple[str, ...], client: Client) -> tuple[str, ...]:
    """Keep pip-compile from writing down the index of its environment, which it does by default."""
    if client.name != "pip-compile":
        return command
    place = len(command) - len(client.words)
    return (*command[:place], _NO_EMISSION, *client.words)
