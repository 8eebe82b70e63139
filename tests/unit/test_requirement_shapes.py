"""Requirements files are read as pip reads them.

A pip in a process of its own reads each shape, and this program does. What it makes of them goes to its
children as flat files, so pip reads these once more, and both readings have to be the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from resilient_pip.child.files import DOLLAR
from resilient_pip.errors import UsageError
from resilient_pip.model import Install, Requirement
from resilient_pip.pip_adapter import read_install
from resilient_pip.workspace import Workspace, write_requirements
from tests.support import pip_reading
from tests.support.requirement_shapes import SHAPES, WRONG, Shape

pytestmark = pytest.mark.pips
ALL = (*SHAPES, *WRONG)
PROJECT = '[project]\nname = "pkg"\nversion = "1"\n'


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each shape, with what its files name."""
    made = {}
    for shape in ALL:
        folder = tmp_path_factory.mktemp(shape.name)
        for name in ("pkg", "my pkg", "käse", "sub"):
            (folder / name).mkdir()
            (folder / name / "pyproject.toml").write_text(PROJECT)
        (folder / "wheels").mkdir()
        (folder / "wheels" / "w-1.0-py3-none-any.whl").write_bytes(b"")
        for name, content in shape.files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        made[shape.name] = folder
    return made


@pytest.fixture(scope="module")
def by_pip(folders: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """What pip makes of each shape."""
    asked = [[str(folders[shape.name]), dict(shape.environ), list(shape.argv)] for shape in ALL]
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/", "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        [sys.executable, pip_reading.__file__],
        input=json.dumps(asked),
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip([shape.name for shape in ALL], json.loads(done.stdout), strict=True))


def enter(shape: Shape, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a shape's folder, with its environment."""
    for name, value in shape.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folders[shape.name])
    return folders[shape.name]


def places(requirements: Sequence[Requirement], flag: str) -> list[str | None]:
    """Where requirements stand, in pip's words."""
    sources = [one.source for one in requirements]
    return [f"-{flag} {source.file} (line {source.line})" if source else None for source in sources]


def read_again(install: Install, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Let pip read what this program gives to its children."""
    workspace = Workspace(folder / "flat")
    workspace.root.mkdir(exist_ok=True)
    write_requirements(workspace, install)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv(DOLLAR, "$")
    words = ["-c", str(workspace.constraints), "-r", str(workspace.requirements), *install.plan_options]
    return pip_reading.read(words)


def without(requirements: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Requirements without their places, constraints first."""
    left = [{key: value for key, value in one.items() if key != "from"} for one in requirements]
    return sorted(left, key=lambda one: not one["constraint"])


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_shape_is_read_as_by_pip(
    shape: Shape,
    folders: dict[str, Path],
    by_pip: dict[str, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Requirements with markers, links, hashes, settings and places; indexes, and what decides the choice."""
    expected = by_pip[shape.name]
    assert "error" not in expected
    folder = enter(shape, folders, monkeypatch)
    install, _ = read_install(shape.argv)
    found = read_again(install, folder, monkeypatch)
    assert without(found["requirements"]) == without(expected["requirements"])
    constraints = [one["from"] for one in expected["requirements"] if one["constraint"]]
    assert places(install.constraints, "c") == [relative(place, folder) for place in constraints]
    others = [one["from"] for one in expected["requirements"] if not one["constraint"]]
    assert places(install.requirements, "r") == [relative(place, folder) for place in others]
    assert list(install.index_urls) == expected["indexes"]
    assert list(install.find_links) == expected["links"]
    assert sorted(host.partition(":")[0] for host in install.network.trusted_hosts) == expected["hosts"]
    assert found["choice"] == expected["choice"]


def relative(place: str | None, folder: Path) -> str | None:
    """A place with the file's name as the user sees it: pip makes names of nested files absolute."""
    return place and place.replace(f"{folder}/", "")


@pytest.mark.parametrize("shape", WRONG, ids=lambda shape: shape.name)
def test_what_pip_refuses_is_refused_in_one_line(
    shape: Shape,
    folders: dict[str, Path],
    by_pip: dict[str, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A usage error that says where."""
    assert "error" in by_pip[shape.name]
    enter(shape, folders, monkeypatch)
    with pytest.raises(UsageError) as caught:
        read_install(shape.argv)
    assert str(caught.value).startswith(f"{shape.at}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
