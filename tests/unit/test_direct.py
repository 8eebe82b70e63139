"""Which files the user names by URL."""

from __future__ import annotations

import pytest

from resilient_pip.direct import DirectFile, direct_files
from resilient_pip.model import ProjectName, RemoteFile, Requirement, RequirementForm, SafeUrl
from tests.unit.gateways import TARGET

WHEEL = "Demo_x-1.0.0-py3-none-any.whl"


def direct(text: str, *options: str, form: RequirementForm = RequirementForm.DIRECT) -> Requirement:
    """A requirement by URL."""
    return Requirement(text=text, form=form, options=options)


def found(requirement: Requirement) -> list[DirectFile]:
    """What is to be fetched for it."""
    return list(direct_files([requirement], TARGET, cwd="/here"))


def test_a_wheel() -> None:
    """Its name tells project and version; the fragment gives a hash and no part of the address."""
    requirement = direct(f"demo-x[y] @ https://u:p@h/a/{WHEEL}?sig=1#sha256=0A")
    assert found(requirement) == [
        DirectFile(
            requirement=requirement,
            reference=f"https://u:p@h/a/{WHEEL}?sig=1#sha256=0A",
            file=RemoteFile(
                project=ProjectName("demo-x"),
                filename=WHEEL,
                url=f"https://u:p@h/a/{WHEEL}?sig=1",
                hashes={"sha256": "0a"},
                index=SafeUrl(f"https://h/a/{WHEEL}"),
            ),
            version="1.0.0",
        )
    ]
    assert found(requirement)[0].address == f"https://h/a/{WHEEL}?sig=1"


@pytest.mark.parametrize(
    ("text", "options", "project", "hashes"),
    [
        pytest.param("https://h/a-b-1.0.tar.gz", (), "a-b", {}, id="bare"),
        pytest.param("https://h/main.zip", (), "main-zip", {}, id="no-version"),
        pytest.param("https://h/a-1.zip#egg=b&md5=0c", (), "a", {"md5": "0c"}, id="fragment"),
        pytest.param("https://h/a-1.zip", ("--hash=sha256:0A",), "a", {"sha256": "0a"}, id="option"),
        # One of several may be right: then pip alone says whether it is.
        pytest.param("https://h/a-1.zip#sha256=0b", ("--hash=sha256:0a",), "a", {}, id="several"),
    ],
)
def test_an_sdist(text: str, options: tuple[str, ...], project: str, hashes: dict[str, str]) -> None:
    """Its project is a guess where the requirement has no name, its version is not known."""
    [one] = found(direct(text, *options))
    assert (one.file.project, one.version, one.file.hashes) == (project, None, hashes)


@pytest.mark.parametrize(
    "requirement",
    [
        pytest.param(direct("demo", form=RequirementForm.NAMED), id="by-name"),
        pytest.param(direct("x @ git+https://h/x.git", form=RequirementForm.VCS), id="vcs"),
        pytest.param(direct("x @ ftp://h/x-1.zip"), id="ftp"),
        pytest.param(direct(f"x @ https://h/{WHEEL} ; sys_platform == 'win32'"), id="marker"),
        pytest.param(direct("https://h/x-1.0-cp27-none-win32.whl"), id="tags"),
        pytest.param(direct("https://h/x.whl"), id="no-wheel"),
    ],
)
def test_what_is_left_to_pip(requirement: Requirement) -> None:
    """What is no file by http, not for this target, or wrong in a way that pip explains."""
    assert found(requirement) == []
