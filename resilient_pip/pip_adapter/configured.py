"""What pip.conf and PIP_* say to the pip of another command, but for where files come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from resilient_pip.pip_adapter.command_line import CommandLine

_READ_HERE = frozenset(
    {
        *("index_url", "extra_index_urls", "no_index", "find_links", "proxy", "no_proxy_env"),
        *("timeout", "cache_dir", "refresh_package"),
    }
)
"""Destinations of options that would lead past the gateway, or that it does in pip's place."""
_ENVIRONMENT = ":env:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """What follows the options, and what a pip in it is to know."""

    command: tuple[str, ...]
    variables: Mapping[str, str] = field(repr=False)
    """PIP_* variables that say the same as all of pip's configuration together; they may hold secrets."""
    names_index: bool
    """Whether the options themselves, not configuration, say where files come from."""


def read_configured(line: CommandLine) -> Configured:
    """Turn all configuration into variables, which the pips that pip starts read too.

    Variables hold for each of pip's commands alike, so that what a file says for `pip install` alone holds
    for others too, as far as they have that option.
    """
    variables: dict[str, str] = {}
    for section in ("global", "install", _ENVIRONMENT):
        for name, value in _entries(line.command.parser, section):
            variables["PIP_" + name.upper().replace("-", "_")] = value
    names_index = not line.dests.isdisjoint({"index_url", "no_index"})
    return Configured(command=line.arguments, variables=variables, names_index=names_index)


def _entries(parser: Any, wanted: str) -> Iterator[tuple[str, str]]:
    """Yield the entries of one section of all files; of those of one name the last counts."""
    for _, entries in parser.config.items():  # noqa: PERF102  # it is no dict
        for key, value in entries.items():
            section, _, name = key.partition(".")
            option = parser.get_option(f"--{name}")
            if section == wanted and value and not (option and option.dest in _READ_HERE):
                yield name, value
