"""Targets as they are found: other Pythons, other pips, none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.pip_matrix import ROOT
from tests.support.environments import Environment, Workspace
from tests.support.faultserver import FaultyIndex
from tests.support.pips import pip_wheel
from tests.support.pythons import interpreter
from tests.support.wheels import Distribution, make_sdist, make_wheel

PIPS = ("23.1", "24.0", "25.0", "26.3")


@pytest.fixture(scope="session")
def pips() -> Mapping[str, Path]:
    """The releases that targets have."""
    return {version: pip_wheel(version) for version in PIPS}


def fill(index: FaultyIndex) -> None:
    """Put up what is different for each Python: by marker, by Requires-Python, by what has to be built."""
    index.add(make_wheel("app", "1.0", ["old ; python_version < '3.12'", "new ; python_version >= '3.12'"]))
    index.add(make_wheel("old", "1.0"))
    index.add(make_wheel("new", "1.0"))
    index.add(make_wheel("tool", "2.0", requires_python=">=3.13", entry_points={"tool": "tool:main"}))
    index.add(make_wheel("tool", "1.0", entry_points={"tool": "tool:main"}))
    index.add(make_sdist("native", "1.0"))


@pytest.mark.parametrize("version", ["3.10", "3.12", "3.13", "3.14"])
def test_another_python(index: FaultyIndex, workspace: Workspace, version: str) -> None:
    """What is chosen, built and compiled is for the target, file for file as with pip."""
    python = interpreter(version)
    fill(index)
    words = ("install", "--index-url", index.url, "app", "tool", "native")

    def fresh() -> Environment:
        root = workspace.root / "env"
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run([python, "-m", "venv", "--without-pip", str(root)], check=True)
        return Environment(root=root)

    target = fresh()
    plain = workspace.pip(target, *words)
    assert plain.returncode == 0, plain.output
    wanted = _told_by(python, target)
    target = fresh()
    run = workspace.tool(target, *words)
    assert run.returncode == 0, run.output
    assert _told_by(python, target) == wanted


@pytest.mark.parametrize("version", PIPS)
def test_a_pip_of_its_own(
    index: FaultyIndex, workspace: Workspace, pips: Mapping[str, Path], version: str
) -> None:
    """It is not asked, stays as it is, and can work with what was installed."""
    fill(index)
    target = workspace.environment()
    _install_pip(target, pips[version])
    before = target.snapshot()

    run = workspace.tool(target, "install", "--index-url", index.url, "app", "native")

    assert run.returncode == 0, run.output
    after = target.snapshot()
    assert {path: after.get(path) for path in before} == before
    assert target.versions() == {"pip": version, "app": "1.0", "old": "1.0", "native": "1.0"}
    assert _own_pip(target, "check") == "No broken requirements found.\n"
    _own_pip(target, "uninstall", "--yes", "app", "old", "native")
    assert target.snapshot().keys() == before.keys()


def test_the_pip_of_the_target_is_replaced(
    index: FaultyIndex, workspace: Workspace, pips: Mapping[str, Path]
) -> None:
    """In the middle of the plan; what comes after it is installed all the same."""
    wheel = pips["26.3"]
    index.add(Distribution(name="pip", version="26.3", filename=wheel.name, content=wheel.read_bytes()))
    index.add(make_wheel("last", "1.0"))
    target = workspace.environment()
    _install_pip(target, pips["23.1"])
    workspace.write(
        "requirements.txt",
        "pip==26.3  # resilient-pip: group=first",
        "last  # resilient-pip: group=second",
    )

    run = workspace.tool(target, "install", "--index-url", index.url, "-r", "requirements.txt")

    assert run.returncode == 0, run.output
    assert target.versions() == {"pip": "26.3", "last": "1.0"}
    assert _own_pip(target, "check") == "No broken requirements found.\n"


def _told_by(python: str, target: Environment) -> list[str]:
    """Write its snapshot, by the interpreter that it has: another cannot read its bytecode."""
    program = (
        "import sys; from pathlib import Path; from tests.support.environments import Environment\n"
        "for item in Environment(root=Path(sys.argv[1])).snapshot().items(): print(ascii(item))"
    )
    argv = [python, "-c", program, str(target.root)]
    env = {"PYTHONDONTWRITEBYTECODE": "1"}
    told = subprocess.run(argv, cwd=ROOT, env=env, check=True, capture_output=True, text=True)
    return told.stdout.splitlines()


def _install_pip(target: Environment, wheel: Path) -> None:
    words = ["install", "--quiet", "--no-index", "--disable-pip-version-check", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(target.python), *words], check=True)


def _own_pip(target: Environment, *words: str) -> str:
    argv = [str(target.python), "-m", "pip", "--disable-pip-version-check", *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
