"""One `resilient-pip config` from its words to the lines that it prints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from resilient_pip.config_command.wording import as_json, as_lines
from resilient_pip.errors import UsageError
from resilient_pip.pip_adapter import read_configuration
from resilient_pip.settings import resolve

_PROG = "resilient-pip config"
_JSON = "--json"
_FLAGS = {_JSON: "for programs"}


def run_config_command(
    argv: Sequence[str], *, environ: Mapping[str, str], table: Mapping[str, Any]
) -> list[str]:
    """Say what `resilient-pip install` with the same options goes by, and which place says so.

    Args:
        argv: the words behind `config`: options of `install`.
        environ: the environment.
        table: `[tool.resilient-pip]`.

    Raises:
        UsageError: an option or a value in any place is wrong.
        SystemExit: --help, after it was printed.
    """
    found = read_configuration(argv, flags=_FLAGS, prog=_PROG)
    if found.arguments:
        raise UsageError(
            message=f"config takes options only, not {found.arguments[0]!r} (a project of the name config: "
            "resilient-pip install config; pip's own command: pip config)"
        )
    own = {name: value for name, value in found.own.items() if name not in _FLAGS}
    settings = resolve(own, environ, table, found.implied)
    if _JSON in found.own:
        return [json.dumps(as_json(settings, found), indent=2)]
    return as_lines(settings, found)
