"""Which files of a page pip has to see."""

from __future__ import annotations

import pytest

from resilient_pip.index.usable import UsableWheels
from tests.unit.gateways import TARGET


@pytest.mark.parametrize(
    ("name", "admitted"),
    [
        pytest.param("demo-1.0-py3-none-any.whl", True, id="any"),
        pytest.param("demo-1.0-pp310-none-any.whl", True, id="any-of-another-python"),
        pytest.param("demo-1.0-1-cp311-cp311-linux_x86_64.whl", True, id="with-build-number"),
        pytest.param("demo-1.0-CP311-cp311-Linux_x86_64.whl", True, id="case"),
        pytest.param("demo-1.0-cp310.cp311-cp311-win32.linux_x86_64.whl", True, id="compressed"),
        pytest.param("demo-1.0-cp311%2Ecp312-cp311-linux_x86_64.whl", True, id="escaped"),
        pytest.param("demo-1.0-cp312-cp312-linux_x86_64.whl", False, id="another-python"),
        pytest.param("demo-1.0-cp311-cp311-macosx_11_0_arm64.whl", False, id="another-platform"),
        pytest.param("demo-1.0.tar.gz", True, id="sdist"),
        pytest.param("demo.whl", True, id="no-wheel"),
        pytest.param("demo-1.0-cp312-cp312-win32.whl?signed=1", True, id="query"),
    ],
)
def test_wheels_of_other_targets_are_left_out(name: str, *, admitted: bool) -> None:
    """By their tags; whatever else there is pip judges itself."""
    assert UsableWheels(TARGET.tags).admits(f"https://h/a-b/{name}") is admitted
