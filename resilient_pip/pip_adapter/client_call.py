"""The command that follows options of pip, and what pip.conf and PIP_* say to a pip in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from resilient_pip.pip_adapter.command_line import CommandLine
from resilient_pip.pip_adapter.entries import entries

_READ_HERE = frozenset(
    {
        *("index_url", "extra_index_urls", "no_index", "find_links", "proxy", "no_proxy_env"),
        *("timeout", "cache_dir", "refresh_package"),
    }
)
"""Destinations of options that would lead past the gateway, or that it does in pip's place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCall:
    """What follows the options, and what a pip in it is to know."""

    command: tuple[str, ...]
    variables: Mapping[str, str] = field(repr=False)
    """PIP_* variables that say the same as all of pip's configuration together; they may hold secrets."""
    names_index: bool
    """Whether the options themselves, not configuration, say where files come from."""


def read_call(line: CommandLine) -> ClientCall:
    """Turn all configuration into variables, which the pips that pip starts read too.

    Variables hold for each of pip's commands alike, so that what a file says for `pip install` alone holds
    for others too, as far as they have that option.
    """
    variables = {entry.variable: entry.value for entry in entries(line) if entry.dest not in _READ_HERE}
    names_index = not line.dests.isdisjoint({"index_url", "no_index"})
    return ClientCall(command=line.arguments, variables=variables, names_index=names_index)
