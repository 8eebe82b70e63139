"""Tests of `resilient_pip.target.environment`, on real interpreters."""

from __future__ import annotations

import os
import sys
import time
import venv
from collections.abc import Mapping
from pathlib import Path

import anyio
import pytest
from packaging.markers import default_environment
from packaging.tags import sys_tags

from resilient_pip.errors import TargetRefused, UsageError
from resilient_pip.model import project_name
from resilient_pip.target.environment import Installed, Target, find_interpreter, inspect
from resilient_pip.target.pip_copy import PipCopy, copy_probe
from tests.support.environments import eventually, living


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> PipCopy:
    """The folder with the probe."""
    return copy_probe(tmp_path_factory.mktemp("run"))


def ask(python: str | None, copy: PipCopy, environ: Mapping[str, str] | None = None) -> Target:
    """Inspect an interpreter."""

    async def main() -> Target:
        with anyio.fail_after(60):
            return await inspect(python, copy, os.environ if environ is None else environ)

    return anyio.run(main)


def write_program(path: Path, script: str) -> Path:
    """Write a shell script that stands in for an interpreter."""
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def write_distribution(folder: Path, name: str) -> None:
    """Put the metadata of an installed project into a folder."""
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\nRequires-Dist: six\n", encoding="utf-8")


def test_an_environment_tells_about_itself(tmp_path: Path, copy: PipCopy) -> None:
    """A fresh virtual environment has the markers and tags of its Python, and only what was put there."""
    venv.create(tmp_path / "env", symlinks=True)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    site = tmp_path / "env" / "lib" / version / "site-packages"
    write_distribution(site, "Some_Project")

    target = ask(str(tmp_path / "env"), copy, {"HOME": str(tmp_path)})

    assert target == Target(
        python=str(tmp_path / "env" / "bin" / "python"),
        sees_global_site=False,
        managers_message=None,
        markers={name: str(value) for name, value in default_environment().items()},
        tags=tuple(map(str, sys_tags())),
        purelib=str(site),
        platlib=str(site),
        user_site=str(tmp_path / ".local" / "lib" / version / "site-packages"),
        has_user_site=False,
        installed={
            project_name("some-project"): Installed(name="Some_Project", version="1.0", requires=("six",))
        },
    )


def test_the_installed_set_is_the_one_that_pip_sees(tmp_path: Path, copy: PipCopy) -> None:
    """PYTHONPATH counts; the folder of the probe and the copies of pip and packaging beside it do not."""
    venv.create(tmp_path / "env", symlinks=True)
    write_distribution(tmp_path / "more", "extra")
    write_distribution(copy.folder, "beside_the_probe")

    target = ask(str(tmp_path / "env"), copy, {"PYTHONPATH": str(tmp_path / "more")})

    assert list(target.installed) == ["extra"]


def test_the_interpreter_that_runs_this_is_the_default(copy: PipCopy) -> None:
    """Without --python the target is our own environment."""
    target = ask(None, copy)

    assert target.python == sys.executable
    assert project_name("pytest") in target.installed


def test_what_site_packages_prints_does_no_harm(tmp_path: Path, copy: PipCopy) -> None:
    """A .pth file may print something whenever a Python starts."""
    venv.create(tmp_path / "env", symlinks=True)
    site = next((tmp_path / "env" / "lib").glob("*/site-packages"))
    code = "import atexit; print('hello'); atexit.register(print, 'bye')\n"
    (site / "noisy.pth").write_text(code, encoding="utf-8")

    assert ask(str(tmp_path / "env"), copy).purelib == str(site)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(
            '[ "$1" = -c ] && printf 3.8.18 && exit; echo SyntaxError >&2; exit 1', id="cannot-read"
        ),
        pytest.param("""printf '{"version": "3.8.18"}'""", id="reads-it"),
    ],
)
def test_a_python_that_is_too_old_is_refused(tmp_path: Path, copy: PipCopy, script: str) -> None:
    """The message says which Python it is and which one pip needs."""
    program = write_program(tmp_path / "python3.8", script)

    with pytest.raises(
        TargetRefused, match=r"/python3\.8 is Python 3\.8\.18, but pip \S+ needs Python >=3\."
    ):
        ask(str(program), copy)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        pytest.param("echo broken >&2; echo >&2; exit 3", "broken", id="fails"),
        pytest.param("exit 0", "it printed nothing", id="says-nothing"),
        pytest.param("printf 3.12.0", "it printed nothing", id="new-enough-but-says-nothing"),
    ],
)
def test_what_is_no_python_is_refused(tmp_path: Path, copy: PipCopy, script: str, reason: str) -> None:
    """A program that does not answer as Python does is refused with its last words."""
    program = write_program(tmp_path / "prog", script)

    with pytest.raises(TargetRefused) as caught:
        ask(str(program), copy)

    assert str(caught.value) == f"{program} does not work as a Python interpreter: {reason}"


def test_what_cannot_be_run_is_refused(tmp_path: Path, copy: PipCopy) -> None:
    """The reason of the system is in the message."""
    (tmp_path / "python").write_text("", encoding="utf-8")

    with pytest.raises(TargetRefused) as caught:
        ask(str(tmp_path / "python"), copy)

    assert str(caught.value) == f"cannot run {tmp_path}/python: Permission denied"


@pytest.mark.parametrize(
    "place", [pytest.param("nowhere", id="nothing"), pytest.param("", id="no-environment")]
)
def test_an_interpreter_that_is_not_there_is_a_usage_error(tmp_path: Path, place: str) -> None:
    """As in pip: neither the path nor, for a folder, its bin/python exists."""
    with pytest.raises(UsageError) as caught:
        find_interpreter(str(tmp_path / place))

    assert str(caught.value) == f"could not locate Python interpreter {tmp_path / place}"


def test_links_to_an_interpreter_are_kept(tmp_path: Path) -> None:
    """The link is what tells a virtual environment's Python from the system's."""
    (tmp_path / "python").symlink_to(sys.executable)

    assert find_interpreter(str(tmp_path / "python")) == str(tmp_path / "python")


def test_an_interpreter_that_hangs_is_refused(tmp_path: Path, copy: PipCopy) -> None:
    """The limit holds even while a grandchild holds on to the output, and that one is ended too."""
    program = write_program(tmp_path / "python", "sleep 5; exit 0")
    environ = {**os.environ, "MARKER": str(tmp_path)}

    async def main() -> None:
        await inspect(str(program), copy, environ, limit_s=0.2)

    started = time.monotonic()
    with pytest.raises(TargetRefused) as caught:
        anyio.run(main)

    assert str(caught.value) == f"{program} did not tell about itself within 0.2 s"
    eventually(lambda: not living(str(tmp_path)), 2)
    assert time.monotonic() - started < 4
