"""Every form of requirement and every option of location leaves what plain pip leaves."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.support.environments import Workspace
from tests.support.faultserver import FaultyIndex
from tests.support.limits import EACH_ALONE
from tests.support.pages import write_files
from tests.support.sources import commit, unpack
from tests.support.wheels import make_sdist, make_wheel

Words: TypeAlias = Sequence[str | Path]


def stock(index: FaultyIndex) -> None:
    """Two versions each of a circle, and of a project whose extra another one asks for."""
    for version in ("1.0", "2.0"):
        index.add(make_wheel("app", version, ["lib[fast]"]))
        index.add(make_wheel("lib", version, extras={"fast": ["speed"]}))
        index.add(make_wheel("chicken", version, ["egg"]))
        index.add(make_wheel("egg", version, ["chicken"]))
        index.add(make_wheel("speed", version))


def folder(workspace: Workspace, *, fails_with: str | None = None) -> Path:
    """A source tree that builds offline, also as editable, and needs lib."""
    return unpack(make_sdist("local", "1.0", ["lib"], fails_with=fails_with), workspace.root / "local")


def repository(workspace: Workspace) -> str:
    """The same as a git repository."""
    tree = folder(workspace)
    commit(tree)
    return f"git+{tree.as_uri()}"


def _circle(_workspace: Workspace, _index: FaultyIndex) -> Words:
    return ["chicken", "app", "egg", "lib"]


def _same_twice(_workspace: Workspace, _index: FaultyIndex) -> Words:
    return ["app", "app==1.0", "LIB", "lib[fast]<2"]


def _folder(workspace: Workspace, _index: FaultyIndex) -> Words:
    return [f"./{folder(workspace).name}", "egg"]


def _editable(workspace: Workspace, _index: FaultyIndex) -> Words:
    return ["-e", f"./{folder(workspace).name}", "egg"]


def _folder_beside_sdist(workspace: Workspace, index: FaultyIndex) -> Words:
    index.add(make_wheel("foo", "1.0", files={"foo/of_the_wheel.py": ""}))
    index.add(make_sdist("foo", "1.0"))
    return ["--no-binary", "foo", "foo", f"./{folder(workspace).name}"]


def _folder_after_its_dependent(workspace: Workspace, index: FaultyIndex) -> Words:
    index.add(make_wheel("wants", "1.0", ["local"]))
    return ["wants", f"./{folder(workspace).name}"]


def _folder_of_a_dependency(workspace: Workspace, index: FaultyIndex) -> Words:
    index.add(make_wheel("wants", "1.0", [f"local @ {folder(workspace).as_uri()}"]))
    return ["wants", "egg"]


def _folder_again_in_a_dependency(workspace: Workspace, index: FaultyIndex) -> Words:
    return ["./local", *_folder_of_a_dependency(workspace, index)]


def _repository(workspace: Workspace, _index: FaultyIndex) -> Words:
    return [f"local @ {repository(workspace)}", "egg"]


def _wheel_file(workspace: Workspace, _index: FaultyIndex) -> Words:
    wheel = make_wheel("local", "1.0", ["lib"])
    return [write_files(workspace.root / "wheels", [wheel]) / wheel.filename, "egg"]


def _direct_with_extra(_workspace: Workspace, index: FaultyIndex) -> Words:
    wheel = make_wheel("direct", "1.0", ["lib"], extras={"more": ["speed"]})
    url = index.put(f"/elsewhere/{wheel.filename}", wheel.content)
    return [f"direct[more] @ {url}#sha256={wheel.sha256}", "egg"]


def _direct_sdist(_workspace: Workspace, index: FaultyIndex) -> Words:
    sdist = make_sdist("direct", "1.0", ["lib"])
    return [f"direct @ {index.put(f'/elsewhere/{sdist.filename}', sdist.content)}", "egg"]


def _bare_url(_workspace: Workspace, index: FaultyIndex) -> Words:
    wheel = make_wheel("direct", "1.0", ["lib"])
    return [index.put(f"/elsewhere/{wheel.filename}", wheel.content), "egg"]


def _hashes(workspace: Workspace, index: FaultyIndex) -> Words:
    wheels = [index.add(make_wheel(name, "3.0")) for name in ("one", "two")]
    lines = [f"{wheel.name}==3.0 --hash=sha256:{wheel.sha256}" for wheel in wheels]
    return ["--require-hashes", "-r", workspace.write("requirements.txt", *lines)]


def _files_by_url(_workspace: Workspace, index: FaultyIndex) -> Words:
    requirements = index.put("/requirements.txt", b"app\negg\n", "text/plain")
    return ["-r", requirements, "-c", index.put("/constraints.txt", b"lib<2\n", "text/plain")]


@pytest.mark.parametrize(
    ("write", "installed"),
    [
        pytest.param(_circle, {"app", "lib", "speed", "chicken", "egg"}, id="circle"),
        pytest.param(_same_twice, {"app", "lib", "speed"}, id="named-twice"),
        pytest.param(_folder, {"local", "lib", "chicken", "egg"}, id="folder"),
        pytest.param(_editable, {"local", "lib", "chicken", "egg"}, id="editable"),
        pytest.param(_folder_beside_sdist, {"foo", "local", "lib"}, id="folder-beside-sdist"),
        pytest.param(_folder_after_its_dependent, {"wants", "local", "lib"}, id="folder-after-its-dependent"),
        pytest.param(
            _folder_of_a_dependency,
            {"wants", "local", "lib", "chicken", "egg"},
            id="folder-of-a-dependency",
        ),
        pytest.param(
            _folder_again_in_a_dependency,
            {"wants", "local", "lib", "chicken", "egg"},
            id="folder-again-in-a-dependency",
        ),
        pytest.param(_repository, {"local", "lib", "chicken", "egg"}, id="git"),
        pytest.param(_wheel_file, {"local", "lib", "chicken", "egg"}, id="wheel-file"),
        pytest.param(
            _direct_with_extra, {"direct", "lib", "speed", "chicken", "egg"}, id="direct-with-extra"
        ),
        pytest.param(_direct_sdist, {"direct", "lib", "chicken", "egg"}, id="direct-sdist"),
        pytest.param(_bare_url, {"direct", "lib", "chicken", "egg"}, id="bare-url"),
        pytest.param(_hashes, {"one", "two"}, id="require-hashes"),
        pytest.param(_files_by_url, {"app", "lib", "speed", "chicken", "egg"}, id="files-by-url"),
    ],
)
def test_a_form_of_requirement(
    index: FaultyIndex,
    workspace: Workspace,
    write: Callable[[Workspace, FaultyIndex], Words],
    installed: set[str],
) -> None:
    """In groups or in one, from the gateway or offline, with the same files as by pip."""
    stock(index)
    words = ("install", "--index-url", index.url, *write(workspace, index))
    runs = (
        workspace.pip,
        workspace.tool,
        lambda environment, *words: workspace.tool(environment, *words, *EACH_ALONE),
    )
    snapshots = []
    for install in runs:
        environment = workspace.environment()
        run = install(environment, *words)
        assert run.returncode == 0, run.output
        assert environment.versions().keys() == installed
        snapshots.append(environment.snapshot())
        shutil.rmtree(environment.root)
    assert snapshots[1] == snapshots[0]
    assert snapshots[2] == snapshots[0]


@pytest.mark.parametrize("flag", [pytest.param([], id="folder"), pytest.param(["-e"], id="editable")])
def test_a_failed_build_replaces_nothing(index: FaultyIndex, workspace: Workspace, flag: list[str]) -> None:
    """Even of what only the installing pip can build, and even in a later group."""
    stock(index)
    environment = workspace.environment()
    words = ("install", "--index-url", index.url)
    assert workspace.pip(environment, *words, "lib<2").returncode == 0
    broken = folder(workspace, fails_with="no compiler here")
    before = environment.snapshot()
    run = workspace.tool(environment, *words, *EACH_ALONE, "lib>=2", *flag, f"./{broken.name}")
    assert run.returncode == 1, run.output
    assert "no compiler here" in run.stderr
    assert environment.snapshot() == before


def test_only_checkouts_go_to_pips_own_cache(index: FaultyIndex, workspace: Workspace) -> None:
    """Pip would keep the wheels of stored sdists by the path of this run's folder."""
    stock(index)
    index.add(make_sdist("source", "1.0"))
    words = ("source", *_direct_sdist(workspace, index), f"local @ {repository(workspace)}")
    run = workspace.tool(workspace.environment(), "install", "--index-url", index.url, *words)
    assert run.returncode == 0, run.output
    kept = (workspace.home / ".cache" / "pip").rglob("*.whl")
    assert {wheel.name.partition("-")[0] for wheel in kept} == {"local"}


@pytest.mark.parametrize(
    ("before", "words"),
    [
        pytest.param(["app<2"], ["--force-reinstall", "app"], id="force-reinstall"),
        pytest.param(["chicken<2"], ["--ignore-installed", "chicken"], id="ignore-installed"),
        pytest.param(["app"], ["lib<2", "egg"], id="downgrade-below-a-dependent"),
        pytest.param(["chicken<2", "egg<2"], ["-U", "--upgrade-strategy", "eager", "chicken"], id="eager"),
        pytest.param(["app<2"], ["-U", "--no-deps", "app"], id="no-deps"),
        pytest.param([], ["--no-compile", "app"], id="no-compile"),
        pytest.param([], ["--prefix", "{environment}/elsewhere", "app", "egg"], id="prefix"),
        pytest.param([], ["--root", "{environment}/elsewhere", "app", "egg"], id="root"),
    ],
)
def test_an_option_of_pip(
    index: FaultyIndex, workspace: Workspace, before: list[str], words: list[str]
) -> None:
    """What an option does to the environment is what it does with pip."""
    stock(index)
    snapshots = []
    for ours in (False, True):
        environment = workspace.environment()
        source = ("install", "--index-url", index.url)
        if before:
            assert workspace.pip(environment, *source, *before).returncode == 0
        untouched = environment.snapshot()
        asked = [word.format(environment=environment.root) for word in words]
        command = (*source, *asked)
        run = (
            workspace.tool(environment, *command, *EACH_ALONE)
            if ours
            else workspace.pip(environment, *command)
        )
        assert run.returncode == 0, run.output
        snapshots.append(environment.snapshot())
        assert snapshots[-1] != untouched
        shutil.rmtree(environment.root)
    assert snapshots[1] == snapshots[0]
