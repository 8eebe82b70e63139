"""Which files pip gets from the gateway instead of by their URLs, and what its report says of them then."""

from __future__ import annotations

import pytest

from resilient_pip.detour import NO_DETOUR, Detour, detour
from resilient_pip.direct import direct_files
from resilient_pip.model import Install, Requirement, RequirementForm, project_name
from tests.unit.gateways import TARGET

WHEEL = "https://u:p@h/demo-1.0-py3-none-any.whl"
SDIST = "https://u:p@h/demo-1.0.tar.gz"
NAMELESS = "https://u:p@h/archive/main"


def found(url: str, *options: str) -> tuple[Install, Detour]:
    """What is asked for, and the detour, where all is fetched."""
    requirement = Requirement(
        text=f"demo @ {url}#egg=demo", form=RequirementForm.DIRECT, name=project_name("demo"), options=options
    )
    install = Install(requirements=(requirement,))
    wanted = list(direct_files(install.requirements, TARGET, cwd="/here"))
    known = {direct.address: direct.file for direct in wanted}
    return install, detour(wanted, known, install, lambda file: f"http://gateway/{file.filename}")


@pytest.mark.parametrize(
    ("url", "options", "is_round"),
    [
        pytest.param(WHEEL, (), False, id="wheel"),
        pytest.param(WHEEL, ("--hash=sha256:00",), True, id="wheel-with-hash"),
        pytest.param(SDIST, (), True, id="sdist"),
        pytest.param(NAMELESS, (), False, id="nothing-in-the-name"),
    ],
)
def test_what_goes_round(url: str, options: tuple[str, ...], is_round: bool) -> None:  # noqa: FBT001 - a row's column
    """An sdist, and all that pip checks itself; not what only its server can tell the kind of."""
    _, way = found(url, *options)
    assert (way != NO_DETOUR) == is_round


def test_there_and_back() -> None:
    """Pip is given the gateway's URL, with the fragment; its report gets the address without a login."""
    install, way = found(SDIST)
    [asked] = way.there(install, cwd="/here").requirements
    assert asked.text == "demo @ http://gateway/demo-1.0.tar.gz#egg=demo"
    report = {"install": [{"download_info": {"url": "http://gateway/demo-1.0.tar.gz"}}]}
    assert way.back(report) == {"install": [{"download_info": {"url": "https://h/demo-1.0.tar.gz"}}]}
