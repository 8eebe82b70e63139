"""Compiling after pip: what is left to it and what is not, who does how much, and what a failure does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import anyio
import pytest

from resilient_pip.child.command import Command
from resilient_pip.child.process import ChildResult
from resilient_pip.errors import ChildFailed
from resilient_pip.events import Event, Noted
from resilient_pip.install.ahead import PROGRAM
from resilient_pip.install.ahead_compiler import WIDTH
from resilient_pip.install.compiling import (
    COMPILER,
    SHARE,
    Compiling,
    Modules,
    Unpacked,
    divided,
    modules_to_compile,
    unpacked,
)
from resilient_pip.install.layout import Layout, read_layout
from resilient_pip.install.record import add_bytecode
from resilient_pip.install.scheme import Scheme
from resilient_pip.model import ProjectName, project_name
from tests.support.runs import planned
from tests.support.wheels import Distribution, make_wheel
from tests.unit.installations import put, scheme_in, surveyed

APP, LIB = project_name("app"), project_name("lib")


def modules_of(folder: Path, scheme: Scheme, *distributions: Distribution) -> Modules:
    """Say what has to be compiled of these wheels."""
    layouts: dict[ProjectName, Layout] = {}
    files = [planned(each.name, each.version, each.size) for each in distributions]
    for file, distribution in zip(files, distributions, strict=True):
        wheel = folder / distribution.filename
        wheel.write_bytes(distribution.content)
        layouts[file.project] = read_layout(wheel, scheme)
    return modules_to_compile(files, layouts, scheme)


def test_what_is_compiled(tmp_path: Path) -> None:
    """Every .py file where pip puts it, but for what pip makes of entry points."""
    scheme = scheme_in(tmp_path / "env")
    app = make_wheel(
        "app",
        "1.0",
        files={
            "app/cli.py": "",
            "app/text.txt": "",
            "app-1.0.data/scripts/raw.py": "#!python\n",
            "app-1.0.data/scripts/made.py": "#!python\n",
            "app-1.0.data/purelib/more.py": "",
            "app-1.0.data/data/share/app.py": "",
        },
        entry_points={"made.py": "app.cli:main"},
    )
    library, base = scheme.purelib, scheme.base
    assert modules_of(tmp_path, scheme, app, make_wheel("lib", "1.0")) == {
        APP: {
            *(library / name for name in ("app/__init__.py", "app/cli.py", "more.py")),
            *(base / name for name in ("bin/raw.py", "share/app.py")),
        },
        LIB: {library / "lib/__init__.py"},
    }


@pytest.mark.parametrize(
    ("files", "moved"),
    [
        pytest.param({"app-1.0.data/headers/app.py": ""}, False, id="headers"),
        pytest.param({"lib/__init__.py": ""}, False, id="in two wheels"),
        pytest.param({}, True, id="--target"),
    ],
)
def test_what_is_left_to_pip(tmp_path: Path, files: Mapping[str, str], moved: bool) -> None:  # noqa: FBT001 - a row's column
    """Where it cannot be told beforehand, or would not come to the same."""
    scheme = scheme_in(tmp_path / "env", moved=moved)
    lib = make_wheel("lib", "1.0")
    assert modules_of(tmp_path, scheme, lib, make_wheel("app", "1.0", files=files)) == {}
    assert modules_of(tmp_path, scheme, lib).keys() == (set() if moved else {LIB})


def test_what_pip_has_brought(tmp_path: Path) -> None:
    """Of what was there before and is as it was, nothing is compiled."""
    scheme = scheme_in(tmp_path / "env")
    put(scheme, "lib-1.0", ["lib/__init__.py"])
    wheels = make_wheel("app", "1.0"), make_wheel("lib", "1.0")
    survey = surveyed(scheme, tmp_path / "wheels", *wheels)
    put(scheme, "app-1.0", ["app/__init__.py"])
    modules = modules_of(tmp_path, scheme, *wheels)
    library = str(scheme.purelib)
    assert unpacked(modules, survey, scheme) == (
        Unpacked(info=scheme.purelib / "app-1.0.dist-info", sources=((library, "app/__init__.py"),)),
    )


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        pytest.param([], [[]], id="nothing"),
        pytest.param([1, 3, 2], [[3, 2, 1]], id="little"),
        pytest.param([SHARE, 2 * SHARE, SHARE], [[2 * SHARE], [SHARE, SHARE]], id="evenly"),
        pytest.param([SHARE // 2] * 4, [[SHARE // 2] * 2] * 2, id="as many as are worth it"),
    ],
)
def test_the_work_is_divided(sizes: Sequence[int], expected: Sequence[Sequence[int]]) -> None:
    """By bytes of source, among no more processes than there are and than it is worth."""
    sources = {("/library", str(number)): size for number, size in enumerate(sizes)}
    found = [[sources[source] for source in share] for share in divided(sources, 2)]
    assert found == expected


def test_the_record_is_completed_as_pip_writes_it(tmp_path: Path) -> None:
    """Sorted by what the rows hold, each ended as pip ends it; a wheel's own row of a .pyc file stays."""
    info = tmp_path / "app-1.0.dist-info"
    info.mkdir()
    record = info / "RECORD"
    record.write_bytes(b'"a,b.py",sha256=x,1\r\napp/__pycache__/z.pyc,sha256=y,2\r\napp.py,,\r\n')
    record.chmod(0o640)
    add_bytecode(info, ["app/__pycache__/z.pyc", "__pycache__/app.cpython-311.pyc"])
    assert record.read_bytes() == (
        b"__pycache__/app.cpython-311.pyc,,\r\n"
        b'"a,b.py",sha256=x,1\r\n'
        b"app.py,,\r\n"
        b"app/__pycache__/z.pyc,,\r\n"
        b"app/__pycache__/z.pyc,sha256=y,2\r\n"
    )
    assert (record.stat().st_mode & 0o777, list(info.iterdir())) == (0o640, [record])


def test_the_compiler_tells_what_it_made(tmp_path: Path) -> None:
    """What is no Python, in an encoding that nobody knows, or not there has no bytecode and is no error."""
    library = tmp_path / "lib"
    library.mkdir()
    sources = {
        "good.py": "VALUE = 1\n",
        "warns.py": "'\\d' is 1\n",
        "bad.py": "print 1\n",
        "codec.py": "# coding: nobody-knows\n",
        "../up.py": "",
    }
    for name, text in sources.items():
        (library / name).write_text(text)
    task, result = tmp_path / "task.json", tmp_path / "result.json"
    names = [*sources, "missing.py"]
    task.write_text(json.dumps({"sources": [[str(library), name] for name in names], "ahead": []}))
    argv = [sys.executable, "-S", "-W", "error", "-c", COMPILER, str(task), str(result)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    tag = sys.implementation.cache_tag
    assert (done.stdout, done.stderr) == ("", "")
    assert dict(zip(names, json.loads(result.read_text()), strict=True)) == {
        "good.py": f"__pycache__/good.{tag}.pyc",
        "warns.py": f"__pycache__/warns.{tag}.pyc",
        "bad.py": None,
        "codec.py": None,
        "../up.py": f"../__pycache__/up.{tag}.pyc",
        "missing.py": None,
    }


def compiled_ahead(folder: Path, wheel: Path, scheme: Scheme) -> Path:
    """Let the program compile a wheel ahead, as one task, and give that."""
    layout = read_layout(wheel, scheme)
    task = folder / f"{1:0{WIDTH}}"
    library = str(layout.library)
    members = [(library, one.name, one.offset, one.packed, one.method) for one in layout.members]
    task.with_suffix(".json").write_text(json.dumps({"wheel": str(wheel), "members": members}))
    queue, done = os.pipe(), os.pipe()
    os.write(queue[1], task.name.encode())
    os.close(queue[1])
    argv = [sys.executable, "-S", "-W", "error", "-c", PROGRAM, str(queue[0]), str(done[1]), str(folder)]
    ended = subprocess.run(argv, check=True, capture_output=True, text=True, pass_fds=(queue[0], done[1]))
    assert (ended.stdout, ended.stderr, os.read(done[0], 99)) == ("", "", task.name.encode())
    for descriptor in (queue[0], *done):
        os.close(descriptor)
    return task


@pytest.mark.parametrize(
    "env",
    [
        pytest.param({}, id="by time"),
        pytest.param({"SOURCE_DATE_EPOCH": "1000000000"}, id="by hash"),
        pytest.param({"PYTHONOPTIMIZE": "1"}, id="optimised"),
    ],
)
def test_what_was_compiled_ahead_is_what_is_compiled_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env: Mapping[str, str]
) -> None:
    """The same bytes and mode, for the source that is there: another one than the wheel's is compiled."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    scheme = scheme_in(tmp_path / "env")
    texts = {
        "same.py": "VALUE = 1\nassert VALUE\n",
        "other.py": "VALUE = 2\n",
        "bad.py": "print 1\n",
        "run.py": "RUN = 1\n",
    }
    files = {name: texts[name] for name in ("same.py", "other.py", "bad.py")}
    wheel = make_wheel("app", "1.0", files={**files, "app-1.0.data/data/share/run.py": texts["run.py"]})
    (tmp_path / wheel.filename).write_bytes(wheel.content)
    ahead = compiled_ahead(tmp_path, tmp_path / wheel.filename, scheme)
    library = scheme.purelib
    names = [*files, os.path.relpath(scheme.base / "share/run.py", library)]
    places = [Path(os.path.normpath(library / name)) for name in names]
    for place in places:
        place.parent.mkdir(exist_ok=True)
        place.write_text(texts[place.name])
    (library / "other.py").write_text("VALUE = 3\n")
    (library / "same.py").chmod(0o400)

    found = []
    for ready in ([str(ahead)], []):
        task, result = tmp_path / "task.json", tmp_path / "result.json"
        task.write_text(json.dumps({"sources": [[str(library), name] for name in names], "ahead": ready}))
        subprocess.run([sys.executable, "-S", "-c", COMPILER, str(task), str(result)], check=True)
        made = [library / name for name in json.loads(result.read_text()) if name]
        found.append([(path.name, path.stat().st_mode, path.read_bytes()) for path in made])
        for path in made:
            path.unlink()
    assert [name.partition(".")[0] for name, _, _ in found[0]] == ["same", "other", "run"]
    assert found[0] == found[1]
    index = json.loads(ahead.with_suffix(".index").read_text())
    assert {Path(name).name for _, name, *_ in index} == {"__init__.py", "same.py", "other.py", "run.py"}


# --- one group after the other -----------------------------------------------------------------------


@pytest.fixture
def events() -> list[Event]:
    """What is told."""
    return []


@pytest.fixture
def compiling(tmp_path: Path, events: list[Event]) -> Compiling:
    """Nothing compiled yet."""
    return Compiling(python=sys.executable, env={}, folder=tmp_path, emit=events.append)


def project(root: Path, name: str) -> Callable[[], tuple[Unpacked, ...]]:
    """Lay out what an install child leaves of a project, and find it."""
    scheme = scheme_in(root)
    put(scheme, f"{name}-1.0", [f"{name}.py"])
    source = (str(scheme.purelib), f"{name}.py")
    return lambda: (Unpacked(info=scheme.purelib / f"{name}-1.0.dist-info", sources=(source,)),)


async def nothing() -> Sequence[Path]:
    """Give what was compiled ahead."""
    return ()


def ended(returncode: int) -> ChildResult:
    """Say how a child ended."""
    return ChildResult(returncode=returncode, lines=(), log=Path("log"), stopped=False)


def tell(command: Command, result: str) -> None:
    """Write the result of a process."""
    Path(command.argv[-1]).write_text(result)


def modules(scheme: Scheme, name: str) -> Modules:
    """Say what there is to compile of a project of `project`."""
    return {project_name(name): frozenset({scheme.purelib / f"{name}.py"})}


def test_a_process_that_was_killed_is_run_again(
    tmp_path: Path, compiling: Compiling, events: list[Event]
) -> None:
    """Once, and by itself: pip is not."""
    find = project(tmp_path / "env", "app")
    codes = [-9, 0]

    async def run(command: Command) -> ChildResult:
        if not codes[-1]:
            tell(command, '["app.pyc"]')
        return ended(codes.pop(0))

    scheme = scheme_in(tmp_path / "env")
    anyio.run(partial(compiling.compile, "app", modules(scheme, "app"), ahead=nothing, find=find, run=run))
    assert "app.pyc,,\r\n" in (scheme.purelib / "app-1.0.dist-info/RECORD").read_bytes().decode()
    assert [type(event) for event in events] == [Noted]


def test_a_process_that_fails_fails_the_group(tmp_path: Path, compiling: Compiling) -> None:
    """RECORD stays as it is, and the error comes as it is."""
    scheme = scheme_in(tmp_path / "env")
    find = project(tmp_path / "env", "app")
    before = (scheme.purelib / "app-1.0.dist-info/RECORD").read_bytes()

    async def run(command: Command) -> ChildResult:
        assert command.what == "compile app"
        return ended(1)

    with pytest.raises(ChildFailed):
        anyio.run(
            partial(compiling.compile, "app", modules(scheme, "app"), ahead=nothing, find=find, run=run)
        )
    assert (scheme.purelib / "app-1.0.dist-info/RECORD").read_bytes() == before


def test_one_group_at_a_time(tmp_path: Path, compiling: Compiling) -> None:
    """The second waits for the first; who would touch a file that waits for its compiling waits, too."""
    scheme = scheme_in(tmp_path / "env")
    order: list[str] = []

    async def both() -> None:
        begun, go_on = anyio.Event(), anyio.Event()

        async def run(command: Command) -> ChildResult:
            order.append(command.what)
            begun.set()
            await go_on.wait()
            tell(command, "[null]")
            return ended(0)

        async def leave_alone() -> None:
            await compiling.leave_alone(None)
            order.append("nothing any more")

        async with anyio.create_task_group() as tasks:
            for name in ("app", "lib"):
                find = project(scheme.base, name)
                compiles = partial(compiling.compile, name, modules(scheme, name), ahead=nothing)
                tasks.start_soon(partial(compiles, find=find, run=run))
            with anyio.fail_after(30):
                await begun.wait()
                await compiling.leave_alone(frozenset({scheme.purelib / "other.py"}))
            tasks.start_soon(leave_alone)
            await anyio.wait_all_tasks_blocked()
            assert order == ["compile app"]
            go_on.set()

    anyio.run(both)
    assert order == ["compile app", "compile lib", "nothing any more"]
