"""The run ahead of pip."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from packaging.specifiers import SpecifierSet

from resilient_pip.events import Event, GuessesCounted
from resilient_pip.gateway.ahead import Ahead
from resilient_pip.index.pages import ListedFile, Page
from resilient_pip.model import ProjectName, RemoteFile
from tests.support.wheels import Distribution, make_sdist, make_wheel
from tests.unit.gateways import TARGET, Followed, Stored, exhausted, listed, run


@dataclass(kw_only=True)
class Network:
    """Projects with their files; what was asked for, in order."""

    files: Mapping[str, Sequence[Distribution]]
    failing: frozenset[str] = frozenset()
    """Projects whose pages fail."""
    pages: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    """Names of the files that were downloaded."""
    metadata: list[str] = field(default_factory=list)
    """Versions whose metadata was asked for, as "demo 1.0"."""
    gate: anyio.Event | None = None
    """Pages wait for it."""
    events: list[Event] = field(default_factory=list)
    busy: int = 0
    busiest: int = 0

    async def read_pages(self, project: ProjectName) -> tuple[Page, ...]:
        """Give the pages of a project."""
        self.pages.append(project)
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        await (self.gate.wait() if self.gate else anyio.lowlevel.checkpoint())
        self.busy -= 1
        if project in self.failing:
            raise exhausted("http://one.test", 503)
        return (Page(document={}, files=tuple(map(entry_of, self.files.get(project, ())))),)

    async def guess(self, entry: ListedFile) -> bytes | None:
        """Give the metadata of a file."""
        file = self.find(entry.file.filename)
        self.metadata.append(f"{file.name} {file.version}")
        await anyio.lowlevel.checkpoint()
        if file.name == "broken":
            raise RuntimeError(file.version)
        return file.metadata

    async def fetch(self, file: RemoteFile) -> Stored:
        """Download a file."""
        self.fetched.append(file.filename)
        await anyio.lowlevel.checkpoint()
        return Stored(path=Path("/nowhere"))

    def received(self, file: RemoteFile) -> int:
        """Every file that was downloaded has 1000 bytes."""
        return 1000 * (file.filename in self.fetched)

    def follow(self, file: RemoteFile) -> AbstractAsyncContextManager[Followed]:
        """Nobody follows a guess."""
        raise NotImplementedError(file)

    def find(self, filename: str) -> Distribution:
        """Give a file by name."""
        return next(file for files in self.files.values() for file in files if file.filename == filename)


@asynccontextmanager
async def ahead_of(network: Network, **constraints: str) -> AsyncIterator[Ahead]:
    """Run ahead, and wait until nothing is left to do."""
    limits = {ProjectName(name): SpecifierSet(text) for name, text in constraints.items()}
    async with anyio.create_task_group() as tasks:
        yield Ahead(
            pages=network.read_pages,
            metadata=network.guess,
            files=network,
            target=TARGET,
            constraints=limits,
            tasks=tasks,
            emit=network.events.append,
        )


def start(network: Network, *requirements: str, **constraints: str) -> None:
    """Run ahead from what a user asks for."""

    async def main() -> None:
        async with ahead_of(network, **constraints) as ahead:
            ahead.start(requirements)

    run(main)


def test_dependencies_are_followed_as_pip_would() -> None:
    """Best version each, under markers and extras, in each other's limits; each page once."""
    network = Network(
        files={
            "app": [make_wheel("app", "2.0", ["lib[fast]<2", 'win; sys_platform == "win32"', "gone"])],
            "lib": [
                make_wheel("lib", "1.0", ["base"], extras={"fast": ["turbo>=1"], "slow": ["snail"]}),
                make_wheel("lib", "2.0"),
            ],
            "turbo": [make_wheel("turbo", "1.0"), make_wheel("turbo", "3.0", requires_python=">=3.12")],
            "base": [make_wheel("base", "1.0rc1"), make_wheel("base", "0.9"), make_sdist("base", "0.8")],
        }
    )
    start(network, "app", "base", "direct @ https://h/x.whl", 'win; sys_platform == "win32"')
    assert sorted(network.pages) == ["app", "base", "gone", "lib", "turbo"]
    assert sorted(network.metadata) == ["app 2.0", "base 0.9", "lib 1.0", "turbo 1.0"]


def test_of_hashed_requirements_the_file_is_fetched() -> None:
    """The best one that has a hash; no metadata, as their dependencies are hashed lines too."""
    sdist, wheel, newer = (
        make_sdist("demo", "1.0"),
        make_wheel("demo", "1.0", ["lib"]),
        make_wheel("demo", "2.0"),
    )
    plain = make_wheel("plain", "1.0")
    network = Network(files={"demo": [wheel, sdist, newer], "plain": [plain]})
    hashes = {
        ProjectName("demo"): frozenset({("sha256", sdist.sha256), ("sha512", wheel.sha256)}),
        ProjectName("plain"): frozenset({("md5", "0" * 32)}),  # the index gives others: pip looks into it
    }

    async def main() -> None:
        async with ahead_of(network) as ahead:
            ahead.start(["demo==1.0", "plain"], hashes)

    run(main)
    assert sorted(network.fetched) == [sdist.filename, plain.filename]
    assert network.metadata == []


def test_specifiers_of_user_and_constraints_count_from_the_start() -> None:
    """No version that they exclude is asked for."""
    versions = [make_wheel("demo", f"{number}.0") for number in range(1, 6)]
    network = Network(files={"demo": versions})
    start(network, "demo<5", "demo>1", demo="<4")
    assert network.metadata == ["demo 3.0"]


def test_a_later_limit_brings_another_guess() -> None:
    """And a contradiction is followed for itself, a few times at most."""
    files: dict[str, list[Distribution]] = {
        "demo": [make_wheel("demo", f"{number}.0") for number in range(10)]
    }
    for number in range(9):
        files[f"app{number}"] = [make_wheel(f"app{number}", "1", [f"demo=={number}.0"])]
    network = Network(files=files)
    start(network, "demo", *(f"app{number}" for number in range(9)))
    assert network.pages.count("demo") == 1
    guesses = [entry for entry in network.metadata if entry.startswith("demo")]
    assert "demo 9.0" in guesses
    assert len(guesses) == 4


def test_pip_stepping_back_is_run_ahead_of() -> None:
    """Two older versions, then four, then eight; nothing where pip asks for what was guessed."""
    versions = [make_wheel("demo", f"{number}.0") for number in range(1, 21)]
    network = Network(files={"demo": versions})

    async def main() -> list[int]:
        counts = []
        async with ahead_of(network) as ahead:
            for name in ("demo", *(f"other{number}" for number in range(9))):
                ahead.page_asked(ProjectName(name))
            await anyio.wait_all_tasks_blocked()
            for number in (20, 19, 18, 17):
                ahead.metadata_asked(listed(network.find(f"demo-{number}.0-py3-none-any.whl")))
                await settled(lambda: network.metadata)
                counts.append(len(set(network.metadata)))
        return counts

    # 20 was guessed; 19 brings 18 and 17, 18 brings 17 to 14, 17 brings 16 to 9.
    assert run(main) == [1, 4, 7, 12]


def test_guesses_in_vain_stay_fewer_than_what_pip_asks_for() -> None:
    """Older versions are a risk: where pip has asked for little, few are read."""
    versions = [make_wheel("demo", f"{number}.0") for number in range(1, 21)]
    network = Network(files={"demo": versions})

    async def main() -> None:
        async with ahead_of(network) as ahead:
            ahead.page_asked(ProjectName("demo"))
            await anyio.wait_all_tasks_blocked()
            for number in (20, 19, 18, 17):
                ahead.metadata_asked(listed(network.find(f"demo-{number}.0-py3-none-any.whl")))
                await settled(lambda: network.metadata)
            ahead.hold()

    run(main)
    # Five were asked for: one page, four files. 19 brought 18 and 17, 18 brought 16 to 13, 17 one more.
    assert network.events == [GuessesCounted(made=8, in_vain=5)]


def test_failures_and_bugs_of_guesses_are_no_failures() -> None:
    """The others go on."""
    network = Network(
        files={
            "broken": [make_wheel("broken", "0.1", ["never"])],
            "demo": [make_wheel("demo", "1.0")],
            "numbers": [make_wheel("numbers", "1.0")],
        },
        failing=frozenset({"down"}),
    )
    start(network, "down", "broken", "demo", "numbers")
    assert sorted(network.metadata) == ["broken 0.1", "demo 1.0", "numbers 1.0"]


def test_no_more_than_a_dozen_requests_at_once() -> None:
    """What pip asks for must not wait behind guesses."""
    network = Network(files={}, gate=None)

    async def main() -> None:
        network.gate = anyio.Event()
        async with ahead_of(network) as ahead:
            ahead.start(f"demo{number}" for number in range(40))
            await anyio.wait_all_tasks_blocked()
            assert network.busy == 12
            network.gate.set()
        assert network.busiest == 12
        assert len(network.pages) == 40

    run(main)


def test_hold_ends_guessing() -> None:
    """After planning nothing new is asked for, what is under way ends, and what was in vain is told."""
    network = Network(files={"demo": [make_wheel("demo", "1.0", ["lib"])]})

    async def main() -> None:
        network.gate = anyio.Event()
        async with ahead_of(network) as ahead:
            ahead.start(["demo", "second"])
            await anyio.wait_all_tasks_blocked()
            ahead.page_asked(ProjectName("demo"))
            ahead.hold()
            ahead.hold()
            ahead.page_asked(ProjectName("other"))
            ahead.metadata_asked(listed(network.files["demo"][0]))

    run(main)  # although the gate stays closed
    assert (network.pages, network.metadata) == (["demo", "second"], [])
    assert network.events == [GuessesCounted(made=2, in_vain=1)]


def entry_of(file: Distribution) -> ListedFile:
    """List a file with its Requires-Python."""
    return listed(file, requires_python=file.requires_python)


async def settled(observed: Callable[[], Sequence[object]]) -> None:
    """Wait until nothing more is added (threads rank and parse in between)."""
    while True:
        before = len(observed())
        for _ in range(20):
            await anyio.wait_all_tasks_blocked()
            await anyio.to_thread.run_sync(int)
        if len(observed()) == before:
            return
