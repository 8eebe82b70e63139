"""Whether what a group should have brought is there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from packaging.utils import canonicalize_version

from resilient_pip.model import Group, PlannedFile, ProjectName


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A planned project that is not installed as planned."""

    planned: PlannedFile
    found: str | None
    """The version that is installed; None: the project is not."""

    def __str__(self) -> str:
        found = f"{self.found} is installed" if self.found else "it is not installed"
        return f"{self.planned.name} {self.planned.version} was planned, but {found}"


def differences(group: Group, installed: Mapping[ProjectName, str]) -> tuple[Difference, ...]:
    """Compare a group with the versions that the target has after its installation.

    What was built from a folder only has to be there: its version may hold the time of the build.
    """
    return tuple(
        Difference(planned=planned, found=found)
        for planned in group.files
        for found in (installed.get(planned.project),)
        if found is None or not (planned.form.is_built_in_place or _same(found, planned.version))
    )


def _same(one: str, other: str) -> bool:
    return canonicalize_version(one) == canonicalize_version(other)
