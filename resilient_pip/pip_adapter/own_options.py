"""This program's own options, in pip's option parser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from optparse import OptionGroup, Values
from typing import Any

from resilient_pip.settings import Option
from resilient_pip.units import parse_seconds, parse_size

_USAGE = """
  %prog [options] <requirement specifier> ...
  %prog [options] -r <requirements file> ...
  %prog [options] [-e] <local project path or URL> ..."""
_DESCRIPTION = "Install packages as pip does, on a network that fails."
_METAVARS: Mapping[Callable[[str], Any], str] = {parse_seconds: "time", parse_size: "size"}


def add_options(parser: Any, options: Sequence[Option], flags: Mapping[str, str], prog: str) -> None:
    """Add this program's options to pip's parser, with a usage and a description of its own.

    Args:
        parser: pip's.
        options: those that take a value.
        flags: those that take none, with their help.
        prog: the program's name in the help.
    """
    parser.prog, parser.usage, parser.description = prog, _USAGE, _DESCRIPTION
    group = OptionGroup(parser, "resilient-pip Options")
    for flag, help_ in flags.items():
        group.add_option(flag, dest=own_dest(flag), action="store_true", help=help_)
    for option in options:
        action = "append" if option.many else "store"
        metavar = _METAVARS.get(option.read, "value")
        spellings = (*filter(None, [option.short]), option.flag)
        group.add_option(
            *spellings, dest=own_dest(option.field_name), action=action, metavar=metavar, help=_help(option)
        )
    # pip's own way to put a group first; its __init__ wants a title when it is not given a group.
    parser.add_option_group(group)
    parser.option_groups.insert(0, parser.option_groups.pop())


def _help(option: Option) -> str:
    if option.default is None or option.many:
        return option.help
    return f"{option.help} (default: {option.written(option.default)})"


def own_values(
    values: Values, options: Sequence[Option], flags: Mapping[str, str]
) -> dict[str, str | list[str]]:
    """Give those that are on the command line: by field name, or by the flag, with an empty value."""
    found: dict[str, str | list[str]] = {}
    for name in (*flags, *(option.field_name for option in options)):
        value = getattr(values, own_dest(name), None)
        if value is not None:
            found[name] = "" if value is True else value
    return found


def own_dest(name: str) -> str:
    """Name the destination of an option of ours so that none of pip's has the same."""
    return f"resilient-pip {name}"
