"""The zip application: the real command line out of one file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import resilient_pip
from tests.support.environments import Environment, Run, Workspace, eventually
from tests.support.faults import Stall
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.pythons import interpreter
from tests.support.wheels import make_sdist, make_wheel

CARRIED = (
    *("anyio", "certifi", "click", "h11", "httpcore", "httpx", "idna", "packaging", "pip", "resilient_pip"),
    *("starlette", "tenacity", "tqdm", "truststore", "typing_extensions", "uvicorn"),
)
"""What a file or package of this name in the environment must not take the place of."""
TRAP = "raise SystemExit(f'{__file__} was imported')\n"
EARLY = """
import sys, types

class Finder:
    def find_spec(name, path=None, target=None):
        if name in {names}:
            raise SystemExit(f"{{name}} was looked for")

sys.modules["h11"] = types.ModuleType("h11")
if sys.orig_argv[1].endswith(".pyz"):
    sys.meta_path.insert(0, Finder)
"""
WITHOUT_WRITING = """
import os, runpy, sys

def refuse(event, arguments):
    if event == "open" and arguments[2] & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
        raise SystemExit(f"{arguments[0]} was opened for writing")

sys.argv[:] = sys.argv[1:]
sys.dont_write_bytecode = True
sys.addaudithook(refuse)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def application(workspace: Workspace, pyz: Path, python: str | Path) -> Workspace:
    """The same workspace, in which the tool is the zip application, run by an interpreter."""
    return Workspace(root=workspace.root, environ=workspace.environ, program=(str(python), str(pyz)))


def below(folder: Path) -> list[str]:
    """Everything that lies in a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def run(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program in an environment without settings of Python."""
    env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, env=env)


def test_it_installs_what_pip_installs_and_nothing_else(
    index: FaultyIndex, workspace: Workspace, environment: Environment, pyz: Path
) -> None:
    """An environment without pip is the same after it, file for file, as after pip from outside of it."""
    index.add(make_wheel("a", "1.0", ["b"], entry_points={"a": "a:main"}))
    index.add(make_wheel("b", "1.0"))
    words = ("install", "--index-url", index.url, "a")
    assert workspace.pip(environment, *words).returncode == 0
    wanted, home = environment.snapshot(), below(workspace.home)

    shutil.rmtree(environment.root)
    tool = application(workspace, pyz, workspace.environment().python)
    done = tool.tool(None, *words)

    assert done.returncode == 0, done.output
    assert environment.snapshot() == wanted
    assert (below(workspace.root / "tmp"), below(workspace.home)) == ([], home)


def test_no_module_of_the_environment_takes_the_place_of_its_own(
    index: FaultyIndex, workspace: Workspace, environment: Environment, pyz: Path
) -> None:
    """Neither site-packages nor the working folder nor PYTHONPATH nor what a .pth file did is asked."""
    index.add(make_wheel("a", "1.0"))
    path = workspace.root / "path"
    path.mkdir()
    for folder in (environment.site_packages, workspace.root, path):
        for name in CARRIED:
            (folder / f"{name}.py").write_text(TRAP)
    (environment.site_packages / "early.py").write_text(EARLY.format(names=CARRIED))
    (environment.site_packages / "early.pth").write_text("import early\n")

    tool = application(workspace, pyz, environment.python)
    done = tool.tool(None, "install", "--index-url", index.url, "a", env={"PYTHONPATH": str(path)})

    assert done.returncode == 0, done.output
    assert environment.versions() == {"a": "1.0"}


def test_it_survives_that_its_own_dependencies_are_replaced(
    index: FaultyIndex, workspace: Workspace, environment: Environment, pyz: Path
) -> None:
    """In the environment whose interpreter runs it, by what could not do its work."""
    names = ("pip", "packaging", "anyio", "httpx", "tqdm", "tenacity")
    for name in names:
        index.add(make_wheel(name, "0.2"))
        index.add(make_wheel(name, "0.1"))
    index.add(make_wheel("last", "1.0"))
    older = (f"{name}==0.1" for name in names)
    workspace.write(
        "requirements.txt", "# resilient-pip: group=own", *older, "", "last  # resilient-pip: group=last"
    )
    words = ("install", "--index-url", index.url)
    tool = application(workspace, pyz, environment.python)
    assert tool.tool(None, *words, *names).returncode == 0
    assert environment.versions() == dict.fromkeys(names, "0.2")

    done = tool.tool(None, *words, "-r", "requirements.txt")

    assert done.returncode == 0, done.output
    assert "group 2/2 last: installed" in done.stderr
    assert environment.versions() == {**dict.fromkeys(names, "0.1"), "last": "1.0"}


def test_an_isolated_build_in_another_environment(
    index: FaultyIndex, workspace: Workspace, environment: Environment, pyz: Path
) -> None:
    """The pip that pip starts for build requirements is the copy and not the archive."""
    index.add(make_sdist("native", "1.0", ["lib"], build_requires=["build-tool"]))
    for name in ("lib", "build-tool"):
        index.add(make_wheel(name, "1.0"))

    tool = application(workspace, pyz, workspace.environment("other").python)
    done = tool.tool(environment, "install", "--index-url", index.url, "native")

    assert done.returncode == 0, done.output
    assert environment.versions() == {"native": "1.0", "lib": "1.0"}
    assert list((workspace.root / "other").rglob("*.dist-info")) == []
    assert below(workspace.root / "tmp") == []


def test_it_fails_as_the_installed_program_does(
    index: FaultyIndex, workspace: Workspace, environment: Environment, pyz: Path
) -> None:
    """The same block and the same exit code."""
    index.add(make_wheel("a", "1.0", ["missing"]))

    def fail(workspace: Workspace) -> tuple[Run, dict[str, str]]:
        done = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "a")
        return done, done.block

    installed, block = fail(workspace)
    carried, same = fail(application(workspace, pyz, environment.python))

    assert block, installed.output
    assert (carried.returncode, same) == (installed.returncode, block)


def test_a_killed_run_leaves_nothing(
    index: FaultyIndex, workspace: Workspace, environment: Environment, pyz: Path
) -> None:
    """Its guardian is there without the archive."""
    index.add(make_wheel("a", "1.0"))
    index.script(index.page_path("a"), [Stall(after=0)])
    words = ("install", "--index-url", index.url, "a")
    temporary = workspace.root / "tmp"
    running = application(workspace, pyz, environment.python).start(None, *words)
    try:
        running.wait_for_line(lambda line: line.endswith("planning"), 60)
        assert list(temporary.iterdir()) != []
    finally:
        running.kill()

    eventually(lambda: list(temporary.iterdir()) == [], 60)


@pytest.mark.parametrize("version", ["3.10", "3.12", "3.13", "3.14"])
def test_it_runs_on_every_supported_python(
    index: FaultyIndex, workspace: Workspace, pyz: Path, version: str
) -> None:
    """Also what only some of them need is carried."""
    python = interpreter(version)
    index.add(make_wheel("a", "1.0"))
    root = workspace.root / "env"
    subprocess.run([python, "-m", "venv", "--without-pip", str(root)], check=True)

    done = application(workspace, pyz, root / "bin" / "python").tool(None, "--index-url", index.url, "a")

    assert done.returncode == 0, done.output
    assert [path.name for path in root.rglob("*.dist-info")] == ["a-1.0.dist-info"]


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.8", "3.9"])
def test_an_older_python_is_refused_in_one_line(pyz: Path, version: str) -> None:
    """Whatever was asked for, with the exit code of a target that is too old."""
    python = interpreter(version)

    done = run(python, pyz, "-r", "requirements.txt")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        f"resilient-pip: needs Python 3.10 or newer; {python} is Python {version}."
    ), done.stderr
    assert done.stderr.count("\n") == 1


def test_the_version_is_told_before_anything_takes_long(pyz: Path) -> None:
    """Of all modules that it carries, the one that holds the version alone is imported."""
    done = run(sys.executable, "-X", "importtime", pyz, "--version")

    assert (done.returncode, done.stdout) == (0, f"resilient-pip {resilient_pip.__version__}\n")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {name for name in imported if name.partition(".")[0] in CARRIED} == {"resilient_pip"}


def test_to_start_it_needs_no_temporary_file(pyz: Path) -> None:
    """What is not written cannot be left behind by a signal, nor fail on a read-only system."""
    done = run(sys.executable, "-c", WITHOUT_WRITING, pyz, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert "resilient-pip install [options]" in done.stdout


def test_it_is_a_program(pyz: Path) -> None:
    """It can be started by its name."""
    assert run(pyz, "--version").stdout == f"resilient-pip {resilient_pip.__version__}\n"
