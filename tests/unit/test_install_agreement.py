"""Whether a wheel is the one that was planned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from resilient_pip.errors import BadContent
from resilient_pip.install.agreement import see_that_it_is_planned
from resilient_pip.model import PlannedFile, RemoteFile, project_name
from tests.support.wheels import make_wheel

WHEEL = make_wheel("Demo.X", "1.0", ["b >=1 ; python_version > '3'", "a"], requires_python=">=3.8")
PLANNED = PlannedFile(
    project=project_name("demo-x"),
    name="demo_x",
    version="1.0.0",
    file=RemoteFile(
        project=project_name("demo-x"), filename=WHEEL.filename, url=f"https://u:p@h/{WHEEL.filename}"
    ),
    requires=("a", 'b>=1; python_version > "3"'),
    requires_python=">= 3.8",
)


def wheel_in(folder: Path, content: bytes = WHEEL.content) -> Path:
    """Store a wheel as the cache does, under a name of its own."""
    path = folder / "0123abcd"
    path.write_bytes(content)
    return path


def test_spelling_and_order_do_not_count(tmp_path: Path) -> None:
    """The same facts written otherwise are the same."""
    see_that_it_is_planned(PLANNED, wheel_in(tmp_path))


def test_a_url_counts_as_far_as_a_plan_file_has_it(tmp_path: Path) -> None:
    """Without login and query."""
    wheel = make_wheel("demo-x", "1.0", ["c @ https://u:p@h/c.zip?sig=1 ; extra == 'e'"])
    planned = replace(PLANNED, requires=('c @ https://h/c.zip ; extra == "e"',), requires_python=None)
    see_that_it_is_planned(planned, wheel_in(tmp_path, wheel.content))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"requires": ("a",)}, 'b>=1; python_version > "3"', id="one-more"),
        pytest.param({"requires": (*PLANNED.requires, "evil !!")}, "evil !!", id="one-less"),
        pytest.param({"version": "1.1"}, "1, 1.1", id="version"),
        pytest.param({"name": "demon-x"}, "demo-x, demon-x", id="name"),
        pytest.param({"requires_python": None}, "python >=3.8", id="python"),
    ],
)
def test_what_differs_is_named(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    """65, with the URL and the facts that one of the two lacks."""
    with pytest.raises(BadContent) as caught:
        see_that_it_is_planned(replace(PLANNED, **changes), wheel_in(tmp_path))
    assert caught.value.url == f"https://h/{WHEEL.filename}"
    assert str(caught.value).endswith(f"they differ in {named}")
    assert caught.value.exit_code == 65


def test_what_is_no_wheel(tmp_path: Path) -> None:
    """The same class of error."""
    with pytest.raises(BadContent, match="not a readable wheel"):
        see_that_it_is_planned(PLANNED, wheel_in(tmp_path, b"PK no"))
