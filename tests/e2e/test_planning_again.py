"""What a second plan asks for, and what pip makes of pages that list less."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.support.environments import Environment, Workspace
from tests.support.faultserver import FaultyIndex
from tests.support.pages import Shape
from tests.support.wheels import Distribution, make_sdist, make_wheel


def foreign_wheel() -> Distribution:
    """Make a wheel that no Linux can use, by its name."""
    return replace(make_wheel("demo", "3.0"), filename="demo-3.0-cp311-cp311-win_amd64.whl")


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(Shape(), id="metadata"),
        pytest.param(Shape(metadata=False), id="ranges"),
        pytest.param(Shape(json=False), id="html"),
    ],
)
def test_a_second_plan_needs_conditional_requests_only(
    workspace: Workspace, environment: Environment, shape: Shape
) -> None:
    """Its pages did not change (304), and metadata never does; a page that did is read."""
    with FaultyIndex(shape) as index:
        index.add(make_wheel("app", "1.0", ["lib"]))
        index.add(make_wheel("lib", "1.0"))
        words = ("plan", "--index-url", index.url, "app")
        first = workspace.tool(environment, *words)
        assert first.returncode == 0, first.output
        before = len(index.requests)
        second = workspace.tool(environment, *words)
        assert second.stdout == first.stdout
        asked = sorted((request.path, request.status) for request in index.requests[before:])
        assert asked == [("/simple/app/", 304), ("/simple/lib/", 304)]
        index.add(make_wheel("lib", "2.0"))
        third = workspace.tool(environment, *words)
    assert re.search(r"\blib\W+2\.0\b", third.stdout), third.output


def test_of_another_login_nothing_is_kept(workspace: Workspace, environment: Environment) -> None:
    """A page that one user was given is none for who has no login, or another one."""
    with FaultyIndex(credentials=("ann", "hidden")) as index:
        index.add(make_wheel("demo", "1.0"))
        url = index.url_with_credentials
        good = workspace.tool(environment, "plan", "--index-url", url, "demo")
        assert good.returncode == 0, good.output
        for other in (index.url, url.replace("ann", "bob")):
            bad = workspace.tool(environment, "plan", "--index-url", other, "demo")
            assert bad.returncode == 69, bad.output
    kept = [path for path in (workspace.cache / "answers").rglob("*") if path.is_file()]
    assert kept
    assert not any(b"hidden" in path.read_bytes() or b"ann" in path.read_bytes() for path in kept)


@pytest.mark.pips
def test_pip_says_the_same_of_pages_without_foreign_wheels(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Which versions there are, and which need another Python, is what pip itself would say."""
    index.add(make_wheel("demo", "1.0"))
    index.add(make_wheel("demo", "2.0", requires_python=">=9"))
    index.add(foreign_wheel())
    words = ("--index-url", index.url, "demo>=2")
    ours = workspace.tool(environment, "plan", *words)
    pips = workspace.pip(environment, "install", "--dry-run", *words)
    assert (ours.returncode, pips.returncode) == (1, 1)
    [said] = re.findall(r"\(from versions: .*\)", pips.output)
    [ignored] = re.findall(r"Ignored the following versions .*", pips.output)
    assert said in ours.output
    assert ignored.rpartition(": ")[2] in ours.output


def test_foreign_wheels_are_listed_for_a_foreign_target(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """With --platform and its like pip chooses other files than its own interpreter's."""
    wheel = index.add(foreign_wheel())
    foreign = ("--platform=win_amd64", "--python-version=3.11", "--only-binary=:all:", "--target=there")
    run = workspace.tool(environment, "plan", "--json", "--index-url", index.url, *foreign, "demo")
    assert run.returncode == 0, run.output
    assert wheel.filename in run.stdout


@pytest.mark.pips
def test_an_sdist_comes_into_play_where_pip_discards_its_wheel(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Its page lists the wheel alone at first; pip chooses what it would if it listed all."""
    wheel = make_wheel("demo", "2.0")
    other = make_wheel("demo", "2.1")
    index.add(replace(other, filename=wheel.filename, version="2.0"))
    sdist = index.add(make_sdist("demo", "2.0"))
    index.add(make_wheel("demo", "1.0"))
    run = workspace.tool(environment, "plan", "--json", "--index-url", index.url, "demo")
    assert run.returncode == 0, run.output
    assert sdist.filename in run.stdout
