"""Whether a wheel is the one that the planning saw.

An index may offer core metadata (PEP 658) that its wheel does not have. pip would find out half way: a
dependency that nobody planned fails the installation, one that was planned for nothing fails the check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from email.parser import BytesHeaderParser
from pathlib import Path

from resilient_pip.errors import BadContent
from resilient_pip.index.requirements import applying
from resilient_pip.index.wheel_metadata import BrokenWheel, read_core_metadata
from resilient_pip.model import PlannedFile


def see_that_it_is_planned(planned: PlannedFile, wheel: Path, environment: Mapping[str, str]) -> None:
    """Compare what a wheel requires with what the plan says that it does.

    Raises:
        BadContent: it is no wheel, or another one than was planned.
    """
    try:
        with wheel.open("rb") as file:
            metadata = read_core_metadata(file, planned.project)
    except BrokenWheel as error:
        raise BadContent(url=planned.file.safe_url, reason=str(error)) from error
    lines = BytesHeaderParser().parsebytes(metadata).get_all("Requires-Dist", [])

    def needs(requires: Iterable[str]) -> set[str]:
        return set(map(str, applying(requires, environment, planned.extras)))

    found, expected = needs(map(str, lines)), needs(planned.requires)
    if found != expected:
        differing = ", ".join(sorted(found ^ expected))
        raise BadContent(
            url=planned.file.safe_url,
            reason=f"the index offers other metadata than the wheel has: they differ in {differing}",
        )
