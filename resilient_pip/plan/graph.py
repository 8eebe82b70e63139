"""Who needs whom: Requires-Dist of planned and installed projects, under the target's markers.

pip's report alone is not enough: what is satisfied already is missing from it, and so are the extras that
dependencies ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as ParsedRequirement

from resilient_pip.index.requirements import parse_requirement
from resilient_pip.model import ProjectName, project_name

Node: TypeAlias = tuple[ProjectName, str]
"""A project with one of its extras; the extra "" is the project itself."""


class Dependencies:
    """The dependency graph of one target."""

    def __init__(
        self,
        *,
        requires: Mapping[ProjectName, Sequence[str]],
        environment: Mapping[str, str],
        extras: Mapping[ProjectName, frozenset[str]],
    ) -> None:
        """Take the graph's facts.

        Args:
            requires: the Requires-Dist lines of each project, as it will be after the installation.
            environment: marker variables of the target (PEP 508).
            extras: which extras the user asked for; they belong to the project wherever it is installed.
        """
        self._extras = {
            project: frozenset(project_name(extra) for extra in names) for project, names in extras.items()
        }
        self._environment = {**environment}
        self._requires = requires
        self._edges: dict[Node, tuple[Node, ...]] = {}

    def closure(self, projects: Iterable[ProjectName]) -> frozenset[ProjectName]:
        """Collect these projects, with the extras the user asked for, and everything they need."""
        return frozenset(project for project, _ in self.reached(projects))

    def reached(self, projects: Iterable[ProjectName]) -> frozenset[Node]:
        """Collect the same with every extra that is needed."""
        waiting: list[Node] = [(project, "") for project in projects]
        seen = set(waiting)
        while waiting:
            for node in self._needs(waiting.pop()):
                if node not in seen:
                    seen.add(node)
                    waiting.append(node)
        return frozenset(seen)

    def requirements_of(self, node: Node) -> Iterator[ParsedRequirement]:
        """List what a project itself, or one of its extras, requires on this target."""
        project, extra = node
        for requirement in parse_requires(self._requires.get(project, ())):
            marker = requirement.marker
            if marker is None or marker.evaluate({**self._environment, "extra": extra}):
                yield requirement

    def _needs(self, node: Node) -> tuple[Node, ...]:
        if node not in self._edges:
            self._edges[node] = tuple(self._compute_needs(node))
        return self._edges[node]

    def _compute_needs(self, node: Node) -> Iterator[Node]:
        project, extra = node
        if extra:
            yield project, ""
        else:
            yield from ((project, asked) for asked in self._extras.get(project, ()))
        for requirement in self.requirements_of(node):
            needed = project_name(requirement.name)
            yield needed, ""
            yield from ((needed, project_name(asked)) for asked in requirement.extras)


def parse_requires(lines: Iterable[str]) -> Iterator[ParsedRequirement]:
    """Parse Requires-Dist lines; those that no longer are valid are left out, as what they mean is unknown.

    pip refuses such metadata where it chooses a file, but what is installed may be older than the rule.
    """
    for line in lines:
        if (requirement := _parse(line)) is not None:
            yield requirement


def _parse(line: str) -> ParsedRequirement | None:
    try:
        return parse_requirement(line)
    except InvalidRequirement:
        return None
