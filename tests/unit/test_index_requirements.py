"""Requires-Dist that applies."""

from __future__ import annotations

import pytest

from resilient_pip.index.requirements import forbidden_url, read_requirements
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


@pytest.mark.parametrize(
    ("line", "host", "is_forbidden"),
    [
        pytest.param("other>=1", "files.pythonhosted.org", False, id="name"),
        pytest.param("x @ https://h/x-1.zip", "h", False, id="url"),
        pytest.param("x @ git+https://h/x@main", "h", False, id="vcs"),
        pytest.param("x @ https://h/", "h", False, id="no-file"),
        pytest.param("x @ https://h/x-1.zip ; extra == 'a'", "files.pythonhosted.org", True, id="from-pypi"),
        pytest.param("x @ https://h/x-1.zip", "test-files.pythonhosted.org", True, id="from-test-pypi"),
        pytest.param("x @ file:///home/me/x", "h", False, id="file"),
        pytest.param("x @ file:///home/me/x", "files.pythonhosted.org", True, id="file-from-pypi"),
        pytest.param("x @ https://h/..%2F..%2Fx-1.zip", "h", True, id="climbs"),
        pytest.param("x @ https://[h/x-1.zip", "h", True, id="no-url"),
    ],
)
def test_urls_that_metadata_must_not_require(line: str, host: str, is_forbidden: bool) -> None:  # noqa: FBT001 - a row
    """Names that climb, and from PyPI any URL."""
    metadata = f"Metadata-Version: 2.1\nRequires-Dist: a\nRequires-Dist: not a one\nRequires-Dist: {line}\n"
    assert forbidden_url(metadata.encode(), host) == (line if is_forbidden else None)
