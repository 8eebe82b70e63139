"""What is known of each project, and what was tried with it, while the gateway runs ahead of pip. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from resilient_pip.index.candidates import Candidate, admitted
from resilient_pip.model import ProjectName


@dataclass(slots=True, kw_only=True)
class Project:
    """What is known and was tried of one project."""

    specifier: SpecifierSet
    """What everyone so far admits."""
    extras: set[str] = field(default_factory=set)
    candidates: tuple[Candidate, ...] | None = None
    """Best first; None: its pages were not read."""
    guessed: list[str] = field(default_factory=list)
    """URLs of the files that were guessed, first guess first."""
    required: dict[tuple[str, frozenset[str]], tuple[Requirement, ...]] = field(default_factory=dict)
    """What files require, by URL and extras, where that was followed."""
    is_installed: bool = False
    """Whether what is installed fits everyone so far, so that pip will not look for another."""
    steps_back: int = 0
    """How many times pip went on to an older version than was guessed."""

    def choice(self, specifier: SpecifierSet) -> Candidate | None:
        """Give the file that pip takes where this has to be fulfilled; None where none is known."""
        return next(admitted(self.candidates or (), specifier), None)


class Projects:
    """All projects that were heard of, by name; one that is new is as its constraint says."""

    def __init__(self, constraints: Mapping[ProjectName, SpecifierSet]) -> None:
        self._constraints = constraints
        self._known: dict[ProjectName, Project] = {}

    def __getitem__(self, name: ProjectName) -> Project:
        if name not in self._known:
            self._known[name] = Project(specifier=self._constraints.get(name, SpecifierSet()))
        return self._known[name]

    def __contains__(self, name: ProjectName) -> bool:
        return name in self._known
