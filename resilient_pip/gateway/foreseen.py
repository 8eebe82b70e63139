"""Which files will be in the plan by all that is known while pip still plans. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from resilient_pip.gateway.projects import Projects
from resilient_pip.index.pages import ListedFile
from resilient_pip.model import ProjectName, RemoteFile, project_name


class Foreseen:
    """Judges each file once: what the user pins, and what pip has looked into and gone on from."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects
        self._pinned: dict[ProjectName, SpecifierSet] = {}
        """What the user pins, not judged yet."""
        self._asked: list[ListedFile] = []
        """Files whose metadata pip asked for, in that order, not judged yet."""

    def wanted(self, requirement: Requirement) -> None:
        """Take note of what the user asks for."""
        if _pins(requirement.specifier):
            self._pinned[project_name(requirement.name)] = requirement.specifier

    def asked(self, listed: ListedFile) -> None:
        """Take note that pip asks for a file's metadata; with that it has gone on from those before."""
        self._asked.append(listed)

    def take(self) -> Iterator[RemoteFile]:
        """Yield the files that are all but certain; to be called when no page is missing."""
        pinned, self._pinned = self._pinned, {}
        for name, specifier in pinned.items():
            project = self._projects[name]
            if not project.is_installed and (choice := project.choice(specifier)):
                yield choice.listed.file
        passed, self._asked = self._asked[:-1], self._asked[-1:]
        yield from (listed.file for listed in passed if self._is_settled(listed))

    def _is_settled(self, listed: ListedFile) -> bool:
        """Whether everyone so far admits this file first, and what it requires can be had as well."""
        project = self._projects[listed.file.project]
        choice = project.choice(project.specifier)
        if choice is None or choice.listed.file.url != listed.file.url:
            return False
        required = project.required.get((listed.file.url, frozenset(project.extras)), ())
        others = [self._projects[project_name(requirement.name)] for requirement in required]
        return all(other.is_installed or other.choice(other.specifier) for other in others)


def _pins(specifier: SpecifierSet) -> bool:
    return any(
        part.operator == "===" or (part.operator == "==" and "*" not in part.version) for part in specifier
    )
