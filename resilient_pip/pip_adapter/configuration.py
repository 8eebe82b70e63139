"""What pip's options are once configuration and command line are merged, and which place says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resilient_pip.pip_adapter.command_line import CommandLine, parse, plain
from resilient_pip.pip_adapter.entries import entries
from resilient_pip.pip_adapter.normalising import implied_by
from resilient_pip.pip_adapter.quiet import quietly
from resilient_pip.pip_options import ROWS
from resilient_pip.settings import OPTIONS

COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenOption:
    """An option of pip that some place sets."""

    name: str
    """Without its dashes: "index-url"."""
    values: tuple[str, ...]
    """One, or each of an option that is repeatable; as pip has them, secrets included."""
    places: tuple[str, ...]
    """Where it comes from: "/etc/pip.conf [global]", "PIP_INDEX_URL", "command line"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a command line and everything that pip reads besides come to."""

    options: tuple[GivenOption, ...]
    files: Mapping[str, bool]
    """The files that pip looks for, in its order, and whether each is there."""
    arguments: tuple[str, ...]
    """What is no option."""
    own: Mapping[str, str | list[str]]
    """This program's own options and flags on the command line, as `read_install` gives them."""
    implied: Mapping[str, tuple[str, str]]
    """What pip's options say of settings of this program, as in `Install`."""


def read_configuration(argv: Sequence[str], *, flags: Mapping[str, str], prog: str) -> Configuration:
    """Merge pip.conf, PIP_* and a command line as `pip install` does.

    Args:
        argv: the words behind the program's name and subcommand.
        flags: this program's options that take no value, with their help.
        prog: the program's name in the help.

    Raises:
        UsageError: an option or a value in pip's configuration is wrong.
        SystemExit: --help, after it was printed.
    """
    with quietly():
        line = parse(argv, extra_options=OPTIONS, flags=flags, prog=prog)
    config = line.command.parser.config
    return Configuration(
        options=tuple(_given(line)),
        files={
            name: Path(name).is_file() for _, names in config.iter_config_files() for name in names if name
        },
        arguments=line.arguments,
        own=line.given,
        implied=implied_by(line),
    )


def _given(line: CommandLine) -> Iterator[GivenOption]:
    configured = {entry.dest: entry.place for entry in entries(line)}
    values = plain(vars(line.values))
    for row in ROWS:
        places = [configured[row.dest]] if row.dest in configured else []
        value = values.get(row.dest)
        if row.dest in line.dests:
            # What is repeatable is added to what is configured; all else takes its place.
            places = [*(places if isinstance(value, list) else ()), COMMAND_LINE]
        if places:
            yield GivenOption(name=row.flags[0].lstrip("-"), values=_texts(value), places=tuple(places))


def _texts(value: Any) -> tuple[str, ...]:
    match value:
        case bool():
            return ("true" if value else "false",)
        case Mapping():  # format and release control: a set of names for each option
            return tuple(f"{flag}={','.join(sorted(names))}" for flag, names in value.items() if names)
        case list() | tuple():
            return tuple(map(str, value))
        case _:
            return (str(value),)
