"""Requires-Dist that applies."""

from __future__ import annotations

from resilient_pip.index.requirements import read_requirements
from tests.unit.gateways import ENVIRONMENT

METADATA = b"""Metadata-Version: 2.1
Name: demo
Requires-Dist: always>=1
Requires-Dist: windows; sys_platform == "win32"
Requires-Dist: fast[all]<3; extra == "speed"
Requires-Dist: slow; extra == "other"
Requires-Dist: direct @ https://h/direct.whl
Requires-Dist: not a requirement
Requires-Dist: strange; python_version ~= "nonsense"

Requires-Dist: body
"""


def test_markers_and_extras_decide() -> None:
    """What the environment and the extras admit, without URLs and nonsense."""
    without = read_requirements(METADATA, ENVIRONMENT, ())
    with_extra = read_requirements(METADATA, ENVIRONMENT, {"speed"})
    assert [requirement.name for requirement in without] == ["always"]
    assert [(requirement.name, requirement.extras) for requirement in with_extra] == [
        ("always", set()),
        ("fast", {"all"}),
    ]
