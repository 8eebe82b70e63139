"""Real clients behind the gateway: each succeeds where it alone fails, and leaves no trace of the gateway."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.environments import Environment, Run, Workspace
from tests.support.faults import CutEvery, Fault, Ok, Status
from tests.support.faultserver import FaultyIndex
from tests.support.pages import write_files
from tests.support.tools import CLIENTS, tool_environment
from tests.support.wheels import make_wheel

PATIENT = ("--backoff-base", "0.05s", "--backoff-cap", "0.1s")
STORY: list[Fault] = [*[Status(504)] * 6, Ok()]
"""More than any of them tries; pip and pdm do not try again at all."""
PROJECT = """
[project]
name = "project"
version = "1"
requires-python = ">=3.10"
dependencies = ["aaa"]
"""


@pytest.fixture(scope="session")
def clients() -> Path:
    """The programs of the clients."""
    return tool_environment("clients", CLIENTS) / "bin"


class Case(NamedTuple):
    """One client with what it is to do."""

    command: tuple[str, ...]
    """Its words; the first is a program, {python} stands for the interpreter of the environment."""
    made: Callable[[Workspace, Environment, Run], object]
    """What is there afterwards."""
    expected: object


def installed(_: Workspace, environment: Environment, __: Run) -> object:
    """What is in the environment."""
    return environment.versions()


def files(workspace: Workspace, _: Environment, __: Run) -> object:
    """What is in the folder for files."""
    return sorted(path.name for path in (workspace.root / "files").iterdir())


def pins(_: Workspace, __: Environment, run: Run) -> object:
    """What is printed but for comments."""
    return [line for line in run.stdout.splitlines() if line.strip() and not line.strip().startswith("#")]


BOTH = {"aaa": "1.0", "bbb": "2.0"}
WHEELS = ["aaa-1.0-py3-none-any.whl", "bbb-2.0-py3-none-any.whl"]
PINS = ["aaa==1.0", "bbb==2.0"]
CASES = {
    "uv-pip-install": Case(("uv", "pip", "install", "--python", "{python}", "aaa"), installed, BOTH),
    "uv-pip-compile": Case(("uv", "pip", "compile", "wanted.in"), pins, PINS),
    "pip-install": Case(("pip", "--python", "{python}", "install", "aaa"), installed, BOTH),
    "pip-wheel": Case(("pip", "wheel", "--wheel-dir", "files", "aaa"), files, WHEELS),
    "pip-download": Case(("pip", "download", "--dest", "files", "aaa"), files, WHEELS),
    "pip-compile": Case(("pip-compile", "--quiet", "--output-file", "-", "wanted.in"), pins, PINS),
    "pdm-install": Case(("pdm", "install", "--no-self"), installed, BOTH),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_a_client_succeeds_where_it_alone_fails(
    index: FaultyIndex, workspace: Workspace, environment: Environment, clients: Path, case: Case
) -> None:
    """A page answers 504 six times and each connection ends after 90 kB; nothing left names the gateway."""
    wheel = index.add(make_wheel("aaa", "1.0", ["bbb"], size=200_000))
    index.add(make_wheel("bbb", "2.0"))
    index.script(wheel.path, [CutEvery(90_000)])
    workspace.write("wanted.in", "aaa")
    workspace.write("pyproject.toml", PROJECT)
    program, *words = (word.format(python=environment.python) for word in case.command)
    command = (str(clients / program), *words)
    env = {"VIRTUAL_ENV": str(environment.root), "PDM_CHECK_UPDATE": "0", "UV_CACHE_DIR": "uv-cache"}

    index.script(index.page_path("aaa"), STORY)
    named = {"PIP_INDEX_URL": index.url, "UV_DEFAULT_INDEX": index.url, "PDM_PYPI_URL": index.url}
    alone = workspace.other(*command, env={**env, **named}).finish(60)
    assert alone.returncode not in {0, 127}, alone.output

    index.script(index.page_path("aaa"), STORY)
    run = workspace.behind([*PATIENT, "--index-url", index.url], *command, env=env).finish(60)
    assert run.returncode == 0, run.output
    assert case.made(workspace, environment, run) == case.expected
    assert named_in([environment.root, workspace.root / "files", *workspace.root.glob("*.lock")]) == []


def test_uv_takes_folders_and_pages_of_links(
    index: FaultyIndex, workspace: Workspace, environment: Environment, clients: Path
) -> None:
    """A folder and a page, neither of which tells of metadata, serve uv as they serve pip."""
    folder = write_files(workspace.root / "links", [make_wheel("aaa", "1.0", ["bbb"])])
    wheel = index.add(make_wheel("bbb", "2.0"))
    page = index.put("/links.html", f'<html><a href="{wheel.path}">bbb</a></html>'.encode(), "text/html")
    index.script("/links.html", [Status(504), Ok()])
    options = [*PATIENT, "--no-index", "--find-links", str(folder), "--find-links", page]
    command = (clients / "uv", "pip", "install", "--python", environment.python, "aaa")
    run = workspace.behind(options, *command, env={"UV_CACHE_DIR": "uv-cache"}).finish(60)
    assert run.returncode == 0, run.output
    assert environment.versions() == BOTH


def named_in(places: list[Path]) -> list[Path]:
    """List the files that name an address on loopback."""
    found = [path for place in places for path in (place, *place.rglob("*")) if path.is_file()]
    return [path for path in found if b"127.0.0.1" in path.read_bytes()]
