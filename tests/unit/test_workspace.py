"""What pip says of the flat copies, turned back into what the user wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from resilient_pip.model import Install, Requirement, SourceLine, project_name
from resilient_pip.workspace import Workspace, in_users_words, involved

WORKSPACE = Workspace(Path("/w"))


def requirement(text: str, line: int) -> Requirement:
    """A line of the user's requirements.txt."""
    return Requirement(text=text, name=project_name(text), source=SourceLine(file="r.txt", line=line))


AAA, CCC = requirement("aaa", 3), requirement("Ccc.x", 5)
INSTALL = Install(requirements=(AAA, CCC), constraints=(requirement("bbb", 7),))


def test_places_are_the_users() -> None:
    """A constraint of the same line is another one; what no file holds stands on the command line."""
    install = Install(requirements=(AAA, Requirement(text="ddd")), constraints=INSTALL.constraints)
    places = (
        "-r /w/requirements.txt (line 1)",
        "-c /w/constraints.txt (line 1)",
        "/w/requirements.txt (line 2)",
    )
    text = f"x (from {', '.join(places)})"
    assert in_users_words(WORKSPACE, install, text) == (
        "x (from -r r.txt (line 3), -c r.txt (line 7), the command line)"
    )


@pytest.mark.parametrize(
    ("explanation", "lines", "expected"),
    [
        pytest.param("x (from -r /w/requirements.txt (line 2))", [], (CCC,), id="place"),
        pytest.param("The user requested aaa\nThe user requested aaab", [], (AAA,), id="request"),
        pytest.param(
            "no version of deep (from lib) (from versions: none)",
            [
                "Collecting Ccc.x (from -r /w/requirements.txt (line 2))",
                "Collecting library (from -r /w/requirements.txt (line 2))",
                "Collecting Lib>=1 (from aaa->-r /w/requirements.txt (line 1))",
            ],
            (AAA,),
            id="needed-by-a-dependency",
        ),
        pytest.param(
            "no version of deep (from ccc-x[fast]) (from versions: none)",
            ["Requirement already satisfied: Ccc.x in /env (from -r /w/requirements.txt (line 2)) (1.0)"],
            (CCC,),
            id="needed-by-an-extra",
        ),
        pytest.param(
            "something else", ["Collecting aaa (from -r /w/requirements.txt (line 1))"], (), id="none"
        ),
    ],
)
def test_what_takes_part(explanation: str, lines: list[str], expected: tuple[Requirement, ...]) -> None:
    """By its place, as pip's summary quotes it, or by the way that led to what lacks something."""
    assert involved(WORKSPACE, INSTALL, explanation, lines) == expected
