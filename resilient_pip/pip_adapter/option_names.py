"""The options of `pip install`, for those who read command lines that are not their own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pip._internal.commands import create_command


@cache
def install_options() -> Mapping[str, tuple[str, bool]]:
    """Map each spelling to the option's name (its first long spelling) and whether it takes a value."""
    parser = create_command("install", isolated=True).parser
    return {
        spelling: (option._long_opts[0], option.takes_value())  # noqa: SLF001 - optparse has no public list
        for option in parser.option_list_all
        for spelling in (*option._short_opts, *option._long_opts)  # noqa: SLF001 - as above
    }
