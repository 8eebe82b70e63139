"""What the core metadata of a file requires, as far as a guess needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from email.parser import BytesHeaderParser

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement


def read_requirements(
    metadata: bytes, environment: Mapping[str, str], extras: Iterable[str]
) -> tuple[Requirement, ...]:
    """List the Requires-Dist of core metadata that apply in an environment, with and without each extra.

    Requirements by URL and malformed ones are left out.
    """
    lines = BytesHeaderParser().parsebytes(metadata).get_all("Requires-Dist", [])
    return tuple(applying(map(str, lines), environment, extras))


def applying(
    lines: Iterable[str], environment: Mapping[str, str], extras: Iterable[str]
) -> Iterator[Requirement]:
    """Give the requirements among `lines` that apply."""
    wanted = ("", *extras)
    for line in lines:
        try:
            requirement = Requirement(line)
            marker = requirement.marker
            applies = marker is None or any(
                marker.evaluate({**environment, "extra": extra}) for extra in wanted
            )
        except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName):
            continue
        if applies and requirement.url is None:
            yield requirement
