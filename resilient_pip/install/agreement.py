"""Whether a wheel is the one that the planning saw.

An index may offer core metadata (PEP 658) that its wheel does not have. pip would find out half way: a
dependency that nobody planned fails the installation, one that was planned for nothing fails the check.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.parser import BytesHeaderParser
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_version

from resilient_pip.errors import BadContent
from resilient_pip.index.wheel_metadata import BrokenWheel, read_core_metadata
from resilient_pip.model import PlannedFile, project_name, redact


def see_that_it_is_planned(planned: PlannedFile, wheel: Path) -> None:
    """Compare a wheel's own name, version and requirements with those that the plan was made from.

    Raises:
        BadContent: it is no wheel, or another one than was planned.
    """
    try:
        with wheel.open("rb") as file:
            metadata = BytesHeaderParser().parsebytes(read_core_metadata(file, planned.project))
    except BrokenWheel as error:
        raise BadContent(url=planned.file.safe_url, reason=str(error)) from error

    def all_of(field: str) -> list[str]:
        return [str(value) for value in metadata.get_all(field, [])]

    found = _facts(all_of("Name"), all_of("Version"), all_of("Requires-Python"), all_of("Requires-Dist"))
    python = [] if planned.requires_python is None else [planned.requires_python]
    expected = _facts([planned.name], [planned.version], python, planned.requires)
    if found != expected:
        differing = ", ".join(sorted(found ^ expected))
        raise BadContent(
            url=planned.file.safe_url,
            reason=f"the index offers other metadata than the wheel has: they differ in {differing}",
        )


def _facts(
    names: Iterable[str], versions: Iterable[str], pythons: Iterable[str], requires: Iterable[str]
) -> set[str]:
    """Write what metadata says in one spelling, in no order."""
    return {
        *(project_name(name) for name in names),
        *(canonicalize_version(version) for version in versions),
        *(f"python {''.join(python.split())}" for python in pythons),
        *map(_spelled_alike, requires),
    }


def _spelled_alike(requirement: str) -> str:
    try:
        parsed = Requirement(requirement)
        parsed.url = redact(parsed.url) if parsed.url else None  # as far as a plan file has it
        return str(parsed)
    except InvalidRequirement:  # pip refuses it if it has to read it
        return requirement
