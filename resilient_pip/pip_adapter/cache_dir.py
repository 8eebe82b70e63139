"""Where pip's cache is, as `pip install` would have it."""

from __future__ import annotations

from collections.abc import Sequence

from pip._internal.utils.misc import normalize_path

from resilient_pip.pip_adapter.command_line import parse
from resilient_pip.pip_adapter.quiet import quietly
from resilient_pip.settings import OPTIONS


def read_cache_dir(argv: Sequence[str], *, prog: str) -> tuple[str | None, dict[str, str | list[str]]]:
    """Read pip's cache folder from a command line, pip.conf and PIP_*.

    Returns:
        The folder (None: --no-cache-dir), and this program's own options that were given, by field name.

    Raises:
        UsageError: an option or a value in pip's configuration is wrong.
    """
    with quietly():
        line = parse(argv, extra_options=OPTIONS, flags={}, prog=prog)
    cache_dir = line.values.cache_dir
    return (str(normalize_path(cache_dir)) if cache_dir else None), line.given
