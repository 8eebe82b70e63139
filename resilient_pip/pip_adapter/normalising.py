"""The values of options as `pip install` takes them before it starts, with its checks."""

from __future__ import annotations

from collections.abc import Mapping
from optparse import Values
from pathlib import Path
from urllib.parse import urlsplit

from pip._internal.cli import cmdoptions
from pip._internal.exceptions import CommandError
from pip._internal.utils.misc import normalize_path
from pip._internal.vcs import is_url

from resilient_pip.errors import UsageError
from resilient_pip.implied import implied_settings
from resilient_pip.pip_adapter.command_line import CommandLine, plain
from resilient_pip.pip_adapter.quiet import sentence
from resilient_pip.pip_options import refusal

# Children may run elsewhere, so these become absolute; pip takes them relative to its working folder.
_PATHS = ("target_dir", "prefix_path", "root_path", "cert", "client_cert", "log")


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
        path if names_url(path, option="build-constraint") else _absolute(path)
        for path in values.build_constraints
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


def names_url(location: str, *, option: str) -> bool:
    """Say whether an option names a URL; else it is a path.

    Raises:
        UsageError: it is a URL that leads nowhere.
    """
    try:
        found: bool = is_url(location)
        parts = urlsplit(location)
        _ = parts.port
    except ValueError as error:  # a port or an IPv6 address that is none
        raise UsageError(message=sentence(f"{option} {location!r}: {error}")) from error
    if parts.scheme in {"http", "https"} and not parts.hostname:
        raise UsageError(message=sentence(f"{option} {location!r}: a URL without a host"))
    return found


def _absolute(path: str) -> str:
    return str(Path(path).absolute())
