"""Sdists that pip would never come to."""

from __future__ import annotations

import pytest

from resilient_pip.index.superseded import without_superseded
from resilient_pip.index.usable import UsableWheels
from resilient_pip.model import ProjectName
from tests.unit.gateways import TARGET

WHEEL = {"url": "https://h/x/demo_a-1.0-py3-none-any.whl"}
SDIST = {"url": "https://h/x/demo-a-1.0.tar.gz"}


@pytest.mark.parametrize(
    ("files", "stays"),
    [
        pytest.param([WHEEL, SDIST], False, id="wheel-of-the-version"),
        pytest.param([SDIST, WHEEL], False, id="whatever-the-order"),
        pytest.param([SDIST], True, id="no-wheel"),
        pytest.param([{"url": "https://h/demo_a-1.1-py3-none-any.whl"}, SDIST], True, id="another-version"),
        pytest.param([{"url": "https://h/other-1.0-py3-none-any.whl"}, SDIST], True, id="another-project"),
        pytest.param([{"url": "https://h/demo_a-1.0-cp310-cp310-win32.whl"}, SDIST], True, id="unusable"),
        pytest.param([{"url": "https://h/demo_a-1.0-pp310-none-any.whl"}, SDIST], True, id="another-python"),
        pytest.param([{**WHEEL, "yanked": True}, SDIST], True, id="yanked-wheel"),
        pytest.param([{**WHEEL, "requires-python": ">=3.9"}, SDIST], True, id="stricter-wheel"),
        pytest.param(
            [{**WHEEL, "requires-python": ">=3.9"}, {**SDIST, "requires-python": ">=3.9"}],
            False,
            id="the-same-conditions",
        ),
        pytest.param([{"url": "https://h/demo_a-1.0_1-py3-none-any.whl"}, SDIST], True, id="odd-version"),
    ],
)
def test_an_sdist_goes_where_the_target_takes_a_wheel_of_its_version(
    files: list[dict[str, object]], *, stays: bool
) -> None:
    """And both are admitted by the same conditions."""
    kept = without_superseded(files, ProjectName("demo-a"), UsableWheels(TARGET.tags).fits)

    assert any(file["url"] == SDIST["url"] for file in kept) is stays
