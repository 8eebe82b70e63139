"""What the gateway has to know of a command line."""

from __future__ import annotations

from resilient_pip.gateway.wanted import hashes_of
from resilient_pip.model import ProjectName, Requirement, RequirementForm

ONE, TWO = ("sha256", "0a"), ("sha512", "0b")
DEMO = ProjectName("demo")


def hashed(text: str, form: RequirementForm = RequirementForm.NAMED) -> Requirement:
    """A requirement with two hashes and another option."""
    return Requirement(text=text, form=form, options=("--hash=sha256:0A", "--hash=sha512:0b", "-C=k=v"))


def test_hashes_of_a_project_are_united() -> None:
    """Whichever line gives them; lines that are no PEP 508, name a URL or give none bring nothing."""
    requirements = [
        hashed("Demo==1.0"),
        Requirement(text="demo", options=("--hash=md5:0c",)),
        Requirement(text="plain"),
        hashed("what is this"),
        hashed("direct @ https://h/x.whl", RequirementForm.DIRECT),
    ]
    assert hashes_of(requirements, {}) == {DEMO: frozenset({ONE, TWO, ("md5", "0c")})}


def test_what_is_installed_is_not_fetched() -> None:
    """Unless it is another version."""
    assert hashes_of([hashed("demo==1.0")], {DEMO: "1.0"}) == {}
    assert hashes_of([hashed("demo==1.0")], {DEMO: "2.0"}) == {DEMO: frozenset({ONE, TWO})}
