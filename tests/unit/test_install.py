"""Installing groups: the words for pip, its wheel cache, and real offline installs beside plain pip."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import pytest
from packaging.requirements import Requirement as ParsedRequirement

from resilient_pip.build.builder import Builder
from resilient_pip.build.traits import read_traits
from resilient_pip.child.command import Command, child_environment
from resilient_pip.child.pip import Pip
from resilient_pip.child.process import ChildResult, Supervisor
from resilient_pip.errors import ChildFailed, StorageError
from resilient_pip.events import Event
from resilient_pip.fetch import StoredFile
from resilient_pip.install.arguments import Call, calls, constraint_lines, words
from resilient_pip.install.check import Difference, differences
from resilient_pip.install.installer import Installer
from resilient_pip.install.layout import read_layout, unpacked_size
from resilient_pip.install.wheel_cache import add_wheel, cache_path
from resilient_pip.model import (
    Group,
    Install,
    Plan,
    PlannedFile,
    ProjectName,
    RemoteFile,
    Requirement,
    RequirementForm,
    project_name,
)
from resilient_pip.plan.planning import make_plan
from resilient_pip.plan.report import Report, read_report
from resilient_pip.settings import Settings
from resilient_pip.target.environment import Installed
from tests.support.environments import Environment, Workspace
from tests.support.faultserver import FaultyIndex
from tests.support.sources import commit, unpack
from tests.support.wheels import Distribution, make_sdist, make_wheel
from tests.unit.installations import scheme_in

_PIP = importlib.util.find_spec("pip")
assert _PIP
assert _PIP.origin
PIP_RUNNER = Path(_PIP.origin).with_name("__pip-runner__.py")
TARGET = {"implementation_name": "cpython", "python_version": "3.11", "python_full_version": "3.11.7"}


def planned(
    name: str,
    form: RequirementForm = RequirementForm.NAMED,
    *,
    requested: bool = True,
    extras: Sequence[str] = (),
    reference: str | None = None,
    build_options: tuple[str, ...] = (),
) -> PlannedFile:
    """A planned file."""
    file = RemoteFile(
        project=project_name(name), filename=f"{name}-1.0-py3-none-any.whl", url=f"https://h/{name}"
    )
    return PlannedFile(
        project=file.project,
        name=name,
        version="1.0",
        file=file,
        form=form,
        requested=requested,
        extras=frozenset(extras),
        reference=reference,
        build_options=build_options,
    )


NAMED = planned("Named", extras=("b", "a"))
DEP = planned("dep", requested=False)
URL = planned("url", RequirementForm.DIRECT, extras=("x",), reference="https://u:p@h/url.whl#sha256=aa")
REPO = planned("repo", RequirementForm.VCS, requested=False, reference="git+https://h/repo@main")
FOLDER = planned(
    "folder",
    RequirementForm.LOCAL,
    extras=("x",),
    reference="./folder[x]",
    build_options=("--config-settings=k=v",),
)
EDITABLE = planned("editable", RequirementForm.EDITABLE, extras=("dev",), reference=".[dev]")
ALL = (NAMED, DEP, URL, REPO, FOLDER, EDITABLE)


# --- what the child is told --------------------------------------------------------------------------


def test_pip_is_asked_for_what_the_user_asked_for() -> None:
    """Dependencies are left to pip; a project that is installed already is named for its new extra."""
    group = Group(
        name="g",
        files=(NAMED, DEP, URL, REPO),
        requirements=(
            Requirement(text="named", name=project_name("named")),
            Requirement(text="old[e,d]>=1", name=project_name("old"), extras=frozenset({"e", "d"})),
            Requirement(text="plain", name=project_name("plain")),
        ),
    )
    asked_for = ("Named[a,b]==1.0", "url[x] @ https://u:p@h/url.whl#sha256=aa", "old[d,e]", "plain")
    for one_call in (False, True):
        assert calls(group, ALL, one_call=one_call) == (
            Call(requirements=asked_for, options=("--no-index",), builds=False),
        )


IN_PLACE = ("./folder[x] --config-settings=k=v", "-e .[dev]")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            (NAMED, FOLDER, DEP, EDITABLE),
            [
                Call(requirements=IN_PLACE, options=("--no-deps",), builds=True),
                Call(
                    requirements=("Named[a,b]==1.0", "folder[x]", "editable[dev]"),
                    options=("--no-index",),
                    builds=False,
                ),
            ],
            id="the others after it, offline",
        ),
        pytest.param(
            (FOLDER, EDITABLE),
            [Call(requirements=IN_PLACE, options=("--no-deps",), builds=True)],
            id="alone",
        ),
        pytest.param(
            (replace(FOLDER, requested=False), NAMED),
            [Call(requirements=("Named[a,b]==1.0",), options=(), builds=True)],
            id="for a dependency",
        ),
        pytest.param(
            (FOLDER, replace(NAMED, requires=("folder @ file:///folder",))),
            [Call(requirements=(IN_PLACE[0], "Named[a,b]==1.0"), options=(), builds=True)],
            id="a dependency leads there by URL",
        ),
        pytest.param(
            (replace(NAMED, requires=("folder @ file:///folder",)),),
            [Call(requirements=("Named[a,b]==1.0", IN_PLACE[0]), options=(), builds=True)],
            id="into an earlier group",
        ),
    ],
)
def test_what_is_built_in_place_is_built_first(files: tuple[PlannedFile, ...], expected: list[Call]) -> None:
    """And alone, so that the pip that sees the indexes has nothing to choose; unless pip insists on more."""
    plan = list({file.project: file for file in (*ALL, *files)}.values())
    assert list(calls(Group(name="g", files=files), plan, one_call=False)) == expected


def test_one_call_stays_one_call() -> None:
    """--target and its like: in two calls the second would not see what the first brought."""
    group = Group(name="g", files=(FOLDER, NAMED))
    assert calls(group, ALL, one_call=True) == (
        Call(requirements=(IN_PLACE[0], "Named[a,b]==1.0"), options=(), builds=True),
    )


def test_everything_planned_is_pinned() -> None:
    """By URL in its own group, by version elsewhere; not what is built from a folder."""
    assert constraint_lines(Group(name="g", files=(NAMED, URL)), ALL) == [
        "Named==1.0",
        "dep==1.0",
        "url @ https://u:p@h/url.whl#sha256=aa",
        "repo==1.0",
    ]


def test_the_words_of_a_call() -> None:
    """The user's options and the call's own."""
    call = Call(requirements=(), options=("--no-index",), builds=False)
    places = {"requirements": Path("/r"), "constraints": Path("/c"), "links": Path("/l"), "cache": Path("/k")}
    assert words(call, ("--no-warn-conflicts",), compiles=False, **places) == (
        "install",
        "--root-user-action=ignore",
        "--pre",
        "--no-warn-conflicts",
        "--no-index",
        "--no-compile",
        "--find-links=/l",
        "--cache-dir=/k",
        "--constraint=/c",
        "--requirement=/r",
    )


def test_the_size_of_an_installation(tmp_path: Path) -> None:
    """Unpacked bytes; those of the file where the wheel is broken; none of what has no file."""
    packed, broken = tmp_path / "packed", tmp_path / "broken"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 100_000)
        archive.writestr("ones", b"\1" * 1_000)
    broken.write_bytes(b"no wheel")
    sized = replace(URL, file=replace(URL.file, size=7))
    group = Group(name="g", files=(NAMED, sized, FOLDER))
    wheels, scheme = {NAMED.project: packed, URL.project: broken}, scheme_in(tmp_path / "env")
    layouts = {project: read_layout(wheel, scheme) for project, wheel in wheels.items()}
    assert unpacked_size(group, layouts) == 101_007


def test_the_check_compares_versions() -> None:
    """Missing and different projects are found; a folder's version may have changed with its build."""
    group = Group(name="g", files=(NAMED, DEP, URL, FOLDER, EDITABLE))
    present = {NAMED.project: "1", DEP.project: "2.0", FOLDER.project: "1.0+dirty"}
    found = differences(group, present)
    assert found == (
        Difference(planned=DEP, found="2.0"),
        Difference(planned=URL, found=None),
        Difference(planned=EDITABLE, found=None),
    )
    assert [str(difference) for difference in found[:2]] == [
        "dep 1.0 was planned, but 2.0 is installed",
        "url 1.0 was planned, but it is not installed",
    ]


# --- pip's wheel cache -------------------------------------------------------------------------------

_ASK_PIP = """
import json, sys
from pip._internal.cache import SimpleWheelCache
from pip._internal.models.link import Link
from pip._vendor.packaging.markers import default_environment
paths = [SimpleWheelCache("/cache").get_path_for_link(Link(url)) for url in sys.argv[1:]]
print(json.dumps([paths, default_environment()]))
"""


def test_the_cache_path_is_pips() -> None:
    """The reproduced rule and pip's own give the same folder for every kind of URL."""
    urls = [
        "https://h/x-1.0.tar.gz",
        "https://user:secret@h/x%20y.zip?token=1#sha256=abc&subdirectory=a/b",
        "https://h/x.whl#egg=x&md5=0f",
        "git+ssh://git@h/x.git@v1#subdirectory=sub&egg=x",
        "file:///w/x-1.0.tar.gz",
    ]
    done = subprocess.run([sys.executable, "-c", _ASK_PIP, *urls], check=True, capture_output=True, text=True)
    paths, environment = json.loads(done.stdout)
    assert [str("/cache" / cache_path(url, environment)) for url in urls] == paths


def test_another_interpreter_has_another_path() -> None:
    """A wheel that one interpreter built is not offered to another."""
    others = [{**TARGET, "python_version": "3.12"}, {**TARGET, "implementation_name": "graalpy"}]
    assert len({cache_path("https://h/x.tar.gz", each) for each in (TARGET, *others)}) == 3


def test_only_what_comes_by_url_goes_there(tmp_path: Path) -> None:
    """A file of an index has no origin that could be recorded."""
    with pytest.raises(ValueError, match="Named is not installed by URL"):
        add_wheel(tmp_path, NAMED, tmp_path / "w", filename="w.whl", environment=TARGET)


# --- real installs -----------------------------------------------------------------------------------


@dataclass
class Scene:
    """Distributions on an index, and the two ways of installing them into an environment at one place."""

    workspace: Workspace
    index: FaultyIndex
    group_size: int = 1
    """Small by default, so that nearly every requirement makes a group."""
    distributions: dict[str, Distribution] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def add(self, *distributions: Distribution) -> None:
        """Put files on the index."""
        for distribution in distributions:
            self.index.add(distribution)
            self.distributions[distribution.filename] = distribution

    def fresh(self, *before: str) -> Environment:
        """Make the environment anew, with something installed by pip."""
        shutil.rmtree(self.workspace.root / "env", ignore_errors=True)
        environment = self.workspace.environment()
        if before:
            self.pip(environment, *before)
        return environment

    def pip(self, environment: Environment, *arguments: str | Path) -> None:
        """Run plain pip install."""
        run = self.workspace.pip(
            environment, "install", "--no-cache-dir", "--index-url", self.index.url, *arguments
        )
        assert run.returncode == 0, run.output

    def plan(self, environment: Environment, install: Install, *options: str) -> tuple[Plan, Report]:
        """Plan with pip's dry run, as the run does but without a gateway."""
        lines = [requirement.line for requirement in install.requirements]
        report = self.workspace.root / "report.json"
        requirements = self.workspace.write("requirements.txt", *lines)
        self.pip(environment, "--dry-run", "--report", report, *options, "-r", requirements)
        present = {
            project_name(name): Installed(name=name, version=version)
            for name, version in environment.versions().items()
        }
        read = read_report(json.loads(report.read_text()), resolve=lambda _: None, installed=present)
        read = read.with_sizes(
            {
                project_name(distribution.name): distribution.size
                for distribution in self.distributions.values()
            }
        )
        plan = make_plan(
            read,
            install=install,
            installed=present,
            settings=Settings(group_size=self.group_size),
            cwd=str(self.workspace.root),
        )
        return plan, read

    def deliver(self, environment: Environment, plan: Plan, read: Report, install: Install) -> None:
        """Build and install every group ."""
        anyio.run(functools.partial(self._deliver, environment, plan, read, install))

    async def _deliver(self, environment: Environment, plan: Plan, read: Report, install: Install) -> None:
        root = self.workspace.root / "run"
        shutil.rmtree(root, ignore_errors=True)
        (root / "logs").mkdir(parents=True)
        supervisor = Supervisor(emit=self.events.append, settings=Settings(), log_folder=root / "logs")
        env = child_environment(os.environ, index_urls=[self.index.url], temp=root)
        pip = Pip(argv=(str(environment.python), str(PIP_RUNNER)), env=env, cwd=str(self.workspace.root))
        builder = Builder(
            run=supervisor.run,
            pip=pip,
            caching_pip=pip,
            traits=read_traits(
                environment=read.environment, tag="t", options=(), environ=env, cwd=self.workspace.root
            ),
            folder=root / "build",
            cache=None,
            emit=self.events.append,
        )
        installer = Installer(
            pip=pip,
            options=install.install_options,
            planned=plan.files,
            environment=read.environment,
            folder=root / "install",
            one_call=install.one_call,
        )
        (root / "install").mkdir()
        for number, group in enumerate(plan.groups, 1):
            stored = self._stored(root, group)
            wheels = {
                file.project: wheel
                for file in group.files
                if (wheel := await builder.wheel_of(file, stored.get(file.project))) is not None
            }
            await installer.install_group(
                group, number, wheels, compiles=True, run=supervisor.run, run_building=supervisor.run
            )
            present = {project_name(name): version for name, version in environment.versions().items()}
            assert install.one_call or differences(group, present) == ()

    def _stored(self, root: Path, group: Group) -> dict[ProjectName, StoredFile]:
        """Store the group's files as the cache does: by hash."""
        stored = {}
        for file in group.files:
            if (distribution := self.distributions.get(file.file.filename)) is not None:
                path = root / distribution.sha256
                path.write_bytes(distribution.content)
                stored[file.project] = StoredFile(
                    path=path, size=distribution.size, sha256=distribution.sha256, from_cache=False
                )
        return stored


@pytest.fixture
def scene(workspace: Workspace, index: FaultyIndex) -> Scene:
    """An empty index and no environment yet."""
    return Scene(workspace=workspace, index=index)


def asked(
    text: str, form: RequirementForm = RequirementForm.NAMED, *, extras: Sequence[str] = ()
) -> Requirement:
    """A requirement as the adapter reads it."""
    named = form is RequirementForm.NAMED or " @ " in text
    name = project_name(ParsedRequirement(text).name) if named else None
    return Requirement(text=text, form=form, name=name, extras=frozenset(extras))


def same_as_pip(
    scene: Scene, install: Install, *, before: Sequence[str] = (), options: Sequence[str] = ()
) -> Plan:
    """Install with plain pip and group by group at the same place, and compare every file."""
    plain = scene.fresh(*before)
    lines = [requirement.line for requirement in install.requirements]
    scene.pip(plain, *options, "-r", scene.workspace.write("plain.txt", *lines))
    expected = plain.snapshot()
    ours = scene.fresh(*before)
    plan, read = scene.plan(ours, install, *options)
    scene.deliver(ours, plan, read, install)
    assert ours.snapshot() == expected
    return plan


def test_groups_leave_what_pip_leaves(scene: Scene) -> None:
    """Fresh environment: extras, a requirement that came first as a dependency, a pre-release, an sdist."""
    scene.add(
        make_wheel("app", "1.0", ["Lib>=1", "src"], entry_points={"app": "app:main"}),
        make_wheel("Lib", "1.0", extras={"fast": ["speed"]}),
        make_wheel("Lib", "0.9"),
        make_wheel("speed", "2.0rc1"),
        make_wheel("tail", "1.0", ["lib[fast]"]),
        make_sdist("src", "1.0", ["speed"]),
    )
    install = Install(requirements=(asked("app"), asked("lib[fast]>=0.5", extras=["fast"]), asked("tail")))
    plan = same_as_pip(scene, install)
    assert [(group.name, sorted(file.name for file in group.files)) for group in plan.groups] == [
        ("app", ["Lib", "app", "speed", "src"]),
        ("tail", ["tail"]),
    ]


def test_an_upgrade_leaves_what_pip_leaves(scene: Scene) -> None:
    """Replaced packages go, their successors are one group; what stays is not touched."""
    scene.add(
        make_wheel("a", "1.0", ["b<2"], files={"a/gone.py": ""}),
        make_wheel("a", "2.0", ["b>=2", "new"]),
        make_wheel("b", "1.0"),
        make_wheel("b", "2.0"),
        make_wheel("new", "1.0"),
        make_wheel("other", "1.0"),
    )
    install = Install(requirements=(asked("other"), asked("a>=2")))
    plan = same_as_pip(scene, install, before=("a==1.0",))
    assert [sorted(file.pin for file in group.files) for group in plan.groups] == [
        ["other==1.0"],
        ["a==2.0", "b==2.0", "new==1.0"],
    ]
    assert plan.latest.replaces


def test_a_new_extra_of_something_installed(scene: Scene) -> None:
    """Its dependency is installed without a REQUESTED mark, the project itself stays as it is."""
    scene.add(make_wheel("lib", "1.0", extras={"fast": ["speed"]}), make_wheel("speed", "1.0"))
    install = Install(requirements=(asked("lib[fast]", extras=["fast"]),))
    same_as_pip(scene, install, before=("lib",))


def test_a_forced_reinstallation_is_one_call(scene: Scene) -> None:
    """Everything is installed again, once."""
    scene.add(make_wheel("a", "1.0", ["b"]), make_wheel("b", "1.0"))
    install = Install(
        requirements=(asked("b"), asked("a")), install_options=("--force-reinstall",), one_call=True
    )
    plan = same_as_pip(scene, install, before=("a",), options=["--force-reinstall"])
    assert [group.name for group in plan.groups] == ["b"]


@pytest.mark.parametrize(
    ("group_size", "groups"),
    [
        # What is built from a folder has nothing to download, so it joins its neighbour.
        pytest.param(1, ["byurl", "bysource", "bare", "bypath", "repo", "wants"], id="groups"),
        pytest.param(10**9, ["byurl"], id="one group"),
    ],
)
def test_urls_vcs_and_folders_leave_what_pip_leaves(scene: Scene, group_size: int, groups: list[str]) -> None:
    """direct_url.json is right for each form, whether its name is given or not."""
    scene.group_size = group_size
    root = scene.workspace.root
    wheel, sdist = make_wheel("byurl", "1.0", ["dep"]), make_sdist("bysource", "1.0")
    local, bare = make_wheel("bypath", "1.0"), make_wheel("bare", "1.0")
    scene.add(
        wheel, sdist, local, bare, make_wheel("dep", "1.0"), make_wheel("wants", "1.0", ["byurl", "repo"])
    )
    (root / local.filename).write_bytes(local.content)
    for name in ("repo", "folder", "editable"):
        unpack(make_sdist(name, "1.0", ["dep"]), root / name)
    commit(root / "repo")
    url = scene.index.url_of
    install = Install(
        requirements=(
            asked(f"byurl @ {url(wheel.path)}#sha256={wheel.sha256}", RequirementForm.DIRECT),
            asked(f"bysource @ {url(sdist.path)}", RequirementForm.DIRECT),
            asked(url(bare.path), RequirementForm.DIRECT),
            asked(f"./{local.filename}", RequirementForm.LOCAL),
            asked(f"repo @ git+{(root / 'repo').as_uri()}@main", RequirementForm.VCS),
            asked("./folder", RequirementForm.LOCAL),
            asked("./editable", RequirementForm.EDITABLE),
            asked("wants"),
        )
    )
    plan = same_as_pip(scene, install)
    assert [group.name for group in plan.groups] == groups


def test_urls_are_installed_offline(scene: Scene) -> None:
    """Once it is fetched, the server is not asked again."""
    wheel = make_wheel("byurl", "1.0")
    scene.add(wheel)
    install = Install(
        requirements=(asked(f"byurl @ {scene.index.url_of(wheel.path)}", RequirementForm.DIRECT),)
    )
    environment = scene.fresh()
    plan, read = scene.plan(environment, install)
    scene.index.stop()
    scene.deliver(environment, plan, read, install)
    (record,) = environment.site_packages.glob("byurl-*/direct_url.json")
    assert json.loads(record.read_text())["url"] == scene.index.url_of(wheel.path)
    assert environment.requested() == {"byurl"}


def test_a_moved_branch_is_installed_at_the_planned_commit(scene: Scene) -> None:
    """What was planned is what is built, and what direct_url.json says."""
    repo = scene.workspace.root / "repo"
    unpack(make_sdist("repo", "1.0"), repo)
    planned_commit = commit(repo)
    install = Install(requirements=(asked(f"repo @ git+{repo.as_uri()}@main", RequirementForm.VCS),))
    environment = scene.fresh()
    plan, read = scene.plan(environment, install)
    unpack(make_sdist("repo", "2.0"), repo)
    assert commit(repo) != planned_commit
    scene.deliver(environment, plan, read, install)
    assert environment.versions() == {"repo": "1.0"}
    (record,) = environment.site_packages.glob("repo-*/direct_url.json")
    assert json.loads(record.read_text())["vcs_info"] == {
        "vcs": "git",
        "commit_id": planned_commit,
        "requested_revision": "main",
    }


def test_one_call_installs_everything_into_a_folder(scene: Scene) -> None:
    """--target takes exactly one call; namespace packages keep the files of all their parts."""
    scene.add(
        make_wheel("part-a", "1.0", files={"space/a.py": ""}),
        make_wheel("part-b", "1.0", files={"space/b.py": ""}),
    )
    folder = scene.workspace.root / "target"
    install = Install(
        requirements=(asked("part-a"), asked("part-b")),
        install_options=(f"--target={folder}",),
        one_call=True,
    )
    environment = scene.fresh()
    plan, read = scene.plan(environment, install, f"--target={folder}")
    scene.deliver(environment, plan, read, install)
    assert len(plan.groups) == 1
    assert sorted(path.name for path in (folder / "space").glob("*.py")) == ["a.py", "b.py"]


def test_a_broken_wheel_fails_with_pips_words(scene: Scene) -> None:
    """The error says what the child did and what pip said."""
    scene.add(make_wheel("lib", "1.0"))
    environment = scene.fresh()
    install = Install(requirements=(asked("lib"),))
    plan, read = scene.plan(environment, install)
    (name,) = scene.distributions
    scene.distributions[name] = replace(scene.distributions[name], content=b"no wheel")
    with pytest.raises(ChildFailed, match="invalid") as caught:
        scene.deliver(environment, plan, read, install)
    assert (caught.value.what, caught.value.returncode) == ("install lib", 1)
    assert Path(caught.value.log).is_file()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """No traceback for a full or read-only disk."""
    (tmp_path / "file").touch()

    async def never(_: Command) -> ChildResult:
        raise AssertionError

    installer = Installer(
        pip=Pip(argv=(), env={}, cwd="/"),
        options=(),
        planned=(),
        environment=TARGET,
        folder=tmp_path / "file",
        one_call=False,
    )
    install = functools.partial(installer.install_group, compiles=True, run=never, run_building=never)
    with pytest.raises(StorageError, match="group-1"):
        anyio.run(install, Group(name="g", files=()), 1, {})
