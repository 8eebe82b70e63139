"""Runs that are killed (SIGKILL) anywhere, and the same command again: nothing lost, nothing half done."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.deaths import Change, Orders, hook_in, recorded
from tests.support.environments import Entry, Environment, Run, Workspace, eventually, living
from tests.support.faults import Ok, Stall
from tests.support.faultserver import FaultyIndex
from tests.support.limits import EACH_ALONE
from tests.support.wheels import Distribution, make_sdist, make_wheel


def release(version: str) -> list[Distribution]:
    """Make everything in one version: six wheels and an sdist, namespaces, scripts, data, many modules."""
    number = version[0]
    main = "def main() -> None:\n    print('hello')\n"
    modules = {f"big/part_{each:03}.py": f"VALUE = ({each}, {version!r})\n" for each in range(60)}
    shared = {"space/shared.txt": f"{version}\n"}
    return [
        make_wheel(
            "App",
            version,
            [f"lib=={version}", "space-one"],
            files={
                "app/cli.py": main,
                f"app/only_in_{number}.py": "",
                f"app-{version}.data/scripts/app-raw": "#!python\nprint('raw')\n",
                f"app-{version}.data/data/share/app/notes-{number}.txt": "notes\n",
            },
            entry_points={"app": "app.cli:main"},
        ),
        make_wheel("lib", version, size=60_000),
        make_wheel("space-one", version, files={"space/one.py": "ONE = 1\n", **shared}),
        make_wheel("space-two", version, files={"space/two.py": "TWO = 2\n", **shared}),
        make_wheel(
            "big",
            version,
            size=200_000,
            files={**modules, f"big/only_in_{number}/deep.py": "", "big/cli.py": main},
            entry_points={f"big-{number}": "big.cli:main", "big": "big.cli:main"},
        ),
        make_wheel("single", version, files={f"single_file_{number}.py": "", "single_file.py": ""}),
        make_sdist("native", version, ["single"]),
    ]


OLD, NEW = release("1.0"), release("2.0")
LARGEST = max(NEW, key=lambda file: file.size)
PATIENT = ("--stall-timeout", "120s", "--heartbeat", "5s")
"""What stalls on purpose is to be killed before the tool gives it up."""

STAGES = {
    "fresh": ("plan", "fetch", "build", "unpack", "compile", "compiled", "script", "metadata", "line"),
    "upgrade": (
        *("plan", "fetch", "build", "uninstall", "unpack", "compile", "compiled", "script", "metadata"),
        *("commit", "line"),
    ),
    "target": ("unpack", "compile", "move", "fetch", "line"),
}
"""Scenario to the stages of `Change`, and two that the tool is in alone."""
TURNS = ("fresh", "upgrade", "target", "upgrade")
LINES = ("preparing", "plan: ", "downloading: done", "checking")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where a run is killed, and who."""

    scenario: str
    stage: str
    victims: str
    where: float
    """How far into the stage, from 0 to before 1."""


def seeded(seed: int) -> Point:
    """Choose a point; the scenarios, and in each of them its stages, take turns."""
    chance = random.Random(seed)  # noqa: S311 - tests are to be repeatable
    scenario = TURNS[seed % len(TURNS)]
    turn = seed * TURNS.count(scenario) // len(TURNS)
    stage = STAGES[scenario][turn % len(STAGES[scenario])]
    victims = ("tool", "groups") if stage in {"fetch", "line"} else ("tool", "pip", "both", "groups")
    return Point(scenario=scenario, stage=stage, victims=chance.choice(victims), where=chance.random())


class Lab:
    """The scenarios, played again and again in one place, as snapshots of one place compare only."""

    def __init__(self, root: Path, index: FaultyIndex) -> None:
        self.index = index
        self.workspace = Workspace(root=root)
        self.environment = Environment(root=root / "env")
        self._undisturbed: dict[str, tuple[dict[str, Entry], list[Change]]] = {}
        hook_in(self.workspace.environment("env"))
        shutil.copytree(root / "env", root / "empty", symlinks=True)
        pins = [f"{file.name}=={file.version}" for file in OLD]
        run = self.workspace.pip(self.environment, "install", "--index-url", index.url, *pins)
        assert run.returncode == 0, run.output
        shutil.move(root / "env", root / "installed")

    def reset(self, scenario: str) -> None:
        """Make the environment what it is before a run, without a cache."""
        for folder in (self.environment.root, self.workspace.cache):
            shutil.rmtree(folder, ignore_errors=True)
        template = self.workspace.root / ("installed" if scenario == "upgrade" else "empty")
        shutil.copytree(template, self.environment.root, symlinks=True)

    def words(self, scenario: str) -> list[str]:
        """Give the command line of a scenario."""
        pins = [f"{name}==2.0" for name in ("app", "big", "native", "space-two", "space-one")]
        place = ["--target", str(self.environment.root / "libraries")] if scenario == "target" else []
        return ["install", "--index-url", self.index.url, *EACH_ALONE, *PATIENT, *place, *pins]

    def undisturbed(self, scenario: str) -> tuple[dict[str, Entry], list[Change]]:
        """Give what a run that nobody disturbs leaves, and what its children change on the way."""
        if scenario not in self._undisturbed:
            self.reset(scenario)
            record = self.workspace.root / f"{scenario}.record"
            orders = Orders(record=str(record))
            run = self.workspace.tool(self.environment, *self.words(scenario), env=orders.environ)
            assert run.returncode == 0, run.output
            self._undisturbed[scenario] = (self.found(), recorded(record))
        return self._undisturbed[scenario]

    def found(self) -> dict[str, Entry]:
        """Describe the environment; bytecode that --target brought names the folder that pip made it in."""
        return {
            path: entry[:2] if entry[0] == "bytecode" and path.startswith("libraries/") else entry
            for path, entry in self.environment.snapshot().items()
        }

    def stored(self) -> set[str]:
        """Give the paths of the files that are complete in the cache."""
        finished = {path.name for path in self.workspace.cache.glob("files/sha256/*/*")}
        return {file.path for file in NEW if file.sha256 in finished}

    def partial(self) -> dict[str, int]:
        """Give how much of which file was kept, where that is not all of it."""
        sizes = {
            file: place.stat().st_size
            for file in NEW
            if (place := self.workspace.cache / "partial" / file.sha256).exists()
        }
        return {file.path: size for file, size in sizes.items() if 0 < size < file.size}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Make what all points share."""
    with FaultyIndex() as index:
        for file in (*OLD, *NEW):
            index.add(file)
        yield Lab(tmp_path_factory.mktemp("deaths"), index)


def killed_at_change(lab: Lab, scenario: str, change: Change, victims: str, *, like: str = "") -> Run:
    """Kill just before a child makes a change; of those that are `like` something, where that is given."""
    fired = lab.workspace.root / "fired"
    fired.unlink(missing_ok=True)
    orders = Orders(child=change.child, number=change.number, like=like, victims=victims, fired=str(fired))
    return lab.workspace.tool(lab.environment, *lab.words(scenario), env=orders.environ)


def killed_at_line(lab: Lab, scenario: str, wanted: str) -> Run:
    """Kill when the tool prints a line."""
    running = lab.workspace.start(lab.environment, *lab.words(scenario))
    running.wait_for_line(lambda text: wanted in text, 60)
    running.kill()
    return running.finish(5)


def killed_in_download(lab: Lab, scenario: str, after: int) -> Run:
    """Kill when so much of the largest file has come."""
    lab.index.script(LARGEST.path, [Stall(after)])
    running = lab.workspace.start(lab.environment, *lab.words(scenario))
    eventually(lambda: lab.partial().get(LARGEST.path, 0) == after, 60)
    running.kill()
    lab.index.script(LARGEST.path, [Ok()])
    return running.finish(5)


def killed(lab: Lab, point: Point) -> Run:
    """Start the run of a scenario and kill at the point."""
    if point.stage == "fetch":
        return killed_in_download(lab, point.scenario, 1 + int(point.where * (LARGEST.size - 1)))
    if point.stage == "line":
        return killed_at_line(lab, point.scenario, LINES[int(point.where * len(LINES))])
    _, changes = lab.undisturbed(point.scenario)
    possible = [change for change in changes if change.stage == point.stage]
    return killed_at_change(lab, point.scenario, possible[int(point.where * len(possible))], point.victims)


def recovered(lab: Lab, scenario: str) -> Run:
    """Give the same command again: it makes up for the death, and what has come does not come again."""
    expected, _ = lab.undisturbed(scenario)
    stored, partial = lab.stored(), lab.partial()
    before = {path: len(lab.index.requests_for(path)) for path in (*stored, *partial)}
    run = lab.workspace.tool(lab.environment, *lab.words(scenario))
    assert run.returncode == 0, run.output
    ranges = {
        path: [request.range for request in lab.index.requests_for(path)[count:]]
        for path, count in before.items()
    }
    resumed = {path: [f"bytes={size}-"] for path, size in partial.items()}
    assert ranges == {path: resumed.get(path, []) for path in before}, run.output
    found = lab.found()
    assert {path for path in found | expected if found.get(path) != expected.get(path)} == set(), run.output
    eventually(lambda: living(str(lab.workspace.root)) == {})
    return run


@pytest.mark.parametrize("seed", range(1, 51))
def test_killed_anywhere(lab: Lab, seed: int) -> None:
    """After the same command again the environment is the undisturbed one, and no process is left."""
    point = seeded(seed)
    lab.undisturbed(point.scenario)
    lab.reset(point.scenario)
    first = killed(lab, point)
    assert first.returncode == (0 if point.victims == "pip" else -9), first.output
    recovered(lab, point.scenario)


def changes_like(lab: Lab, pattern: str) -> list[Change]:
    """Find the changes of the upgrade's first group that look so."""
    _, changes = lab.undisturbed("upgrade")
    first = {"group-1", "compile-1"}
    return [each for each in changes if each.child in first and re.match(pattern, each.text)]


@pytest.mark.parametrize(
    ("pattern", "is_half"),
    [
        pytest.param(r"os\.rename \S*/big\b", False, id="before-the-old-version-is-moved"),
        pytest.param(r"open \S*/big/__init__\.py ", True, id="before-it-is-unpacked"),
        pytest.param(r"open \S*/big/part_030\.py ", True, id="while-it-is-unpacked"),
        pytest.param(r"open \S*/big-2\.0\.dist-info/RECORD ", True, id="without-record"),
        pytest.param(r"open \S*/part_030\.cpython\S*\.pyc", True, id="while-it-is-compiled"),
        pytest.param(r"os\.rename \S*/big-2\.0\.dist-info/RECORD", True, id="before-its-record-is-final"),
        pytest.param(r"os\.rmdir \S*/~ig", True, id="while-the-old-version-is-deleted"),
        pytest.param(r"open \S*/result-1\.json", True, id="compiled-and-not-in-its-record"),
    ],
)
def test_a_half_installed_package(lab: Lab, pattern: str, is_half: bool) -> None:  # noqa: FBT001 - a row's column
    """It is named with what it replaced, removed and installed; what is whole is not touched."""
    like = changes_like(lab, pattern)
    lab.reset("upgrade")
    # Counted by what they are: pip goes through sets of paths, in another order each time.
    number = len(like) if is_half else 1
    first = killed_at_change(lab, "upgrade", replace(like[0], number=number), "both", like=pattern)
    assert first.returncode == -9, first.output
    run = recovered(lab, "upgrade")
    note = "big 2.0 (in place of 1.0) was half installed when an earlier run was ended: removed"
    assert (note in run.output) == is_half, run.output


def test_another_command(lab: Lab) -> None:
    """A plan only says what may be half installed; what an installation does not bring back, it names."""
    there = changes_like(lab, r"os\.rename \S*/big-2\.0\.dist-info/RECORD")[-1]
    lab.reset("upgrade")
    killed_at_change(lab, "upgrade", there, "both")
    eventually(lambda: living(str(lab.workspace.root)) == {})
    half = lab.found()
    plan = lab.workspace.tool(lab.environment, "plan", *lab.words("upgrade")[1:])
    assert "perhaps half installed" in plan.output
    assert lab.found() == half
    run = lab.workspace.tool(lab.environment, "install", "--index-url", lab.index.url, "lib==1.0")
    assert "big is gone, and nothing here asks for it (1.0 was there before)" in run.output
    assert "big" not in lab.environment.versions()
    assert not list(lab.environment.root.rglob("~*"))
