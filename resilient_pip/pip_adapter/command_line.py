"""pip's own option parser, with this program's options added, over pip.conf, PIP_* and the command line."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from optparse import OptionGroup, OptionParser, Values
from pathlib import Path
from typing import Any, NoReturn

from pip._internal.cli import cmdoptions
from pip._internal.commands import commands_dict, create_command
from pip._internal.exceptions import CommandError
from pip._internal.utils.misc import normalize_path
from pip._internal.vcs import is_url

from resilient_pip.errors import UsageError
from resilient_pip.implied import implied_settings
from resilient_pip.pip_adapter.quiet import sentence
from resilient_pip.pip_options import refusal
from resilient_pip.settings import OPTIONS, Option
from resilient_pip.units import parse_seconds, parse_size

PIP_COMMANDS = frozenset(commands_dict) - {"install"}
"""What pip takes for a command where this program expects a requirement."""

_USAGE = """
  %prog [options] <requirement specifier> ...
  %prog [options] -r <requirements file> ...
  %prog [options] [-e] <local project path or URL> ..."""
_DESCRIPTION = "Install packages as pip does, on a network that fails."
_METAVARS: Mapping[Callable[[str], Any], str] = {parse_seconds: "time", parse_size: "size"}
# Children may run elsewhere, so these become absolute; pip takes them relative to its working folder.
_PATHS = ("target_dir", "prefix_path", "root_path", "cert", "client_cert", "log")


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
    _refuse_in_one_line(parser)
    # Parsing changes lists among pip's defaults in place, some for as long as this process lives.
    defaults = plain(copy.deepcopy(parser.defaults))
    parser.defaults = copy.deepcopy(parser.defaults)
    # pip's configuration is merged before this program's options exist: PIP_TRIES does not set --tries.
    values = parser.get_default_values()
    _keep_abbreviations(parser)
    dests = _noted(parser)
    _add_options(parser, extra_options, flags, prog)
    if leading:
        _leave(parser, leading)
    _, arguments = parser.parse_args(list(argv), values)
    return CommandLine(
        command=command,
        values=values,
        arguments=tuple(arguments),
        defaults=defaults,
        dests=frozenset(dests),
        given=_given(values, extra_options, flags),
    )


def normalise(line: CommandLine) -> None:
    """Do to the values what `pip install` does to them before it starts, and the same checks.

    Raises:
        UsageError: options contradict each other, or cannot be had here.
    """
    values = line.values
    refused = refusal(plain(vars(values)), line.defaults)
    if refused:
        raise UsageError(message=refused)
    if values.use_user_site and values.target_dir is not None:
        raise UsageError(message="Can not combine '--user' and '--target'")
    if values.build_constraints and not values.build_isolation:
        raise UsageError(message="--build-constraint cannot be used with --no-build-isolation.")
    if hasattr(values, "only_dependencies"):  # since pip 26.2
        _check_only_deps(values)
    cmdoptions.check_dist_restriction(values, check_target=True)
    if hasattr(values, "release_control"):  # since pip 26.0
        cmdoptions.check_release_control_exclusive(values)
        values.pre = False  # folded into release_control by that check
    for dest in _PATHS:
        path = getattr(values, dest)
        setattr(values, dest, _absolute(path) if path else path)
    values.build_constraints = [
        path if is_url(path) else _absolute(path) for path in values.build_constraints
    ]
    values.cache_dir = normalize_path(values.cache_dir) if values.cache_dir else None


def implied_by(line: CommandLine) -> Mapping[str, tuple[str, str]]:
    """Say which settings of this program pip's options speak for, as far as they are given anywhere."""
    values = vars(line.values)
    dests = ("timeout", "retries", "resume_retries", "progress_bar")
    given = {dest for dest in dests if dest in line.dests or values[dest] != line.defaults[dest]}
    return implied_settings(**{dest: values[dest] if dest in given else None for dest in dests})


def _check_only_deps(values: Values) -> None:
    try:
        cmdoptions.check_only_deps_option_does_not_conflict(values)
    except CommandError as error:
        raise UsageError(message=str(error).partition(". If this")[0]) from error


def _absolute(path: str) -> str:
    return str(Path(path).absolute())


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
    names = tuple(parser._long_opt)  # noqa: SLF001  # optparse has no public way to list them
    match = parser._match_long_opt  # noqa: SLF001  # the only place where optparse expands names

    def match_pip_first(opt: str) -> str:
        found = [name for name in names if name.startswith(opt)]
        exact = opt in parser._long_opt  # noqa: SLF001  # as above
        return found[0] if len(found) == 1 and not exact else str(match(opt))

    parser._match_long_opt = match_pip_first  # noqa: SLF001  # as above


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


def _add_options(parser: Any, options: Sequence[Option], flags: Mapping[str, str], prog: str) -> None:
    parser.prog, parser.usage, parser.description = prog, _USAGE, _DESCRIPTION
    group = OptionGroup(parser, "resilient-pip Options")
    for flag, help_ in flags.items():
        group.add_option(flag, dest=_own(flag), action="store_true", help=help_)
    for option in options:
        action = "append" if option.many else "store"
        metavar = _METAVARS.get(option.read, "value")
        spellings = (*filter(None, [option.short]), option.flag)
        group.add_option(
            *spellings, dest=_own(option.field_name), action=action, metavar=metavar, help=_help(option)
        )
    # pip's own way to put a group first; its __init__ wants a title when it is not given a group.
    parser.add_option_group(group)
    parser.option_groups.insert(0, parser.option_groups.pop())


def _leave(parser: Any, leading: Leading) -> None:
    """Leave these options of pip, and let the first word that is none end them."""
    for option in parser.option_list_all:
        is_ours = option.dest is None or option.dest.startswith(_own(""))
        if not (is_ours or option.dest in leading.dests):
            parser.remove_option(option.get_opt_string())
    parser.usage, parser.description = leading.usage, leading.description
    parser.disable_interspersed_args()


def _help(option: Option) -> str:
    if option.default is None or option.many:
        return option.help
    return f"{option.help} (default: {option.written(option.default)})"


def _given(values: Values, options: Sequence[Option], flags: Mapping[str, str]) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for name in (*flags, *(option.field_name for option in options)):
        value = getattr(values, _own(name), None)
        if value is not None:
            found[name] = "" if value is True else value
    return found


def _own(name: str) -> str:
    """Name the destination of an option of ours so that none of pip's has the same."""
    return f"resilient-pip {name}"
