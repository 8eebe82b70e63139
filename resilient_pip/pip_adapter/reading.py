"""One command line, with everything that it names and all that configures pip, as one `Install`."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pip._internal.cli.main_parser import identify_python_interpreter
from pip._internal.utils.urls import path_to_url

from resilient_pip.errors import UsageError
from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.model import Install, Network
from resilient_pip.pip_adapter.client_call import ClientCall, read_call
from resilient_pip.pip_adapter.command_line import CommandLine, Leading, parse, plain
from resilient_pip.pip_adapter.files import Files
from resilient_pip.pip_adapter.normalising import implied_by, names_url, normalise
from resilient_pip.pip_adapter.quiet import quietly, sentence
from resilient_pip.pip_adapter.sources import Sources
from resilient_pip.pip_options import Child, words
from resilient_pip.requirements.attach import attach_directives
from resilient_pip.settings import OPTIONS, Option

_NOTHING: Mapping[str, str] = MappingProxyType({})
PLAN_FILES = "plan_files"
"""The field of the option --plan, with which nothing else has to be asked for."""
_logger = logging.getLogger(__name__)


def read_install(
    argv: Sequence[str],
    fetched: Mapping[str, str] = _NOTHING,
    target: TargetMarkers | None = None,
    *,
    extra_options: Sequence[Option] = OPTIONS,
    flags: Mapping[str, str] | None = None,
    prog: str = "resilient-pip",
) -> tuple[Install, dict[str, str | list[str]]]:
    """Read a command line as `pip install` would, with pip.conf, PIP_* and all files merged in.

    The network is not used. What files behind URLs say is told by `fetched`; those that it lacks are listed
    in the result as unread. They may name others, so whoever fetches them reads again until none is left.
    What depends on the target is left out until it is known, and the result says so.

    Args:
        argv: the words behind the program's name and subcommand.
        fetched: URL to text of requirements and constraints files.
        target: what decides for the target; None: that is not known yet.
        extra_options: this program's options that take a value.
        flags: this program's options that take none, with their help.
        prog: the program's name in the help.

    Returns:
        What is asked for, and this program's own options that were given: by field name, or by the
        flag itself, with an empty value, where it takes none.

    Raises:
        UsageError: an option, a file, a requirement or a directive is wrong.
        PlanError: a lock file or a script does not hold for the target.
        SystemExit: --help, after it was printed.
    """
    with quietly() as warnings:
        line = parse(argv, extra_options=extra_options, flags=flags or {}, prog=prog)
        normalise(line)
        _check_something_is_asked_for(line, prog)
        with line.command.main_context():
            # Without a session, as nothing is transferred: making one starts `rustc`, for its User-Agent.
            finder = line.command._build_package_finder(line.values, None)  # noqa: SLF001 - as pip's commands do
            files = Files(finder=finder, values=line.values, fetched=fetched)
            install = _install(line, finder, files, target)
    return replace(install, warnings=tuple(warnings)), line.given


def read_client(
    argv: Sequence[str], *, leading: Leading, prog: str
) -> tuple[Install, ClientCall, dict[str, str | list[str]]]:
    """Read where files come from, for a client of the gateway: options, and the command behind them.

    Args:
        argv: the words behind the program's name and subcommand.
        leading: the options of pip that there are.
        prog: the program's name in the help.

    Returns:
        Where files come from; the command, and what pip is told where it is started; and this program's own
        options that were given.

    Raises:
        UsageError: an option or a file is wrong.
        SystemExit: --help, after it was printed.
    """
    with quietly() as warnings:
        line = parse(argv, extra_options=OPTIONS, flags={}, prog=prog, leading=leading)
        call = read_call(line)
        normalise(line)
        line = replace(line, arguments=())
        with line.command.main_context():
            finder = line.command._build_package_finder(line.values, None)  # noqa: SLF001 - as above
            files = Files(finder=finder, values=line.values, fetched=_NOTHING)
            install = _install(line, finder, files, None)
    return replace(install, warnings=tuple(warnings)), call, line.given


def _install(line: CommandLine, finder: Any, files: Files, target: TargetMarkers | None) -> Install:
    values = line.values
    sources = Sources(line=line, files=files, finder=finder, target=target)
    read = tuple(sources.read())
    requirements = tuple(one for one, is_constraint in read if not is_constraint)
    build_constraints = {name: files.build_constraints(name) for name in values.build_constraints}
    values.build_constraints = [name for name, lines in build_constraints.items() if lines is None]
    if values.require_hashes and getattr(values, "no_require_hashes", False):
        raise UsageError(message="--require-hashes and --no-require-hashes are mutually exclusive")
    values.trusted_hosts = list(dict.fromkeys((*values.trusted_hosts, *files.trusted_hosts)))
    _take_over(finder, values)
    given = plain(vars(values))
    index_urls = tuple(_index_url(url) for url in finder.index_urls)
    find_links = tuple(url for link in finder.find_links if (url := _find_links(link)))
    location = values.target_dir or values.prefix_path or values.root_path
    return Install(
        requirements=attach_directives(requirements, texts=files.texts, environ=os.environ),
        constraints=tuple(one for one, is_constraint in read if is_constraint),
        index_urls=index_urls,
        find_links=find_links,
        build_constraints=tuple(line for lines in build_constraints.values() for line in lines or ()),
        plan_options=words(Child.PLAN, given, line.defaults),
        build_options=words(Child.BUILD, given, line.defaults),
        install_options=words(Child.INSTALL, given, line.defaults),
        network=_network(line),
        network_options=words(Child.NETWORK, given, line.defaults),
        pip_cache_dir=values.cache_dir,
        python=_python(values.python),
        one_call=bool(location or values.force_reinstall or values.ignore_installed),
        break_system_packages=bool(values.override_externally_managed),
        location=location,
        user=bool(values.use_user_site),
        dry_run=values.dry_run,
        only_deps=bool(getattr(values, "only_dependencies", False)),
        report=values.json_report_file,
        locked=tuple(sources.locked),
        implied=implied_by(line),
        verbosity=values.verbose - values.quiet,
        log=values.log,
        unread=tuple(files.unread.values()),
        waits_for_target=sources.waits_for_target,
    )


def _check_something_is_asked_for(line: CommandLine, prog: str) -> None:
    values = line.values
    asked = line.arguments or values.editables or values.requirements or values.dependency_groups
    has_plan = PLAN_FILES in line.given
    if not (asked or getattr(values, "requirements_from_scripts", ()) or has_plan):
        message = f'You must give at least one requirement to install (see "{prog} --help")'
        raise UsageError(message=message)
    if values.json_report_file and has_plan:
        raise UsageError(message="--report tells what pip has chosen; with --plan it is not asked to choose")


def _take_over(finder: Any, values: Any) -> None:
    """Put into the option values what option lines in files changed in pip's finder only."""
    values.prefer_binary = finder.prefer_binary
    if hasattr(finder, "release_control"):
        values.release_control = finder.release_control
    else:  # before pip 26.0
        values.pre = finder.allow_all_prereleases


def _index_url(location: str) -> str:
    """Make a URL of an index; pip takes a folder too."""
    if names_url(location, option="index-url"):
        return location
    if not Path(location).is_dir():
        raise UsageError(message=sentence(f"index-url {location!r} is neither a URL nor a folder"))
    return str(path_to_url(location))


def _find_links(location: str) -> str | None:
    """Make a URL of a --find-links place; None, with a warning, where pip ignores it with a warning."""
    if Path(location).exists():
        return str(path_to_url(location))
    if names_url(location, option="find-links"):
        return location
    _logger.warning("find-links %r is ignored: there is no such folder or file", location)
    return None


def _network(line: CommandLine) -> Network:
    values = line.values
    # Empty means that no proxy of the environment is used, as with pip 26.2; before, it was pip's default.
    proxy = values.proxy if values.proxy != line.defaults["proxy"] else None
    if not proxy and getattr(values, "no_proxy_env", False):
        proxy = ""
    # As in pip: keyring may want to be answered, so without input it has to be named.
    is_silent = values.no_input and values.keyring_provider == "auto"
    return Network(
        cert=values.cert,
        client_cert=values.client_cert,
        proxy=proxy,
        trusted_hosts=tuple(values.trusted_hosts),
        legacy_certs="legacy-certs" in values.deprecated_features_enabled,
        keyring_provider="disabled" if is_silent else values.keyring_provider,
    )


def _python(python: str | None) -> str | None:
    if python is None:
        return None
    interpreter = identify_python_interpreter(python)
    if interpreter is None:
        raise UsageError(message=f"--python {python}: there is no Python interpreter")
    return str(interpreter)
