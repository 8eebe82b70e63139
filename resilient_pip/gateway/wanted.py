"""What the gateway has to know of a command line: routes, and where its run-ahead begins. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.specifiers import SpecifierSet

from resilient_pip.gateway.sources import Routes
from resilient_pip.index.candidates import Hashes
from resilient_pip.model import Install, ProjectName, Requirement, RequirementForm, project_name

_HASH = "--hash="
_CHOOSING = ("--no-binary", "--only-binary", "--uploaded-prior-to", "--require-hashes")


def routes_of(install: Install) -> Routes:
    """Collect which projects come from one place alone: by directive, per-line --index-url or lock file."""
    names: dict[ProjectName, str] = {}
    patterns: dict[tuple[str, str], None] = {}
    names.update((locked.file.project, locked.lock) for locked in install.locked)
    for requirement in install.requirements:
        index_url = requirement.directive.index_url
        if index_url is None:
            continue
        if requirement.name is not None:
            names[requirement.name] = index_url
        patterns.update({(glob, index_url): None for glob in requirement.directive.also})
    return Routes(names=names, patterns=tuple(patterns))


def named(requirements: Iterable[Requirement]) -> tuple[str, ...]:
    """List the requirements that an index has to be asked for, as PEP 508 strings."""
    return tuple(
        requirement.text for requirement in requirements if requirement.form is RequirementForm.NAMED
    )


def hashes_of(
    requirements: Iterable[Requirement], installed: Mapping[ProjectName, str]
) -> dict[ProjectName, Hashes]:
    """Unite the hashes that lines with --hash give for each project.

    Args:
        requirements: what the user asks for.
        installed: versions of what pip would keep if they fit: their files are not downloaded.
    """
    found: dict[ProjectName, Hashes] = {}
    for parsed, requirement in _parsed(requirements):
        name = project_name(parsed.name)
        hashes = frozenset(_hashes(requirement))
        kept = name in installed and parsed.specifier.contains(installed[name], prereleases=True)
        if hashes and not kept:
            found[name] = found.get(name, frozenset()) | hashes
    return found


def sdists_do_not_matter(install: Install) -> bool:
    """Whether pip takes no sdist of a version that has a wheel.

    Not so where hashes may admit the sdist alone, options choose by kind, or by the time when a file came.
    """
    asked = (*install.requirements, *install.constraints)
    options = (*install.plan_options, *install.build_options)
    return not (
        any(option.startswith(_HASH) for requirement in asked for option in requirement.options)
        or any(option.startswith(_CHOOSING) for option in options)
    )


def _hashes(requirement: Requirement) -> Iterator[tuple[str, str]]:
    for option in requirement.options:
        if option.startswith(_HASH):
            algorithm, _, digest = option.removeprefix(_HASH).partition(":")
            yield algorithm, digest.lower()


def specifiers(constraints: Iterable[Requirement]) -> dict[ProjectName, SpecifierSet]:
    """Unite what the constraints that hold admit of each project."""
    found: dict[ProjectName, SpecifierSet] = {}
    for parsed, _ in _parsed(constraint for constraint in constraints if constraint.applies):
        name = project_name(parsed.name)
        found[name] = found.get(name, SpecifierSet()) & parsed.specifier
    return found


def _parsed(requirements: Iterable[Requirement]) -> Iterator[tuple[Parsed, Requirement]]:
    for requirement in requirements:
        if requirement.form is RequirementForm.NAMED:
            with suppress(InvalidRequirement):  # pip takes more than PEP 508 says; the run-ahead does without
                yield Parsed(requirement.text), requirement
