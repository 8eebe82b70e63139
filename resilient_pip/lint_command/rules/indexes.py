"""extra-index, trusted-host: where packages come from while nobody says so."""

from __future__ import annotations

from collections.abc import Iterator

from resilient_pip.lint_command.calls import Call
from resilient_pip.lint_command.findings import Finding
from resilient_pip.lint_command.stages import Build, Run

EXTRA_INDEX = "extra-index"
TRUSTED_HOST = "trusted-host"

_PUBLIC = frozenset(
    {
        "pypi.org",
        "pypi.python.org",
        "files.pythonhosted.org",
        "pypi.io",
        "download.pytorch.org",
        "pypi.nvidia.com",
    }
)
"""Hosts whose certificates any system trusts."""


def find_extra_indexes(build: Build) -> Iterator[Finding]:
    """Find --extra-index-url of pip, which goes on to the next index where one fails."""
    yield from _first_of_each(
        build,
        "--extra-index-url",
        "PIP_EXTRA_INDEX_URL",
        rule=EXTRA_INDEX,
        problem="where one index does not answer, pip takes what the other has without a word",
        instead="resilient-pip, which ends there, and `# resilient-pip: index-url=` in the requirements file",
    )


def find_trusted_hosts(build: Build) -> Iterator[Finding]:
    """Find --trusted-host for hosts that have valid certificates."""
    yield from _first_of_each(
        build,
        "--trusted-host",
        "PIP_TRUSTED_HOST",
        rule=TRUSTED_HOST,
        problem="this cures no time-out: it only hides that somebody else answers in the name of this host",
        instead="the certificate of the proxy: PIP_CERT=FILE, or update-ca-certificates",
    )


def _first_of_each(
    build: Build, option: str, variable: str, *, rule: str, problem: str, instead: str
) -> Iterator[Finding]:
    told: set[int] = set()
    for run in build.runs:
        for call in run.calls:
            for start, end, value in (
                _places(run, call, option, variable) if _is_concerned(call, rule) else ()
            ):
                if start not in told and (rule != TRUSTED_HOST or _names_public(value)):
                    told.add(start)
                    yield Finding(rule=rule, start=start, end=end, problem=problem, instead=instead)


def _is_concerned(call: Call, rule: str) -> bool:
    return call.is_fetching and (
        call.tool == "pip" or (rule == TRUSTED_HOST and call.tool == "resilient-pip")
    )


def _places(run: Run, call: Call, option: str, variable: str) -> Iterator[tuple[int, int, str]]:
    """Where a call is given an option, on the command line or by a variable."""
    words = call.command.words
    for one in call.options:
        if one.name == option:
            yield words[one.words[0]].start, words[one.words[-1]].end, one.value or ""
    place = run.setting.variables.get(variable)
    if variable in call.variables:
        yield call.command.start, call.command.end, call.variables[variable]
    elif place:
        yield place.at, place.at + len(variable), place.value


def _names_public(value: str) -> bool:
    return any(host.partition(":")[0] in _PUBLIC for host in value.split())
