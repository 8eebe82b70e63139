"""What is in the environment afterwards is what `pip install` leaves there, byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.support.environments import PYC_HEADER, Entry, Environment, Run, Workspace
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


@pytest.fixture
def odd(index: FaultyIndex) -> FaultyIndex:
    """An index with wheels that are odd to compile, and two that share a file."""
    index.add(
        make_wheel(
            "odd",
            "1.0",
            ["twin"],
            files={
                "odd/bad.py": "print 1\n",
                "odd/warns.py": "assert (1, 'always')\n",
                "odd/codec.py": "# coding: nobody-knows\n",
                "odd/a, b.py": "assert True\nDOC = 1\n",
                "odd-1.0.data/scripts/odd-raw.py": "#!python\nprint('raw')\n",
                "odd-1.0.data/scripts/odd.py": "#!python\nprint('replaced')\n",
                "odd-1.0.data/platlib/odd_more.py": "MORE = 1\n",
                "odd-1.0.data/data/share/odd/data.py": "DATA = 1\n",
                "shared/__init__.py": "OWNER = 'odd'\n",
            },
            entry_points={"odd.py": "odd.warns:main"},
        )
    )
    index.add(make_wheel("twin", "1.0"))
    index.add(make_wheel("other", "1.0", ["odd"], files={"shared/__init__.py": "OWNER = 'other'\n"}))
    index.add(make_wheel("plain", "1.0", files={"plain/module.py": "def f():\n    'doc'\n    assert f\n"}))
    index.add(
        make_wheel("header", "1.0", files={"header-1.0.data/headers/header.py": "", "shared/one.py": ""})
    )
    return index


def records(environment: Environment) -> dict[str, bytes]:
    """Give the bytes of every RECORD."""
    return {path.parent.name: path.read_bytes() for path in environment.site_packages.glob("*/RECORD")}


def headers(environment: Environment) -> dict[str, bool]:
    """Say of every .pyc whether it names the time and size of its source as it is."""
    found = {}
    for source in environment.site_packages.rglob("*.py"):
        status = source.stat()
        expected = (int(status.st_mtime) & 0xFFFF_FFFF).to_bytes(4, "little")
        expected += status.st_size.to_bytes(4, "little")
        for path in source.parent.glob(f"__pycache__/{source.stem}.*.pyc"):
            name = str(path.relative_to(environment.site_packages))
            found[name] = path.read_bytes()[8:PYC_HEADER] == expected
    return found


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        pytest.param({}, [], id="default"),
        pytest.param({"PYTHONOPTIMIZE": "2"}, [], id="optimised"),
        pytest.param({"SOURCE_DATE_EPOCH": "315532800"}, [], id="by-hash"),
        pytest.param({"PYTHONPYCACHEPREFIX": "bytecode"}, [], id="elsewhere"),
        pytest.param({"PYTHONDONTWRITEBYTECODE": "1"}, [], id="not-when-importing"),
        pytest.param({}, ["--no-compile"], id="not-at-all"),
        pytest.param({}, ["--prefix", "prefix"], id="prefix"),
        pytest.param({}, ["--root", "root"], id="root"),
    ],
)
def test_bytecode(odd: FaultyIndex, workspace: Workspace, environ: dict[str, str], words: list[str]) -> None:
    """It is what pip makes, RECORD to the byte; also what is left to pip, and what two wheels share."""
    paths = {name: str(workspace.root / value) for name, value in environ.items() if value.isalpha()}
    workspace = Workspace(root=workspace.root, environ={**environ, **paths})
    place = [str(workspace.root / "env" / word) if word.isalpha() else word for word in words]
    command = ("install", "--index-url", odd.url, *place, "odd", "plain", "other", "header")
    written: list[tuple[dict[str, bytes], dict[str, bool]]] = []

    def noting(run: Run, environment: Environment) -> Run:
        written.append((records(environment), headers(environment)))
        return run

    by_pip = left_by(workspace, lambda environment: noting(workspace.pip(environment, *command), environment))
    by_tool = left_by(
        workspace,
        lambda environment: noting(workspace.tool(environment, *command, *EACH_ALONE), environment),
    )
    assert by_tool == by_pip
    assert written[1] == written[0]
    is_elsewhere = any(word in words for word in ("--prefix", "--root"))
    assert is_elsewhere or any(b".pyc," in record for record in written[1][0].values()) == (
        words != ["--no-compile"]
    )
