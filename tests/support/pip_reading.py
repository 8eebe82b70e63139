"""What plain pip makes of command lines: run as a program, it reads many and prints what it found as JSON.

Apart from this project's code, and in a process of its own, so that both can be compared.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pip._internal.cli.cmdoptions import use_new_feature
from pip._internal.commands import create_command
from pip._internal.exceptions import PipError
from pip._internal.utils.urls import path_to_url


def read(argv: Sequence[str]) -> dict[str, Any]:
    """Let pip read the words behind `pip install`, with all files; or say what it refuses them with."""
    # Parsing changes these in place, which nobody notices who reads once.
    use_new_feature.keywords["default"].clear()
    command: Any = create_command("install", isolated=False)
    command.parser.defaults = copy.deepcopy(command.parser.defaults)
    said = io.StringIO()
    try:
        with command.main_context(), contextlib.redirect_stderr(said):
            options, arguments = command.parse_args(list(argv))
            session = command.get_default_session(options)
            finder = command._build_package_finder(options, session)
            requirements = command.get_requirements(arguments, options, finder, session)
    except (PipError, ValueError) as error:
        return {"error": str(error)}
    except SystemExit:
        return {"error": said.getvalue()}
    return {
        "requirements": [_requirement(one) for one in requirements],
        "indexes": list(finder.index_urls),
        "links": [path_to_url(link) if Path(link).exists() else link for link in finder.find_links],
        "hosts": sorted(host for host, _ in session.pip_trusted_origins),
        "choice": [
            finder.prefer_binary,
            sorted(finder.format_control.no_binary),
            sorted(finder.format_control.only_binary),
            _releases(finder),
            bool(options.require_hashes),
            sorted(options.features_enabled),
        ],
    }


def _releases(finder: Any) -> Any:
    if not hasattr(finder, "release_control"):  # before pip 26.0
        return finder.allow_all_prereleases
    control = finder.release_control
    return [sorted(control.all_releases), sorted(control.only_final)] if control else []


def _requirement(made: Any) -> dict[str, Any]:
    return {
        "requirement": str(made.req) if made.req else None,
        "link": made.link.url if made.link else None,
        "marker": str(made.markers) if made.markers else None,
        "extras": sorted(made.extras),
        "hashes": made.hash_options,
        "constraint": made.constraint,
        "editable": made.editable,
        "settings": made.config_settings,
        "from": str(made.comes_from) if made.comes_from else None,
    }


@contextlib.contextmanager
def _in(folder: str, environ: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.chdir(folder)
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def main() -> None:
    """Read `[folder, environ, argv]` lists from stdin, and print what pip makes of each."""
    found = []
    for folder, environ, argv in json.load(sys.stdin):
        with _in(folder, environ):
            found.append(read(argv))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
