"""The command line: what is refused and how, what is planned, what is already there."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from tests.support.environments import Environment, Workspace
from tests.support.faultserver import FaultyIndex
from tests.support.limits import EACH_ALONE
from tests.support.wheels import make_wheel


@pytest.mark.parametrize(
    ("lines", "words", "named"),
    [
        pytest.param(["torch=>1"], ["-r", "requirements.txt"], "requirements.txt", id="bad-requirement"),
        pytest.param([], ["torch=>1"], "torch=>1", id="bad-requirement-as-argument"),
        pytest.param([], ["-r", "missing.txt"], "missing.txt", id="missing-file"),
        pytest.param(
            ["a", "# resilient-pip: grup=x", "b"],
            ["-r", "requirements.txt"],
            "requirements.txt:2",
            id="malformed-directive",
        ),
        pytest.param([], ["--no-such-option", "a"], "--no-such-option", id="unknown-option"),
        pytest.param([], ["--stall-timeout", "soon", "a"], "--stall-timeout", id="bad-value"),
        pytest.param([], [], "", id="nothing"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(  # noqa: PLR0917 - the table's columns
    index: FaultyIndex,
    workspace: Workspace,
    environment: Environment,
    lines: list[str],
    words: list[str],
    named: str,
) -> None:
    """It names what is wrong and asks no index."""
    workspace.write("requirements.txt", *lines)
    run = workspace.tool(environment, "install", "--index-url", index.url, *words)
    assert run.returncode == 2, run.output
    assert len(run.output.splitlines()) == 1, run.output
    assert named in run.stderr
    assert index.requests == []


def test_no_such_package(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """Exit 1, and the name."""
    run = workspace.tool(environment, "install", "--index-url", index.url, "no-such-thing")
    assert run.returncode == 1, run.output
    assert "no-such-thing" in run.stderr


@pytest.mark.pips
def test_no_such_version(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """Exit 1, and the versions that there are."""
    index.add(make_wheel("a", "1.0"))
    file = workspace.write("requirements.txt", "", "a>=7")
    run = workspace.tool(environment, "install", "--index-url", index.url, "-r", file)
    assert run.returncode == 1, run.output
    assert "a>=7" in run.stderr
    assert "1.0" in run.stderr


@pytest.mark.pips
def test_a_conflict_is_explained_with_its_lines(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Exit 1, pip's explanation, and file:line of what takes part; nothing is installed."""
    index.add(make_wheel("a", "1.0", ["c==1.0"]))
    index.add(make_wheel("b", "1.0", ["c==2.0"]))
    index.add(make_wheel("c", "1.0"))
    index.add(make_wheel("c", "2.0"))
    index.add(make_wheel("innocent", "1.0"))
    file = workspace.write("requirements.txt", "innocent", "a", "", "b")
    run = workspace.tool(environment, "install", "--index-url", index.url, "-r", file)
    assert run.returncode == 1, run.output
    assert "a 1.0 depends on c==1.0" in run.stderr
    assert "b 1.0 depends on c==2.0" in run.stderr
    assert re.search(r"requirements\.txt:2: a$", run.stderr, re.MULTILINE), run.stderr
    assert re.search(r"requirements\.txt:4: b$", run.stderr, re.MULTILINE), run.stderr
    assert "requirements.txt:1:" not in run.stderr
    assert environment.versions() == {}


@pytest.mark.pips
def test_nested_files_and_constraints(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """-r in a file, -c, continuation lines, markers and variables mean what they mean to pip."""
    for version in ("1.0", "2.0"):
        index.add(make_wheel("a", version, ["b"]))
        index.add(make_wheel("b", version))
        index.add(make_wheel("c", version))
    workspace.write("more.txt", "c == \\", "  ${C_VERSION}", "never; python_version < '3'")
    workspace.write("limits.txt", "b<2")
    file = workspace.write("requirements.txt", "-r more.txt", "-c limits.txt", "a")
    run = workspace.tool(
        environment, "install", "--index-url", index.url, "-r", file, env={"C_VERSION": "1.0"}
    )
    assert run.returncode == 0, run.output
    assert environment.versions() == {"a": "2.0", "b": "1.0", "c": "1.0"}


def test_install_may_be_left_out(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """`resilient-pip REQ` is `resilient-pip install REQ`."""
    index.add(make_wheel("a", "1.0"))
    run = workspace.tool(environment, "--index-url", index.url, "a")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"a": "1.0"}


def test_what_is_there_stays(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """A satisfied set does nothing, asks no index, and says so; what is missing after all is brought."""
    index.add(make_wheel("a", "1.0", ["b"]))
    index.add(make_wheel("b", "1.0"))
    words = ("install", "--index-url", index.url, "a")
    first = workspace.tool(environment, *words)
    assert first.returncode == 0, first.output
    state = environment.snapshot()
    asked = len(index.requests)
    second = workspace.tool(environment, *words)
    assert second.returncode == 0, second.output
    assert environment.snapshot() == state
    assert len(index.requests) == asked
    assert "nothing to install" in second.stderr
    assert re.search(r"satisfied\s+a 1\.0$", second.stderr, re.MULTILINE), second.stderr
    shutil.rmtree(environment.site_packages / "b-1.0.dist-info")
    third = workspace.tool(environment, *words)
    assert third.returncode == 0, third.output
    assert environment.versions() == {"a": "1.0", "b": "1.0"}


def test_a_plan_of_what_is_there_is_the_one_that_pip_makes(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """With --upgrade, too, nothing is to do, but that only pip can tell."""
    index.add(make_wheel("a", "1.0", ["B.b"]))
    index.add(make_wheel("B.b", "1.0"))
    assert workspace.tool(environment, "install", "--index-url", index.url, "a").returncode == 0
    words = ("plan", "--json", "--index-url", index.url, "a", "gone; python_version < '3'", "b_B")
    [seen, asked] = [workspace.tool(environment, *words, *more) for more in ((), ("--upgrade",))]
    assert (seen.returncode, asked.returncode) == (0, 0), seen.output + asked.output
    assert seen.stdout == asked.stdout
    assert '"satisfied": [\n    "a 1.0",\n    "B.b 1.0"' in seen.stdout


def test_a_second_environment_takes_files_from_the_cache(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """What one run fetched, the next one does not."""
    file = index.add(make_wheel("a", "1.0", size=100_000))
    for target in (environment, workspace.environment("second")):
        run = workspace.tool(target, "install", "--index-url", index.url, "a")
        assert run.returncode == 0, run.output
        assert target.versions() == {"a": "1.0"}
    assert index.sent(file.path) == file.size


def test_the_plan_as_a_table(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """`plan` prints package, version, size, group and index, fetches no file and installs nothing."""
    index.add(make_wheel("a", "1.0", ["b"], size=123_000))
    index.add(make_wheel("b", "2.0"))
    state = environment.snapshot()
    run = workspace.tool(environment, "plan", "--index-url", index.url, "a")
    assert run.returncode == 0, run.output
    (row,) = [line.split() for line in run.stdout.splitlines() if line.split()[:2] == ["a", "1.0"]]
    assert index.host in " ".join(row)
    assert re.search(r"12\d\.\d kB", " ".join(row)), row
    assert [line for line in run.stdout.splitlines() if line.split()[:2] == ["b", "2.0"]]
    assert [request.path for request in index.requests if request.path.endswith(".whl")] == []
    assert environment.snapshot() == state


def test_the_plan_for_programs(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """`plan --json` prints one JSON document and nothing else to stdout."""
    file = index.add(make_wheel("a", "1.0", ["b"]))
    index.add(make_wheel("b", "2.0"))
    run = workspace.tool(environment, "plan", "--json", "--index-url", index.url, "a")
    assert run.returncode == 0, run.output
    json.loads(run.stdout)
    assert file.sha256 in run.stdout
    assert index.host in run.stdout


def test_groups_have_the_names_that_the_user_gave(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """A directive names a group; each other requirement alone is named after itself."""
    for name in ("a", "b", "c"):
        index.add(make_wheel(name, "1.0"))
    file = workspace.write("requirements.txt", "# resilient-pip: group=letters", "a", "b", "", "c")
    run = workspace.tool(environment, "plan", "--index-url", index.url, *EACH_ALONE, "-r", file)
    assert run.returncode == 0, run.output
    groups = {line.split()[0]: line for line in run.stdout.splitlines() if line.split()[1:2] == ["1.0"]}
    assert [name for name, line in groups.items() if "letters" in line] == ["a", "b"]


def test_python_that_is_none(index: FaultyIndex, workspace: Workspace) -> None:
    """An interpreter that does not exist is an error with its name, not a traceback."""
    run = workspace.tool(
        None, "install", "--python", str(workspace.root / "nowhere"), "--index-url", index.url, "a"
    )
    assert run.returncode in {1, 2}, run.output
    assert "nowhere" in run.stderr
    assert "Traceback" not in run.output


@pytest.mark.pips
def test_a_target_folder(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """--target goes to the one install call."""
    index.add(make_wheel("a", "1.0", ["b"], files={"space/a.py": ""}))
    index.add(make_wheel("b", "1.0", files={"space/b.py": ""}))
    words = ("install", "--index-url", index.url, *EACH_ALONE, "--target", "there", "a", "b")
    run = workspace.tool(environment, *words)
    assert run.returncode == 0, run.output
    assert [path.name for path in sorted((workspace.root / "there" / "space").glob("*.py"))] == [
        "a.py",
        "b.py",
    ]
    assert environment.versions() == {}
