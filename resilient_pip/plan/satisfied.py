"""Whether all that is asked for is installed already, with everything that it needs.

The rules are pip's for what is installed (Factory and AlreadyInstalledCandidate of its resolver): without -U
an installed version that fits is always taken, a pre-release too, wherever it came from. Only a plain yes
counts. In any doubt pip is asked, which may choose otherwise, warn or refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as ParsedRequirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from resilient_pip.index.requirements import parse_requirement
from resilient_pip.model import Install, ProjectName, RequirementForm, project_name
from resilient_pip.plan.graph import Node
from resilient_pip.plan.report import InstalledProject

WITHOUT_EFFECT = frozenset(
    {
        "--all-releases",
        "--build-constraint",
        "--check-build-dependencies",
        "--exists-action",
        "--ignore-requires-python",
        "--no-binary",
        "--no-build-isolation",
        "--no-require-hashes",
        "--no-user",
        "--only-binary",
        "--only-final",
        "--pre",
        "--prefer-binary",
        "--src",
        "--upgrade-strategy",
        "--uploaded-prior-to",
        "--user",
    }
)
"""The options of the planning pip that decide nothing where what is installed fits; without --upgrade, its
strategy is among them."""


def is_satisfied(
    install: Install, *, installed: Mapping[ProjectName, InstalledProject], environment: Mapping[str, str]
) -> bool:
    """Whether pip would plainly find nothing to install.

    Args:
        install: what the user asks for.
        installed: what pip sees in the target.
        environment: marker variables of the target (PEP 508).
    """
    if not _is_plain(install):
        return False
    try:
        return _all_fit(install, installed, environment)
    except (InvalidRequirement, InvalidVersion, UndefinedComparison, UndefinedEnvironmentName):
        return False  # pip's words for it are the better ones


def _is_plain(install: Install) -> bool:
    """Whether names and versions are all that counts: no files, hashes, or options that lead pip further."""
    return (
        all(word.partition("=")[0] in WITHOUT_EFFECT for word in install.plan_options)
        and not any(constraint.extras for constraint in install.constraints)  # which pip refuses
        and all(
            each.form is RequirementForm.NAMED and not each.options
            for each in (*install.requirements, *install.constraints)
        )
    )


def _all_fit(
    install: Install, installed: Mapping[ProjectName, InstalledProject], environment: Mapping[str, str]
) -> bool:
    """Go from the requirements along the metadata of what is installed, as long as all fits."""
    specifiers: dict[ProjectName, SpecifierSet] = {}
    for constraint in _applicable((each.text for each in install.constraints), environment):
        name = project_name(constraint.name)
        specifiers[name] = specifiers.get(name, SpecifierSet()) & constraint.specifier
    waiting = [*_applicable((each.text for each in install.requirements), environment)]
    seen: set[Node] = set()
    while waiting:
        wanted = waiting.pop()
        name = project_name(wanted.name)
        extras = {project_name(extra) for extra in wanted.extras}
        project = installed.get(name)
        if project is None or wanted.url or not extras <= project.extras:
            return False
        specifier = wanted.specifier & specifiers.get(name, SpecifierSet())
        if not specifier.contains(Version(project.version), prereleases=True):
            return False
        for node in {(name, extra) for extra in ("", *extras)} - seen:
            seen.add(node)
            waiting += _applicable(project.requires, environment, extra=node[1])
    return True


def _applicable(
    lines: Iterable[str], environment: Mapping[str, str], *, extra: str = ""
) -> Iterator[ParsedRequirement]:
    """Parse all lines, and give those whose markers include the target."""
    for requirement in [parse_requirement(line.strip()) for line in lines]:
        if requirement.marker is None or requirement.marker.evaluate({**environment, "extra": extra}):
            yield requirement
