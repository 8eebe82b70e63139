"""When there plainly is nothing to do; held against pip itself."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.markers import default_environment

from resilient_pip.model import Install, project_name
from resilient_pip.pip_adapter import read_install
from resilient_pip.pip_options import ROWS, Child
from resilient_pip.plan.satisfied import WITHOUT_EFFECT, is_satisfied
from resilient_pip.target.environment import Installed
from resilient_pip.target.probe import installed

APP = (
    "app 1.0",
    "Requires-Dist: lib>=1",
    "Requires-Dist: more; extra == 'Full_Set'",
    "Provides-Extra: Full-Set",
)
LIB = ("lib 1.5",)
MORE = ("more 1.0",)
HASH = f"--hash=sha256:{'0' * 64}"


@dataclass(frozen=True, kw_only=True)
class Case:
    """An environment and what is asked of it."""

    present: tuple[tuple[str, ...], ...]
    """Of each project, its name and version, and further lines of its metadata."""
    asked: tuple[str, ...]
    """Lines of the requirements file."""
    constraints: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


SATISFIED = {
    "a dependency too": Case(present=(APP, LIB), asked=("app", "LIB<2")),
    "nothing else counts": Case(present=(APP, LIB, ("odd 1", "Requires-Dist: ???")), asked=("app",)),
    "an extra": Case(present=(APP, LIB, MORE), asked=("app[full_set]>=1",)),
    "a dependency's extra": Case(
        present=(("top 1", "Requires-Dist: app[full.set]"), APP, LIB, MORE), asked=("top",)
    ),
    "a dependency of another target": Case(
        present=(("app 1.0", "Requires-Dist: lib; python_version < '3'"),), asked=("app",)
    ),
    "a requirement of another target": Case(present=(LIB,), asked=("lib", "gone; python_version < '3'")),
    "a cycle": Case(present=(("a 1", "Requires-Dist: b"), ("b 1", "Requires-Dist: a")), asked=("a",)),
    "a pre-release": Case(present=(("lib 2.0rc1",),), asked=("lib>=1",)),
    "a local version": Case(present=(("lib 2.0+cpu",),), asked=("lib==2.0",)),
    "arbitrary equality": Case(present=(LIB,), asked=("lib===1.5",)),
    "a constraint that admits it": Case(present=(APP, LIB), asked=("app",), constraints=("lib<2", "gone==1")),
    "a constraint of another target": Case(
        present=(LIB,), asked=("lib",), constraints=("lib==9; python_version < '3'",)
    ),
    "options without effect": Case(present=(LIB,), asked=("lib",), options=("--pre", "--only-binary=:all:")),
    "two side by side": Case(present=(LIB, ("lib 1.6",)), asked=("lib",)),
    "from a URL": Case(present=(("lib 1.5", "direct_url"),), asked=("lib",)),
}
OTHERWISE = {
    "not there": Case(present=(APP, LIB), asked=("app", "gone")),
    "another version": Case(present=(LIB,), asked=("lib>=2",)),
    "a missing dependency": Case(present=(APP,), asked=("app",)),
    "a dependency at another version": Case(present=(APP, ("lib 0.9",)), asked=("app",)),
    "a missing extra": Case(present=(APP, LIB), asked=("app[full-set]",)),
    "a constraint that excludes it": Case(present=(APP, LIB), asked=("app",), constraints=("lib>=2",)),
    "a newer one is wanted": Case(present=(LIB,), asked=("lib",), options=("--upgrade",)),
    "a new copy is wanted": Case(present=(LIB,), asked=("lib",), options=("--force-reinstall",)),
    "elsewhere": Case(present=(LIB,), asked=("lib",), options=("--target=there",)),
}
IN_DOUBT = {
    "an unknown extra": Case(present=(LIB,), asked=("lib[nothing]",)),
    "an unreadable dependency": Case(present=(("lib 1.5", "Requires-Dist: ???"),), asked=("lib",)),
    "a version of old": Case(present=(("lib 1.5-final-2x",),), asked=("lib",)),
    "a dependency by URL": Case(
        present=(("app 1", "Requires-Dist: lib @ https://h.invalid/lib-1.5.zip"), LIB), asked=("app",)
    ),
    "a hash": Case(present=(LIB,), asked=(f"lib==1.5 {HASH}",)),
    "a constraint with a hash": Case(present=(LIB,), asked=("lib",), constraints=(f"lib==1.5 {HASH}",)),
    "a constraint with an extra": Case(
        present=(LIB,), asked=("lib",), constraints=("lib[x]; python_version < '3'",)
    ),
    "a constraint by URL": Case(
        present=(LIB,), asked=("lib",), constraints=("lib @ https://h.invalid/lib-1.5.zip",)
    ),
    "without dependencies": Case(present=(APP,), asked=("app",), options=("--no-deps",)),
}


def write(case: Case, folder: Path) -> tuple[str, ...]:
    """Make the environment below a folder, and give the words of the command line."""
    for name_and_version, *lines in case.present:
        name, _, version = name_and_version.partition(" ")
        info = folder / "site" / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        if "direct_url" in lines:
            lines.remove("direct_url")
            (info / "direct_url.json").write_text('{"url": "https://h.invalid/x.zip", "archive_info": {}}')
        text = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, ""])
        (info / "METADATA").write_text(text)
    (folder / "requirements.txt").write_text("\n".join(case.asked))
    (folder / "constraints.txt").write_text("\n".join(case.constraints))
    return (*case.options, f"-r{folder / 'requirements.txt'}", f"-c{folder / 'constraints.txt'}")


def judge(install: Install, site: Path) -> bool:
    """What the tested function says."""
    present = {
        project_name(each["name"]): Installed(
            name=each["name"],
            version=each["version"],
            requires=tuple(each["requires"]),
            extras=frozenset(map(project_name, each["extras"])),
        )
        for each in installed([str(site)])
    }
    environment = {name: str(value) for name, value in default_environment().items()}
    return is_satisfied(install, installed=present, environment=environment)


@pytest.mark.pips
@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in SATISFIED.items()])
def test_pip_finds_nothing_to_do_either(case: Case, tmp_path: Path) -> None:
    """Where the answer is yes, pip has nothing to install, fetch or complain of."""
    words = write(case, tmp_path)
    assert judge(read_install(words)[0], tmp_path / "site")

    pip = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", *words],
        env={"PATH": "", "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert pip.returncode == 0, pip.stderr
    assert "Would install" not in pip.stdout
    assert "WARNING" not in pip.stderr


@pytest.mark.pips
@pytest.mark.parametrize(
    "case", [pytest.param(case, id=name) for name, case in (OTHERWISE | IN_DOUBT).items()]
)
def test_pip_is_asked(case: Case, tmp_path: Path) -> None:
    """Where something is to do, or pip might choose otherwise, warn or refuse, the answer is no."""
    words = write(case, tmp_path)
    assert not judge(read_install(words)[0], tmp_path / "site")


@pytest.mark.pips
@pytest.mark.parametrize("word", ["./local", "-e./local", "lib @ https://h.invalid/lib-1.5.zip"])
def test_what_is_no_name_is_not_satisfied(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a thing is built or fetched, whatever is installed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "pyproject.toml").write_text('[project]\nname = "lib"\nversion = "1.5"\n')
    write(Case(present=(LIB,), asked=()), tmp_path)
    argv = ["-e", "./local"] if word.startswith("-e") else [word]
    assert not judge(read_install(argv)[0], tmp_path / "site")


def test_the_options_without_effect_are_pips() -> None:
    """Each is one that the planning pip may get."""
    flags = {flag for row in ROWS if Child.PLAN in row.children for flag in row.flags}
    assert flags >= WITHOUT_EFFECT
