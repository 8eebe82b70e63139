"""The options that this program carries out itself leave, write and refuse what they do with plain pip."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pip
import pytest
from packaging.version import Version

from tests.support.environments import Environment, Workspace
from tests.support.faults import Stall
from tests.support.faultserver import FaultyIndex
from tests.support.limits import EACH_ALONE
from tests.support.pages import Shape
from tests.support.wheels import Distribution, make_sdist, make_wheel

PIP = Version(pip.__version__)
SINCE_26_0 = pytest.mark.skipif(Version("26.0") > PIP, reason="needs pip 26.0")
SINCE_26_2 = pytest.mark.skipif(Version("26.2") > PIP, reason="needs pip 26.2")
SINCE_26_3 = pytest.mark.skipif(Version("26.3") > PIP, reason="needs pip 26.3")
Words: TypeAlias = Sequence[str | Path]


def stock(index: FaultyIndex) -> None:
    """Two versions each of a small graph: app needs lib with an extra, which needs speed."""
    for version in ("1.0", "2.0"):
        index.add(make_wheel("app", version, ["lib[fast]"]))
        index.add(make_wheel("lib", version, extras={"fast": ["speed"]}))
        index.add(make_wheel("speed", version))
    index.add(make_sdist("source", "1.0", ["speed"]))


def folder(workspace: Workspace) -> Path:
    """A source tree that builds offline and needs lib and source."""
    with tarfile.open(fileobj=io.BytesIO(make_sdist("local", "1.0", ["lib", "source"]).content)) as archive:
        archive.extractall(workspace.root, filter="data")
    return workspace.root / "local-1.0"


def elsewhere(index: FaultyIndex, file: Distribution) -> str:
    """Put a file where no index lists it, and give its URL."""
    return index.put(f"/elsewhere/{file.filename}", file.content)


def both(workspace: Workspace, before: Words, words: Words, *, status: int = 0) -> list[Environment]:
    """Let pip and the tool do the same in a fresh environment each, at one path; compare what they leave."""
    snapshots, environments = [], []
    for number, run in enumerate((workspace.pip, workspace.tool)):
        environment = workspace.environment()
        if before:
            assert workspace.pip(environment, *before).returncode == 0
        done = run(environment, *words, *(EACH_ALONE if number else ()))
        assert done.returncode == status, done.output
        snapshots.append(environment.snapshot())
        environments.append(Environment(root=environment.root.rename(workspace.root / f"env-{number}")))
    assert snapshots[1] == snapshots[0]
    return environments


# --- --report -----------------------------------------------------------------------------------------


def entries(document: dict[str, Any]) -> dict[str, Any]:
    """The installed projects of a report by name: the order of files is that of the groups."""
    return {entry["metadata"]["name"]: entry for entry in document.pop("install")}


def same_reports(index: FaultyIndex, workspace: Workspace, *words: str | Path) -> dict[str, Any]:
    """Compare the reports of pip and of the tool, and give the entries."""
    environment = workspace.environment()
    command = ("install", "--index-url", index.url, *words)
    theirs = workspace.root / "theirs.json"
    assert workspace.pip(environment, *command, "--dry-run", "--report", theirs).returncode == 0
    shown = workspace.tool(environment, *command, "--dry-run", "--report", "-", *EACH_ALONE)
    assert shown.returncode == 0, shown.output
    assert environment.versions() == {}
    written = workspace.root / "ours.json"
    installed = workspace.tool(environment, *command, "--report", written.name, *EACH_ALONE)
    assert installed.returncode == 0, installed.output
    expected = json.loads(theirs.read_text())
    found = json.loads(written.read_text())
    assert json.loads(shown.stdout) == found
    expected_entries, found_entries = entries(expected), entries(found)
    assert found_entries == expected_entries
    assert found == expected  # version, pip_version, environment
    assert environment.versions().keys() == found_entries.keys()
    return found_entries


@pytest.mark.pips
def test_a_report_is_the_one_that_pip_writes(index: FaultyIndex, workspace: Workspace) -> None:
    """From an index, by URL and from a folder; to a file and to stdout; the gateway is nowhere in it."""
    stock(index)
    direct = make_wheel("direct", "1.0", ["speed"], extras={"more": ["lib"]})
    found = same_reports(
        index,
        workspace,
        "app",
        f"direct[more] @ {elsewhere(index, direct)}",
        f"other @ {elsewhere(index, make_sdist('other', '1.0'))}",
        folder(workspace),
    )
    assert {name: entry["requested"] for name, entry in found.items()} == {
        **dict.fromkeys(("app", "direct", "other", "local"), True),
        **dict.fromkeys(("lib", "speed", "source"), False),
    }
    assert found["app"]["download_info"]["url"].startswith(index.url_of("/files/"))


def test_a_report_of_files_without_hashes(workspace: Workspace) -> None:
    """Where pip has to transfer a file to know what it needs, it tells the hash that it found."""
    with FaultyIndex(Shape(hashes=False, metadata=False)) as index:
        stock(index)
        found = same_reports(index, workspace, "app", "source")
    assert all(entry["download_info"]["archive_info"]["hashes"] for entry in found.values())


def test_a_report_of_nothing_and_one_that_cannot_be_written(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """What is installed already is not in it; an unwritable file is told before anything is changed."""
    stock(index)
    words = ("install", "--index-url", index.url, "speed", "--report")
    run = workspace.tool(environment, *words, "no/such/folder.json")
    assert run.returncode == 73, run.output
    assert "no/such/folder.json" in run.stderr
    assert environment.versions() == {}
    for expected in (["speed"], []):
        run = workspace.tool(environment, *words, "-")
        assert run.returncode == 0, run.output
        assert [entry["metadata"]["name"] for entry in json.loads(run.stdout)["install"]] == expected


# --- --only-deps --------------------------------------------------------------------------------------


def _folder(_index: FaultyIndex, workspace: Workspace) -> Words:
    return [folder(workspace)]


def _by_url(index: FaultyIndex, _workspace: Workspace) -> Words:
    sdist, wheel = make_sdist("other", "1.0", ["speed"]), make_wheel("third", "1.0")
    index.add(
        make_wheel(
            "wants", "1.0", [f"other @ {elsewhere(index, sdist)}", f"third @ {elsewhere(index, wheel)}"]
        )
    )
    return ["wants", "app[unknown]"]


def _a_dependency_too(_index: FaultyIndex, _workspace: Workspace) -> Words:
    return ["app", "lib", "-c", "constraints.txt"]


@pytest.mark.pips
@SINCE_26_2
@pytest.mark.parametrize(
    ("write", "installed"),
    [
        pytest.param(_folder, {"lib": "2.0", "source": "1.0", "speed": "2.0"}, id="folder"),
        pytest.param(
            _by_url,
            {"other": "1.0", "third": "1.0", "lib": "2.0", "speed": "2.0"},
            id="dependencies-by-url",
        ),
        pytest.param(_a_dependency_too, {"speed": "1.0"}, id="named-and-needed"),
    ],
)
def test_only_dependencies(
    index: FaultyIndex,
    workspace: Workspace,
    write: Callable[[FaultyIndex, Workspace], Words],
    installed: dict[str, str],
) -> None:
    """What is asked for stays out, what it needs comes, in groups, and nothing is marked REQUESTED."""
    stock(index)
    workspace.write("constraints.txt", "speed<2")
    words = ("install", "--index-url", index.url, "--only-deps", *write(index, workspace))
    _, ours = both(workspace, (), words)
    assert ours.versions() == installed
    assert ours.requested() == set()


@SINCE_26_2
def test_only_dependencies_of_a_saved_plan(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """A plan file tells that it lacks what was asked for; pip's refusals hold, in one line."""
    stock(index)
    words = ("--index-url", index.url, "--only-deps")
    assert workspace.tool(environment, "plan", "-o", "plan.toml", *words, "app").returncode == 0
    run = workspace.tool(environment, "install", "--plan", "plan.toml")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"lib": "2.0", "speed": "2.0"}
    assert environment.requested() == set()
    run = workspace.tool(environment, "install", *words, "-r", workspace.write("r.txt", "app"))
    assert run.returncode == 2, run.output
    assert "Cannot use '--only-dependencies' in combination with '--requirement'" in run.stderr


# --- lock files ---------------------------------------------------------------------------------------


def locked(index: FaultyIndex, workspace: Workspace) -> str:
    """Write a lock file with every form of package that pip admits in one that has hashes."""
    wheel, old = make_wheel("app", "1.0", ["lib"]), index.add(make_wheel("lib", "1.5"))
    sdist, archive = make_sdist("source", "3.0"), make_sdist("archived", "1.0")
    extra, odd = make_wheel("extra", "1.0"), replace(wheel, filename="app-1.0-cp39-cp39-win32.whl")
    (workspace.root / "wheels").mkdir()
    (workspace.root / "wheels" / extra.filename).write_bytes(extra.content)
    text = f"""
lock-version = "1.0"
created-by = "a test"
extras = ["more"]
dependency-groups = ["dev"]
default-groups = ["dev"]

[[packages]]
name = "app"
version = "1.0"
wheels = [
    {{ url = "{elsewhere(index, odd)}", hashes = {{ sha256 = "{odd.sha256}" }} }},
    {{ url = "{elsewhere(index, wheel)}", size = {wheel.size}, hashes = {{ sha256 = "{wheel.sha256}" }} }},
]

[[packages]]
name = "lib"
version = "1.5"
wheels = [
    {{ name = "{old.filename}", url = "{index.url_of(old.path)}", hashes = {{ sha256 = "{old.sha256}" }} }},
]

[[packages]]
name = "source"
version = "3.0"
marker = "'dev' in dependency_groups"
sdist = {{ url = "{elsewhere(index, sdist)}", hashes = {{ sha256 = "{sdist.sha256}" }} }}

[[packages]]
name = "archived"
archive = {{ url = "{elsewhere(index, archive)}", hashes = {{ sha256 = "{archive.sha256}" }} }}

[[packages]]
name = "extra"
marker = "'more' in extras"
wheels = [{{ path = "wheels/{extra.filename}", hashes = {{ sha256 = "{extra.sha256}" }} }}]

[[packages]]
name = "never"
version = "1.0"
marker = "sys_platform == 'none'"
wheels = [{{ url = "https://none.example/never-1.0-py3-none-any.whl", hashes = {{ sha256 = "00" }} }}]
"""
    (workspace.root / "pylock.toml").write_text(text)
    return text


@SINCE_26_3
def test_a_lock_file(index: FaultyIndex, workspace: Workspace) -> None:
    """Its files and no others, whatever the index has; extras, groups and markers decide as in pip."""
    stock(index)
    text = locked(index, workspace)
    versions = {"app": "1.0", "lib": "1.5", "archived": "1.0"}
    words = ("install", "--index-url", index.url, "-r")
    _, ours = both(workspace, (), (*words, "pylock.toml[more]"))
    assert ours.versions() == {**versions, "source": "3.0", "extra": "1.0"}
    shutil.rmtree(workspace.root / "env-0")
    shutil.rmtree(workspace.root / "env-1")
    remote = index.put("/locks/pylock.toml", text.replace('path = "wheels/', 'path = "none/').encode())
    _, ours = both(workspace, (), ("install", "--no-index", "-r", remote))
    assert ours.versions() == {**versions, "source": "3.0"}


@SINCE_26_3
def test_a_folder_in_a_lock_file(index: FaultyIndex, workspace: Workspace) -> None:
    """Relative to the lock file; without hashes in the others, as pip cannot check a folder."""
    stock(index)
    folder(workspace)
    (workspace.root / "pylock.dev.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "a test"\n[[packages]]\nname = "local"\n'
        'directory = { path = "local-1.0", editable = true }\n'
    )
    _, ours = both(workspace, (), ("install", "--index-url", index.url, "-r", "pylock.dev.toml"))
    assert ours.versions() == {"local": "1.0", "lib": "2.0", "source": "1.0", "speed": "2.0"}
    assert ours.requested() == {"local"}


@SINCE_26_3
def test_a_lock_file_whose_hash_does_not_match(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """65, and nothing is installed."""
    text = locked(index, workspace)
    good = make_wheel("app", "1.0", ["lib"]).sha256
    workspace.write("pylock.toml", *text.replace(good, "0" * 64).splitlines())
    run = workspace.tool(environment, "install", "--index-url", index.url, "-r", "pylock.toml")
    assert run.returncode == 65, run.output
    assert run.block["package"].startswith("app"), run.output
    assert environment.versions() == {}


@SINCE_26_3
@pytest.mark.parametrize(
    ("lines", "status", "message"),
    [
        pytest.param(["x ="], 2, "pylock.toml:1: Invalid value (at line 1, column 4)", id="no-toml"),
        pytest.param(['created-by = "x"'], 2, "pylock.toml:1: Missing required value", id="no-lock"),
        pytest.param(
            ['lock-version = "1.0"', 'created-by = "x"', 'requires-python = "<3"', "packages = []"],
            1,
            "pylock.toml: python_full_version",
            id="another-python",
        ),
    ],
)
def test_a_lock_file_that_cannot_be_used(
    workspace: Workspace, environment: Environment, lines: list[str], status: int, message: str
) -> None:
    """One line, with the file."""
    workspace.write("pylock.toml", *lines)
    run = workspace.tool(environment, "install", "--no-index", "-r", "pylock.toml")
    assert run.returncode == status, run.output
    assert message in run.stderr


# --- scripts ------------------------------------------------------------------------------------------

SCRIPT = """\
#!/usr/bin/env python3
# /// script
# requires-python = "{python}"
# dependencies = [
#     "app<2",
#     "speed",
# ]
# ///
print("hello")
"""


@pytest.mark.pips
@SINCE_26_0
def test_the_requirements_of_a_script(index: FaultyIndex, workspace: Workspace) -> None:
    """As pip reads them from its block, beside others."""
    stock(index)
    (workspace.root / "tool.py").write_text(SCRIPT.format(python=">=3.10"))
    words = ("install", "--index-url", index.url, "--requirements-from-script", "tool.py")
    _, ours = both(workspace, (), (*words, "source"))
    assert ours.versions() == {"app": "1.0", "lib": "2.0", "speed": "2.0", "source": "1.0"}


@SINCE_26_0
def test_a_script_that_cannot_be_used(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Another Python is needed, a requirement is none, there is no block: what is wrong, and where."""
    stock(index)
    words = ("install", "--index-url", index.url, "--requirements-from-script", "tool.py")
    script = workspace.root / "tool.py"
    for text, status, message in (
        (SCRIPT.format(python="<3"), 1, "Script 'tool.py' requires a different Python: 3."),
        (SCRIPT.format(python=">=3").replace("app<2", "app<<2"), 2, "tool.py:5: Invalid requirement"),
        (SCRIPT.format(python=">=3").replace('"app<2"', "2"), 2, "tool.py: dependencies has to be a list"),
        ("print()\n", 2, "File does not contain 'script' metadata: 'tool.py'"),
    ):
        script.write_text(text)
        run = workspace.tool(environment, *words)
        assert run.returncode == status, run.output
        assert message in run.stderr, run.output
    assert environment.versions() == {}


# --- patience -----------------------------------------------------------------------------------------


def test_timeout_and_retries_are_obeyed(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """--timeout ends a silent try, --retries counts the further ones; --tries beats them."""
    wheel = index.add(make_wheel("large", "1.0", size=400_000))
    index.script(wheel.path, [Stall(1000)])
    words = ("install", "--index-url", index.url, "large", "--timeout", "0.4", "--backoff-base", "0.05s")
    run = workspace.tool(environment, *words, "--retries", "1", "--resume-retries", "0")
    assert run.returncode == 75, run.output
    assert "no data for 0.4 s" in run.block["cause"]
    assert run.block["tries"].startswith("2 in ")
    before = len(index.requests_for(wheel.path))
    run = workspace.tool(environment, *words, "--tries", "1", env={"PIP_RETRIES": "9"})
    assert run.returncode == 75, run.output
    assert len(index.requests_for(wheel.path)) == before + 1
