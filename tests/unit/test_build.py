"""Building wheels, and keeping them for the next run."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from resilient_pip.build.builder import Builder
from resilient_pip.build.kept import keep_wheel, kept_wheel, whole_wheel
from resilient_pip.build.traits import (
    BuildTraits,
    cache_key,
    compiler_variables,
    read_os_release,
    read_traits,
)
from resilient_pip.child.command import Command, child_environment
from resilient_pip.child.pip import Pip
from resilient_pip.child.process import ChildResult, Supervisor
from resilient_pip.disk.lock import try_lock
from resilient_pip.errors import ChildFailed, StorageError
from resilient_pip.events import ChildStarted, Event
from resilient_pip.fetch import StoredFile
from resilient_pip.model import PlannedFile, ProjectName, RemoteFile, RequirementForm, project_name
from resilient_pip.settings import Settings
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import Distribution, make_sdist, make_wheel

_PIP = importlib.util.find_spec("pip")
assert _PIP
assert _PIP.origin
PIP_ARGV = (sys.executable, str(Path(_PIP.origin).with_name("__pip-runner__.py")))

NO_PIP = Pip(argv=(), env={}, cwd="/")
"""For what must not be started."""

TRAITS = BuildTraits(
    interpreter="cpython 3.11.7",
    tag="cp311-cp311-manylinux_2_36_x86_64",
    os_release="debian 12",
    options=(),
    constraints="",
    variables={},
)


def silent(_: Event) -> None:
    """For what nobody listens to."""


def planned(distribution: Distribution, form: RequirementForm = RequirementForm.NAMED) -> PlannedFile:
    """Plan a file."""
    return PlannedFile(
        project=project_name(distribution.name),
        name=distribution.name,
        version=distribution.version,
        form=form,
        file=RemoteFile(
            project=project_name(distribution.name),
            filename=distribution.filename,
            url=f"https://h/{distribution.filename}",
        ),
    )


class Workshop:
    """A builder with real children, its cache and what it emitted."""

    def __init__(self, folder: Path, index_urls: Sequence[str] = ()) -> None:
        self.folder = folder
        self.cache: Path | None = folder / "cache"
        self.keeps = True
        self.traits = TRAITS
        self.events: list[Event] = []
        self._env = child_environment(os.environ, index_urls=index_urls, temp=folder)
        self._runs = 0

    @property
    def started(self) -> list[str]:
        """The children that were started."""
        return [event.what for event in self.events if isinstance(event, ChildStarted)]

    def build(self, *pairs: tuple[PlannedFile, Distribution]) -> dict[ProjectName, Path]:
        """Build in a run of its own, as the next command line would."""
        self._runs += 1
        run = self.folder / f"run-{self._runs}"
        (run / "logs").mkdir(parents=True)
        stored = {}
        for file, distribution in pairs:
            path = self.folder / distribution.sha256
            path.write_bytes(distribution.content)
            stored[file.project] = StoredFile(
                path=path, size=distribution.size, sha256=distribution.sha256, from_cache=False
            )
        supervisor = Supervisor(emit=self.events.append, settings=Settings(), log_folder=run / "logs")
        builder = Builder(
            run=supervisor.run,
            pip=Pip(argv=PIP_ARGV, env=self._env, cwd=str(self.folder)),
            caching_pip=NO_PIP,
            traits=self.traits,
            folder=run / "build",
            cache=self.cache,
            emit=self.events.append,
            keeps=self.keeps,
        )
        return {
            file.project: wheel
            for file, _ in pairs
            if (wheel := anyio.run(builder.wheel_of, file, stored[file.project])) is not None
        }


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A workshop without an index."""
    return Workshop(tmp_path)


SDIST = make_sdist("Src", "1.0")
WHEEL = make_wheel("lib", "1.0")


def test_an_sdist_becomes_a_wheel_and_a_wheel_stays(workshop: Workshop) -> None:
    """Only what is no wheel is built; a local folder has no wheel."""
    folder = replace(planned(make_sdist("here", "1")), form=RequirementForm.LOCAL)
    stored = workshop.build((planned(SDIST), SDIST), (planned(WHEEL), WHEEL))
    assert [path.name for path in stored.values()] == ["src-1.0-py3-none-any.whl", WHEEL.sha256]
    assert workshop.started == ["build of Src 1.0"]
    builder_without_file = anyio.run(_build_nothing, folder)
    assert builder_without_file is None


async def _build_nothing(file: PlannedFile) -> Path | None:
    async def never(_: Command) -> ChildResult:
        raise AssertionError

    builder = Builder(
        run=never,
        pip=NO_PIP,
        caching_pip=NO_PIP,
        traits=TRAITS,
        folder=Path("/none"),
        cache=None,
        emit=silent,
    )
    return await builder.wheel_of(file, None)


FETCHED = {RequirementForm.NAMED, RequirementForm.DIRECT}
IN_PLACE = {RequirementForm.LOCAL, RequirementForm.EDITABLE}


@pytest.mark.parametrize("form", RequirementForm)
def test_each_form_has_its_way(form: RequirementForm) -> None:
    """Downloaded here or not; its wheel there already, built before the installation or by it."""
    sdist, wheel = planned(SDIST, form), planned(WHEEL, form)
    assert (form.is_fetched, form.is_built_in_place) == (form in FETCHED, form in IN_PLACE)
    assert (sdist.is_built_before, wheel.is_built_before) == (form not in IN_PLACE, False)


def test_build_requirements_come_from_the_index(tmp_path: Path, index: FaultyIndex) -> None:
    """The build is isolated, and its requirements come through the given index."""
    index.add(make_wheel("tool", "1.0"))
    sdist = make_sdist("src", "1.0", build_requires=["tool"])
    wheels = Workshop(tmp_path, [index.url]).build((planned(sdist), sdist))
    assert [path.name for path in wheels.values()] == ["src-1.0-py3-none-any.whl"]
    assert index.requests_for("/simple/tool/")


def test_a_broken_build_is_named(workshop: Workshop) -> None:
    """What was built, and the line that says why it broke."""
    sdist = make_sdist("broken", "1.0", fails_with="no compiler here")
    with pytest.raises(ChildFailed, match="no compiler here") as caught:
        workshop.build((planned(sdist), sdist))
    assert caught.value.what == "build of broken 1.0"
    assert "no compiler here" in Path(caught.value.log).read_text()


def test_the_next_run_builds_nothing(workshop: Workshop) -> None:
    """A built wheel is kept."""
    first = workshop.build((planned(SDIST), SDIST))
    second = workshop.build((planned(SDIST), SDIST))
    assert (workshop.started, second) == (["build of Src 1.0"], first)
    assert workshop.cache
    assert first[project_name("src")].is_relative_to(workshop.cache)


def test_a_cache_that_keeps_nothing_is_read(workshop: Workshop) -> None:
    """What is built stays in the run's folder; what is in the cache is used, and not even touched."""
    workshop.keeps = False
    (built,) = workshop.build((planned(SDIST), SDIST)).values()
    assert workshop.cache
    assert not workshop.cache.exists()
    assert built.is_relative_to(workshop.folder / "run-1")
    workshop.keeps = True
    (kept,) = workshop.build((planned(SDIST), SDIST)).values()
    note = kept.with_name("SHA256")
    os.utime(note, (1000, 1000))
    workshop.keeps = False
    assert workshop.build((planned(SDIST), SDIST)) == {project_name("src"): kept}
    assert note.stat().st_mtime == 1000
    assert len(workshop.started) == 2


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda wheel: wheel.write_bytes(b"half"), id="other bytes"),
        pytest.param(lambda wheel: wheel.unlink(), id="no wheel"),
        pytest.param(lambda wheel: wheel.with_name("SHA256").write_text(""), id="empty note"),
        pytest.param(lambda wheel: wheel.with_name("SHA256").unlink(), id="no note"),
    ],
)
def test_a_damaged_kept_wheel_is_built_again(workshop: Workshop, damage: object) -> None:
    """Whatever the cache folder holds, the result is right, and the damage is repaired."""
    (wheel,) = workshop.build((planned(SDIST), SDIST)).values()
    damage(wheel)  # type: ignore[operator]  # a function of the wheel
    again = workshop.build((planned(SDIST), SDIST))
    workshop.build((planned(SDIST), SDIST))
    assert len(workshop.started) == 2
    assert kept_wheel(again[project_name("src")].parent) is not None


def test_no_isolation_no_cache(workshop: Workshop) -> None:
    """Without isolation a build depends on whatever is installed, so nothing is kept."""
    workshop.traits = replace(TRAITS, options=("--no-build-isolation",))
    for _ in range(2):
        workshop.build((planned(SDIST), SDIST))
    assert len(workshop.started) == 2
    assert workshop.cache
    assert not workshop.cache.exists()


def test_no_isolation_no_cache_for_a_checkout(tmp_path: Path) -> None:
    """Nor is pip's own cache used, which knows a wheel by URL and commit."""
    seen: list[Command] = []

    async def look(command: Command) -> ChildResult:
        seen.append(command)
        return ChildResult(returncode=0, lines=(), log=tmp_path / "log", stopped=False)

    file = replace(
        planned(SDIST, RequirementForm.VCS),
        reference="git+https://h/src@main",
        direct_url=json.dumps({"url": "https://h/src", "vcs_info": {"vcs": "git", "commit_id": "f00"}}),
    )
    for options in ((), ("--no-build-isolation",)):
        builder = Builder(
            run=look,
            pip=Pip(argv=("pip",), env={}, cwd="/w"),
            caching_pip=Pip(argv=("caching-pip",), env={}, cwd="/w"),
            traits=replace(TRAITS, options=options),
            folder=tmp_path,
            cache=None,
            emit=silent,
        )
        with pytest.raises(ChildFailed, match="left 0 wheels instead of one"):
            anyio.run(builder.wheel_of, file, None)
    assert [command.argv[0] for command in seen] == ["caching-pip", "pip"]


def test_a_cache_that_cannot_be_written_breaks_nothing(workshop: Workshop) -> None:
    """The wheel stays in the run's folder."""
    workshop.cache = workshop.folder / "file"
    workshop.cache.touch()
    (wheel,) = workshop.build((planned(SDIST), SDIST)).values()
    assert wheel.is_relative_to(workshop.folder / "run-1")


def test_options_of_one_requirement_reach_its_build(tmp_path: Path) -> None:
    """Config settings stand on the requirement's line; the URL keeps its subdirectory, hashes stay away."""
    seen: list[Command] = []

    async def look(command: Command) -> ChildResult:
        seen.append(command)
        return ChildResult(returncode=0, lines=(), log=tmp_path / "log", stopped=False)

    file = replace(
        planned(SDIST, RequirementForm.DIRECT),
        reference="https://u:p@h/Src.tar.gz#sha256=aa&subdirectory=sub",
        build_options=("--config-settings=k=v",),
    )
    builder = Builder(
        run=look,
        pip=Pip(argv=("python", "pip"), env={}, cwd="/w"),
        caching_pip=NO_PIP,
        traits=replace(TRAITS, options=("--pre",)),
        folder=tmp_path,
        cache=None,
        emit=silent,
    )
    stored = StoredFile(path=tmp_path / "x", size=1, sha256="aa", from_cache=True)
    with pytest.raises(ChildFailed, match="left 0 wheels instead of one"):
        anyio.run(builder.wheel_of, file, stored)
    room = tmp_path / "src"
    assert (room / "requirements.txt").read_text().splitlines() == [
        f"Src @ {(room / SDIST.filename).as_uri()}#subdirectory=sub --config-settings=k=v"
    ]
    assert seen == [
        Command(
            what="build of Src 1.0",
            argv=(
                "python",
                "pip",
                "wheel",
                "--verbose",
                "--no-deps",
                "--pre",
                f"--wheel-dir={room / 'built'}",
                f"--requirement={room / 'requirements.txt'}",
            ),
            env={},
            cwd="/w",
        )
    ]


def test_a_checkout_is_built_at_its_commit(tmp_path: Path) -> None:
    """The credentials of its URL are written into a private file only; pip may keep its wheel."""

    async def look(command: Command) -> ChildResult:
        assert "secret" not in " ".join(command.argv)
        assert command.argv[0] == "caching python"
        return ChildResult(returncode=1, lines=("ERROR: no such host",), log=tmp_path / "log", stopped=False)

    file = replace(
        planned(SDIST, RequirementForm.VCS),
        reference="git+https://secret@h/r.git@main#subdirectory=s",
        direct_url=json.dumps({"url": "https://h/r.git", "vcs_info": {"vcs": "git", "commit_id": "c0"}}),
    )
    caching = Pip(argv=("caching python",), env={}, cwd="/w")
    builder = Builder(
        run=look,
        pip=NO_PIP,
        caching_pip=caching,
        traits=TRAITS,
        folder=tmp_path,
        cache=None,
        emit=silent,
    )
    with pytest.raises(ChildFailed, match="no such host"):
        anyio.run(builder.wheel_of, file, None)
    requirements = tmp_path / "src" / "requirements.txt"
    assert requirements.read_text() == "Src @ git+https://secret@h/r.git@c0#subdirectory=s\n"
    assert requirements.stat().st_mode & 0o777 == 0o600


def test_a_private_folder_that_cannot_be_written_is_named(workshop: Workshop) -> None:
    """A full disk is an error of its own."""
    (workshop.folder / "run-1").touch()
    builder = Builder(
        run=Supervisor(emit=lambda _: None, settings=Settings(), log_folder=workshop.folder).run,
        pip=NO_PIP,
        caching_pip=NO_PIP,
        traits=TRAITS,
        folder=workshop.folder / "run-1" / "build",
        cache=None,
        emit=silent,
    )
    stored = StoredFile(path=workshop.folder, size=1, sha256="aa", from_cache=True)
    with pytest.raises(StorageError, match="src"):
        anyio.run(builder.wheel_of, planned(SDIST), stored)


# --- the key -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(("bb", (), TRAITS), id="sdist"),
        pytest.param(("aa", ("--config-settings=k=v",), TRAITS), id="own options"),
        pytest.param(("aa", (), replace(TRAITS, interpreter="cpython 3.12.0")), id="interpreter"),
        pytest.param(("aa", (), replace(TRAITS, tag="cp311-cp311-musllinux_1_2_x86_64")), id="libc"),
        pytest.param(("aa", (), replace(TRAITS, os_release="debian 13")), id="OS release"),
        pytest.param(("aa", (), replace(TRAITS, options=("--pre",))), id="options"),
        pytest.param(("aa", (), replace(TRAITS, constraints="setuptools<80")), id="build constraints"),
        pytest.param(("aa", (), replace(TRAITS, variables={"CC": "clang"})), id="compiler"),
    ],
)
def test_whatever_a_build_depends_on_is_in_the_key(other: tuple[str, tuple[str, ...], BuildTraits]) -> None:
    """Two builds that may differ never share a wheel."""
    assert cache_key("aa", (), TRAITS) == cache_key("aa", (), replace(TRAITS))
    assert cache_key(*other) != cache_key("aa", (), TRAITS)


def test_a_build_constraint_counts_by_what_it_says() -> None:
    """Each run has a copy of its own of what lies behind a URL."""
    here, there = (
        replace(TRAITS, options=(*TRAITS.options, f"--build-constraint=/{run}/build-constraints.txt"))
        for run in "ab"
    )
    assert cache_key("aa", (), here) == cache_key("aa", (), there)


def test_compiler_variables() -> None:
    """What compilers and build backends read; nothing else makes a wheel another one."""
    wanted = {"CC": "gcc", "CFLAGS": "-O2", "CMAKE_ARGS": "-DX", "TORCH_CUDA_ARCH_LIST": "8.0"}
    assert compiler_variables({**wanted, "HOME": "/root", "SUCCESS": "1"}) == wanted


def test_traits_are_read_once(tmp_path: Path) -> None:
    """Build constraint files count by what they say; one that is not there is pip's to name."""
    (tmp_path / "bc.txt").write_text("setuptools<80\n")
    options = ("--build-constraint=bc.txt", "--build-constraint=missing.txt", "--pre")
    traits = read_traits(
        environment={"implementation_name": "cpython", "python_full_version": "3.11.7"},
        tag="cp311-cp311-linux_x86_64",
        options=options,
        environ={"CC": "gcc", "HOME": "/"},
        cwd=tmp_path,
    )
    assert traits == BuildTraits(
        interpreter="cpython 3.11.7",
        tag="cp311-cp311-linux_x86_64",
        os_release=read_os_release(),
        options=options,
        constraints="setuptools<80\n",
        variables={"CC": "gcc"},
    )


def test_os_release(tmp_path: Path) -> None:
    """Distribution and version, without quotes; nothing where no file says it."""
    path = tmp_path / "os-release"
    path.write_text('PRETTY_NAME="Debian = 12"\n\nID=debian\nVERSION_ID="12"\n')
    assert read_os_release(path) == "debian 12"
    assert read_os_release(tmp_path / "none") == ""


def test_two_runs_may_keep_the_same_wheel(tmp_path: Path) -> None:
    """The later one takes what the earlier one has kept, and leaves no rest behind."""
    wheel = tmp_path / WHEEL.filename
    wheel.write_bytes(WHEEL.content)
    place = tmp_path / "cache" / "ab" / "key"
    assert keep_wheel(wheel, place) == keep_wheel(wheel, place) == place / wheel.name
    assert [path.name for path in place.parent.iterdir()] == ["key"]
    assert kept_wheel(place) == place / wheel.name


def test_a_wheel_that_is_being_kept_is_left_alone(tmp_path: Path) -> None:
    """While another run keeps its own, this one uses what it has; only what is damaged is replaced."""
    wheel = tmp_path / WHEEL.filename
    wheel.write_bytes(WHEEL.content)
    place = tmp_path / "cache" / "ab" / "key"
    kept = keep_wheel(wheel, place)
    (place / "SHA256").unlink()
    lock = try_lock(place.with_name("~key.lock"))
    assert lock is not None
    assert keep_wheel(wheel, place) == wheel
    lock.release()
    assert kept_wheel(place) is None
    assert keep_wheel(wheel, place) == kept == kept_wheel(place)
    assert [path.name for path in place.parent.iterdir()] == ["key"]


def test_use_of_a_kept_wheel_is_noted(tmp_path: Path) -> None:
    """Whoever prunes by age sees when a run used it, not when somebody looked."""
    wheel = tmp_path / WHEEL.filename
    wheel.write_bytes(WHEEL.content)
    place = tmp_path / "cache" / "ab" / "key"
    keep_wheel(wheel, place)
    os.utime(place / "SHA256", (1000, 1000))
    whole_wheel(place)
    assert (place / "SHA256").stat().st_mtime == 1000
    kept_wheel(place)
    assert (place / "SHA256").stat().st_mtime > 1000
