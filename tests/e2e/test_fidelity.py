"""What is in the environment afterwards is what `pip install` leaves there, byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.support.environments import Entry, Environment, Run, Workspace
from tests.support.faultserver import FaultyIndex
from tests.support.limits import EACH_ALONE
from tests.support.wheels import make_sdist, make_wheel

Step = Callable[[Environment], Run]
"""Installs something and says how that went."""


def left_by(workspace: Workspace, *steps: Step) -> dict[str, Entry]:
    """Take the steps in a fresh environment, always at the same path, and describe what they leave."""
    environment = workspace.environment()
    for step in steps:
        run = step(environment)
        assert run.returncode == 0, run.output
    found = environment.snapshot()
    shutil.rmtree(environment.root)
    return found


@pytest.fixture
def shop(index: FaultyIndex) -> FaultyIndex:
    """An index with scripts, data, extras, a namespace, and a dependency that users ask for by name too."""
    tool = "def main() -> None:\n    print('hello')\n"
    for version, lib in (("1.0", "lib<2"), ("2.0", "lib>=2")):
        index.add(
            make_wheel(
                "App",
                version,
                [lib, "space-one"],
                files={
                    "app/cli.py": f"VERSION = {version!r}\n{tool}",
                    f"app/only_in_{version[0]}.py": "",
                    f"app-{version}.data/scripts/app-raw": "#!python\nprint('raw')\n",
                    f"app-{version}.data/data/share/app/notes.txt": "notes\n",
                },
                entry_points={"app": "app.cli:main"},
                extras={"fast": ["speed"]},
            )
        )
        index.add(make_wheel("lib", version, size=40_000))
    index.add(make_wheel("space-one", "1.0", files={"space/one.py": "ONE = 1\n"}))
    index.add(make_wheel("space-two", "1.0", files={"space/two.py": "TWO = {2, 'two', (2.0,)}\n"}))
    index.add(make_wheel("speed", "1.0"))
    return index


REQUIREMENTS = ("app[fast]<2", "space-two", "lib")


@pytest.mark.pips
def test_a_fresh_environment(shop: FaultyIndex, workspace: Workspace) -> None:
    """Installed in groups, it has the same files as by pip; REQUESTED is on what the user named."""
    file = workspace.write("requirements.txt", *REQUIREMENTS)
    words = ("install", "--index-url", shop.url, "-r", file)
    requested = set()

    def ours(environment: Environment) -> Run:
        run = workspace.tool(environment, *words, *EACH_ALONE)
        requested.update(environment.requested())
        return run

    by_pip = left_by(workspace, lambda environment: workspace.pip(environment, *words))
    by_tool = left_by(workspace, ours)
    assert by_tool == by_pip
    assert requested == {"app", "space_two", "lib"}


def test_one_group(shop: FaultyIndex, workspace: Workspace) -> None:
    """Small neighbours share one install call and leave the same."""
    words = ("install", "--index-url", shop.url, *REQUIREMENTS)
    by_pip = left_by(workspace, lambda environment: workspace.pip(environment, *words))
    by_tool = left_by(workspace, lambda environment: workspace.tool(environment, *words))
    assert by_tool == by_pip


@pytest.mark.pips
def test_an_upgrade(shop: FaultyIndex, workspace: Workspace) -> None:
    """What an upgrade replaces, removes and leaves alone is what it is with pip."""
    old = ("install", "--index-url", shop.url, *REQUIREMENTS)
    new = ("install", "--index-url", shop.url, "app>=2", "space-two")
    by_pip = left_by(
        workspace,
        lambda environment: workspace.pip(environment, *old),
        lambda environment: workspace.pip(environment, *new),
    )
    by_tool = left_by(
        workspace,
        lambda environment: workspace.pip(environment, *old),
        lambda environment: workspace.tool(environment, *new, *EACH_ALONE),
    )
    assert by_tool == by_pip
    assert any("app-2.0.dist-info" in path for path in by_tool)


def test_upgrade_everything(shop: FaultyIndex, workspace: Workspace) -> None:
    """-U acts when planning and needs no place in the install calls."""
    old = ("install", "--index-url", shop.url, "app<2", "lib")
    new = ("install", "--index-url", shop.url, "-U", "app", "lib")
    by_pip, by_tool = (
        left_by(workspace, lambda environment: workspace.pip(environment, *old), upgrade)
        for upgrade in (
            lambda environment: workspace.pip(environment, *new),
            lambda environment: workspace.tool(environment, *new, *EACH_ALONE),
        )
    )
    assert by_tool == by_pip


@pytest.mark.pips
def test_a_direct_url_keeps_its_record(shop: FaultyIndex, workspace: Workspace) -> None:
    """A wheel by URL gets pip's direct_url.json with the URL that the user wrote."""
    wheel = make_wheel("direct", "1.0", ["lib"])
    url = shop.put(f"/elsewhere/{wheel.filename}", wheel.content)
    words = ("install", "--index-url", shop.url, f"direct @ {url}", "space-two")
    by_pip = left_by(workspace, lambda environment: workspace.pip(environment, *words))
    by_tool = left_by(workspace, lambda environment: workspace.tool(environment, *words, *EACH_ALONE))
    assert by_tool == by_pip
    assert any(path.endswith("direct-1.0.dist-info/direct_url.json") for path in by_tool)


@pytest.mark.pips
def test_an_sdist(shop: FaultyIndex, workspace: Workspace) -> None:
    """Built through the gateway, build requirement and all, it leaves what pip's own build leaves."""
    shop.add(make_wheel("build-tool", "1.0"))
    shop.add(make_sdist("native", "1.0", ["lib"], build_requires=["build-tool"]))
    words = ("install", "--index-url", shop.url, "native", "space-two")
    versions = {}

    def ours(environment: Environment) -> Run:
        run = workspace.tool(environment, *words, *EACH_ALONE)
        versions.update(environment.versions())
        return run

    by_pip = left_by(workspace, lambda environment: workspace.pip(environment, *words))
    by_tool = left_by(workspace, ours)
    assert by_tool == by_pip
    assert versions == {"native": "1.0", "lib": "2.0", "space-two": "1.0"}
