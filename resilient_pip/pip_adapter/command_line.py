"""pip's own option parser, with this program's options added, over pip.conf, PIP_* and the command line."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from optparse import OptionParser, Values
from typing import Any, NoReturn

from pip._internal.cli import cmdoptions
from pip._internal.commands import commands_dict, create_command

from resilient_pip.errors import UsageError
from resilient_pip.pip_adapter.own_options import add_options, own_dest, own_values
from resilient_pip.pip_adapter.quiet import sentence
from resilient_pip.pip_adapter.site_file import named_python, read_site_file_of
from resilient_pip.settings import OPTIONS, Option

PIP_COMMANDS = frozenset(commands_dict) - {"install"}
"""What pip takes for a command where this program expects a requirement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """One command line as pip's parser left it."""

    command: Any
    """pip's InstallCommand."""
    values: Values
    arguments: tuple[str, ...]
    defaults: Mapping[str, Any]
    """pip's defaults before configuration, as plain values."""
    dests: frozenset[str]
    """The destinations of pip's options that are on the command line."""
    given: dict[str, str | list[str]]
    """This program's own options that are on the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leading:
    """The options of pip that may stand before the command of another program."""

    dests: frozenset[str]
    usage: str
    description: str


def leading_options(argv: Sequence[str]) -> int:
    """Count the words of the options, values included, that may stand before a command.

    As in pip these are its general options, and this program's own. Where any other stands there, no
    command follows: 0.
    """
    parser = _MainParser(add_help_option=False)
    parser.disable_interspersed_args()
    for make in cmdoptions.general_group["options"]:
        if (option := make()).action != "help":  # which would act at once
            parser.add_option(option)
    for own in OPTIONS:
        parser.add_option(own.flag)
    try:
        _, others = parser.parse_args(list(argv), Values())
    except UsageError:
        return 0  # what is wrong is told where all options are known
    return len(argv) - len(others)


class _MainParser(OptionParser):
    def error(self, msg: str) -> NoReturn:
        raise UsageError(message=msg)


def parse(
    argv: Sequence[str],
    *,
    extra_options: Sequence[Option],
    flags: Mapping[str, str],
    prog: str,
    leading: Leading | None = None,
) -> CommandLine:
    """Parse a command line as `pip install` does.

    Args:
        argv: the words behind the program's name and subcommand.
        extra_options: this program's options that take a value.
        flags: this program's options that take none, with their help.
        prog: the program's name in the help.
        leading: which options of pip there are where another program's command follows; None: it is a
            command line of `pip install`, with all of them.

    Raises:
        UsageError: an option or a value in pip's configuration is wrong.
        SystemExit: --help, after it was printed.
    """
    command = create_command("install", isolated="--isolated" in argv)
    parser = command.parser
    if python := named_python(argv, os.environ):
        read_site_file_of(parser.config, python)
    _refuse_in_one_line(parser)
    # Parsing changes lists among pip's defaults in place, some for as long as this process lives.
    defaults = plain(copy.deepcopy(parser.defaults))
    parser.defaults = copy.deepcopy(parser.defaults)
    # pip's configuration is merged before this program's options exist: PIP_TRIES does not set --tries.
    values = parser.get_default_values()
    _keep_abbreviations(parser)
    dests = _noted(parser)
    add_options(parser, extra_options, flags, prog)
    if leading:
        _leave(parser, leading)
    _, arguments = parser.parse_args(list(argv), values)
    return CommandLine(
        command=command,
        values=values,
        arguments=tuple(arguments),
        defaults=defaults,
        dests=frozenset(dests),
        given=own_values(values, extra_options, flags),
    )


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn pip's own types among option values into plain ones, as `pip_options` takes them."""
    result = dict(values)
    formats = values["format_control"]
    result["format_control"] = {
        "--no-binary": frozenset(formats.no_binary),
        "--only-binary": frozenset(formats.only_binary),
    }
    if releases := values.get("release_control"):  # since pip 26.0
        result["release_control"] = {
            "--all-releases": frozenset(releases.all_releases),
            "--only-final": frozenset(releases.only_final),
        }
    if values.get("python_version"):
        result["python_version"] = ".".join(str(part) for part in values["python_version"])
    if values.get("uploaded_prior_to"):  # since pip 26.0
        result["uploaded_prior_to"] = values["uploaded_prior_to"].isoformat()
    return result


def _refuse_in_one_line(parser: Any) -> None:
    """Let the parser raise instead of printing its usage and leaving; pip does so to its line parser."""

    def refuse(message: str) -> NoReturn:
        raise UsageError(message=sentence(" ".join(message.split())))

    def leave(status: int = 0, message: str | None = None) -> NoReturn:
        if status:
            refuse(message or "pip refuses its configuration")
        raise SystemExit(0)

    parser.error = refuse
    parser.exit = leave


def _keep_abbreviations(parser: Any) -> None:
    """Let what is short for one option of pip stay so ("--index"), whatever options are added."""
    names = tuple(parser._long_opt)  # noqa: SLF001 - optparse has no public way to list them
    match = parser._match_long_opt  # noqa: SLF001 - the only place where optparse expands names

    def match_pip_first(opt: str) -> str:
        found = [name for name in names if name.startswith(opt)]
        exact = opt in parser._long_opt  # noqa: SLF001 - as above
        return found[0] if len(found) == 1 and not exact else str(match(opt))

    parser._match_long_opt = match_pip_first  # noqa: SLF001 - as above


def _noted(parser: Any) -> set[str]:
    """Give a set that the parser fills with the destinations of the options that it meets."""
    met: set[str] = set()

    def noting(option: Any, process: Callable[..., Any]) -> Callable[..., Any]:
        def note(*words: Any) -> Any:
            met.add(option.dest)
            return process(*words)

        return note

    for option in parser.option_list_all:
        option.process = noting(option, option.process)
    return met


def _leave(parser: Any, leading: Leading) -> None:
    """Leave these options of pip, and let the first word that is none end them."""
    for option in parser.option_list_all:
        is_ours = option.dest is None or option.dest.startswith(own_dest(""))
        if not (is_ours or option.dest in leading.dests):
            parser.remove_option(option.get_opt_string())
    parser.usage, parser.description = leading.usage, leading.description
    parser.disable_interspersed_args()
