"""Plans that are saved and used: the same files elsewhere and later, in one run or a group at a time."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.environments import Environment, Run, Workspace
from tests.support.faults import Status, WrongBytes
from tests.support.faultserver import FaultyIndex
from tests.support.limits import EACH_ALONE, QUICK
from tests.support.pages import Shape, write_files
from tests.support.sources import commit, unpack
from tests.support.wheels import Distribution, make_sdist, make_wheel

GIT = shutil.which("git")
PASSWORD = "s3cret-in-the-url"


def requests_after(index: FaultyIndex, count: int) -> set[str]:
    """What was asked for since then, by the last part of its path."""
    return {request.path.rstrip("/").rpartition("/")[2] for request in index.requests[count:]}


def repository(workspace: Workspace, sdist: Distribution) -> str:
    """Make a git repository of an sdist, and return its URL."""
    tree = unpack(sdist, workspace.root / sdist.name)
    commit(tree)
    return f"git+{tree.as_uri()}"


def grouped_index(index: FaultyIndex) -> None:
    """Three requirements: the second needs the first and something of its own, the third the second."""
    index.add(make_wheel("base", "1.0"))
    index.add(make_wheel("middle", "1.0", ["base<2", "common"]))
    index.add(make_wheel("common", "1.0"))
    index.add(make_wheel("top", "1.0", ["middle"]))


REQUIREMENTS = ("base", "middle", "top")


@pytest.mark.pips
def test_every_form_is_installed_as_pip_installs_it(index: FaultyIndex, workspace: Workspace) -> None:
    """Out of the file alone, at the planned versions, with no page and no metadata read."""
    for version in ("1.0", "2.0"):
        index.add(make_wheel("app", version, ["lib[fast]"]))
        index.add(make_wheel("lib", version, extras={"fast": ["speed"]}))
    index.add(make_wheel("speed", "1.0"))
    index.add(make_sdist("source", "1.0", ["speed"]))
    direct = make_wheel("direct", "1.0", ["lib"], extras={"more": ["speed"]})
    url = index.put(f"/elsewhere/{direct.filename}", direct.content)
    sdist = make_sdist("archive", "1.0")
    sdist_url = index.put(f"/elsewhere/{sdist.filename}", sdist.content)
    local = make_wheel("local", "1.0")
    write_files(workspace.root / "wheels", [local])
    requirements = workspace.write(
        "requirements.txt",
        "app",
        "source",
        f"direct[more] @ {url}#sha256={direct.sha256}",
        f"archive @ {sdist_url}",
        f"./wheels/{local.filename}",
        f"checkout @ {repository(workspace, make_sdist('checkout', '1.0'))}",
    )
    constraints = workspace.write("constraints.txt", "lib<2")
    words = ("--index-url", index.url, "-r", requirements, "-c", constraints)
    environment = workspace.environment()
    by_pip = workspace.pip(environment, "install", *words)
    assert by_pip.returncode == 0, by_pip.output
    expected = environment.snapshot()
    # What is installed where the plan is made does not count.
    planned = workspace.tool(environment, "plan", "-o", "plan.json", *words)
    assert planned.returncode == 0, planned.output
    assert str(workspace.root) not in (workspace.root / "plan.json").read_text()
    shutil.rmtree(environment.root)
    index.add(make_wheel("app", "3.0"))
    index.add(make_wheel("speed", "2.0"))
    before = len(index.requests)
    environment = workspace.environment()
    run = workspace.tool(environment, "--index-url", index.url, "--plan", "plan.json")
    assert run.returncode == 0, run.output
    assert environment.snapshot() == expected
    asked = requests_after(index, before)
    assert [name for name in asked if not name.endswith((".whl", ".tar.gz"))] == []
    again = workspace.tool(environment, "--index-url", index.url, "--plan", "plan.json", *words)
    assert again.returncode == 0, again.output
    assert "nothing to install" in again.stderr
    assert environment.snapshot() == expected


def test_the_same_plan_is_the_same_bytes(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Whatever is installed, and however many lines and comments stand above."""
    grouped_index(index)
    workspace.write("requirements.txt", *REQUIREMENTS)
    words = ("--index-url", index.url, "-r", "requirements.txt")
    first = workspace.tool(environment, "plan", "-o", "one.json", *words)
    assert "saved as one.json" in first.stdout, first.output
    assert workspace.tool(environment, *words).returncode == 0
    workspace.write("requirements.txt", "# a comment", "", *REQUIREMENTS)
    second = workspace.tool(environment, "plan", "--json", "-o", "two.json", *words)
    assert second.returncode == 0, second.output
    one, two = ((workspace.root / name).read_text() for name in ("one.json", "two.json"))
    assert one == two == second.stdout


def test_require_hashes(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """The plan has the hashes, and is refused where the lines have others."""
    wheels = [index.add(make_wheel(name, "1.0")) for name in ("one", "two")]
    lines = [f"{wheel.name}==1.0 --hash=sha256:{wheel.sha256}" for wheel in wheels]
    workspace.write("requirements.txt", *lines)
    words = ("--index-url", index.url, "--require-hashes", "-r", "requirements.txt")
    planned = workspace.tool(environment, "plan", "-o", "plan.json", *words)
    assert planned.returncode == 0, planned.output
    workspace.write("requirements.txt", lines[0], f"two==1.0 --hash=sha256:{'0' * 64}")
    refused = workspace.tool(environment, *words, "--plan", "plan.json")
    assert refused.returncode == 2, refused.output
    assert (
        "two-1.0-py3-none-any.whl has another hash there than requirements.txt:2: two==1.0" in refused.stderr
    )
    workspace.write("requirements.txt", *lines)
    run = workspace.tool(environment, *words, "--plan", "plan.json")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"one": "1.0", "two": "1.0"}


def test_other_bytes_under_the_planned_url(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """They are not installed, although as many."""
    wheel = index.add(make_wheel("one", "1.0"))
    planned = workspace.tool(environment, "plan", "-o", "plan.json", "--index-url", index.url, "one")
    assert planned.returncode == 0, planned.output
    index.script(wheel.path, [WrongBytes()])
    run = workspace.tool(environment, "--index-url", index.url, *QUICK, "--plan", "plan.json")
    assert run.returncode == 65, run.output
    assert wheel.sha256 in run.block["cause"]
    assert environment.versions() == {}


def test_an_index_without_hashes(workspace: Workspace, environment: Environment) -> None:
    """What it does not tell is found out when the plan is saved."""
    with FaultyIndex(Shape(hashes=False, sizes=False)) as index:
        wheel = index.add(make_wheel("one", "1.0"))
        planned = workspace.tool(environment, "plan", "-o", "plan.json", "--index-url", index.url, "one")
        assert planned.returncode == 0, planned.output
        (group,) = json.loads((workspace.root / "plan.json").read_text())["groups"]
        assert group["files"][0]["hashes"] == {"sha256": wheel.sha256}
        assert group["files"][0]["size"] == wheel.size
        run = workspace.tool(environment, "--index-url", index.url, "--plan", "plan.json")
    assert run.returncode == 0, run.output


def test_logins_come_from_the_run(workspace: Workspace, environment: Environment) -> None:
    """The plan has none, and works where the index URL of the run has one."""
    wheel = make_wheel("direct", "1.0")
    with FaultyIndex(credentials=("ann", PASSWORD)) as index:
        index.add(make_wheel("one", "1.0", ["two"]))
        index.add(make_wheel("two", "1.0"))
        url = index.put(f"/elsewhere/{wheel.filename}", wheel.content)
        line = f"direct @ {url.replace('://', f'://ann:{PASSWORD}@')}?token={PASSWORD}"
        words = ("--index-url", index.url_with_credentials, "one", line)
        planned = workspace.tool(environment, "plan", "--json", "-o", "plan.json", *words)
        assert planned.returncode == 0, planned.output
        assert PASSWORD not in planned.output + (workspace.root / "plan.json").read_text()
        without = workspace.tool(environment, "--index-url", index.url, *QUICK, "--plan", "plan.json")
        assert without.returncode == 69, without.output
        run = workspace.tool(environment, "--plan", "plan.json", *words)
    assert run.returncode == 0, run.output
    assert environment.versions() == {"one": "1.0", "two": "1.0", "direct": "1.0"}
    assert PASSWORD not in run.output


def test_a_package_that_asks_for_another_by_url(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """As its metadata writes the URL, with the hash that the plan has; one with a login is refused."""
    wheel = make_wheel("far", "1.0")
    url = index.put(f"/elsewhere/{wheel.filename}", wheel.content)
    index.add(make_wheel("near", "1.0", [f"far @ {url}"]))
    index.add(make_wheel("leaky", "1.0", [f"far @ {url.replace('://', f'://ann:{PASSWORD}@')}"]))
    words = ("--index-url", index.url)
    planned = workspace.tool(environment, "plan", "-o", "plan.json", *words, "near")
    assert planned.returncode == 0, planned.output
    run = workspace.tool(environment, *words, "--plan", "plan.json")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"near": "1.0", "far": "1.0"}
    refused = workspace.tool(environment, "plan", "--json", "-o", "leaky.json", *words, "leaky")
    assert refused.returncode == 2, refused.output
    assert "leaky==1.0 asks for far by a URL with a login or a query" in refused.stderr
    assert PASSWORD not in refused.output
    assert not (workspace.root / "leaky.json").exists()


def test_a_url_that_has_expired_is_looked_up_again(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """On the page of its own index, by file name and hash."""
    with FaultyIndex(address="127.0.0.2") as elsewhere:
        wheel = index.add(make_wheel("one", "1.0"))
        elsewhere.add(wheel)
        planned = workspace.tool(environment, "plan", "-o", "plan.json", "--index-url", index.url, "one")
        assert planned.returncode == 0, planned.output
        index.script(wheel.path, [Status(403)])
        index.files_url = elsewhere.url.removesuffix("/simple/")
        run = workspace.tool(environment, *QUICK, "--index-url", index.url, "--plan", "plan.json")
        assert elsewhere.sent(wheel.path) == wheel.size
    assert run.returncode == 0, run.output
    assert environment.versions() == {"one": "1.0"}


def test_a_file_that_is_gone_is_named(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Where its own index does not list another place for it either."""
    wheel = index.add(make_wheel("one", "1.0"))
    planned = workspace.tool(environment, "plan", "-o", "plan.json", "--index-url", index.url, "one")
    assert planned.returncode == 0, planned.output
    index.script(wheel.path, [Status(410)])
    run = workspace.tool(environment, *QUICK, "--index-url", index.url, "--plan", "plan.json")
    assert run.returncode == 1, run.output
    assert run.block["package"].startswith("one 1.0")
    assert run.block["cause"] == "HTTP 410"


@pytest.mark.parametrize("flags", [pytest.param([], id="folder"), pytest.param(["-e"], id="editable")])
def test_a_folder_is_refused_with_a_reason(
    workspace: Workspace, environment: Environment, flags: Sequence[str]
) -> None:
    """It is another one on each machine; a plan without it would be half of one."""
    unpack(make_sdist("mine", "1.0"), workspace.root / "mine")
    run = workspace.tool(environment, "plan", "-o", "plan.json", "--no-index", *flags, "./mine")
    assert run.returncode == 2, run.output
    assert "./mine is built from a folder, which a plan cannot hold" in run.stderr
    assert not (workspace.root / "plan.json").exists()


def test_a_plan_that_does_not_fit_is_one_line(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Exit code 2: the file, what differs and the command that makes it anew; nothing is changed."""
    grouped_index(index)
    words = ("--index-url", index.url)
    planned = workspace.tool(environment, "plan", "-o", "plan.json", *words, *REQUIREMENTS)
    assert planned.returncode == 0, planned.output
    workspace.write("requirements.txt", "base>=2", "middle", "top")
    before = len(index.requests)
    run = workspace.tool(environment, *words, "--plan", "plan.json", "-r", "requirements.txt")
    assert run.returncode == 2, run.output
    assert run.stderr.splitlines()[-1] == (
        "resilient-pip: error: --plan plan.json: it has base==1.0, and not requirements.txt:1: base>=2; "
        "make it anew: resilient-pip plan -o plan.json with the requirements"
    )
    assert index.requests[before:] == []
    assert environment.versions() == {}


def test_time_outs_are_those_of_the_plan(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """A hard one of a directive holds where nobody gives the directive."""
    index.add(make_wheel("one", "1.0"))
    workspace.write("requirements.txt", "one  # resilient-pip: timeout=77 retries=2 group=first")
    words = ("--index-url", index.url)
    planned = workspace.tool(environment, "plan", "-o", "plan.json", *words, "-r", "requirements.txt")
    assert planned.returncode == 0, planned.output
    shown = workspace.tool(environment, "plan", "--json", *words, "--plan", "plan.json")
    assert json.loads(shown.stdout) == json.loads((workspace.root / "plan.json").read_text())
    (group,) = json.loads(shown.stdout)["groups"]
    (file,) = group["files"]
    facts = (group["name"], file["timeout"], file["timeout_is_hard"], file["tries"])
    assert facts == ("first", 77, True, 2)


# --- a Dockerfile's lines ----------------------------------------------------------------------------


def split(workspace: Workspace, environment: Environment, index: FaultyIndex, *words: str) -> Run:
    """Make the lines of a split with a group for each requirement."""
    run = workspace.tool(
        environment, "plan", "--dockerfile", *EACH_ALONE, "--index-url", index.url, *words, *REQUIREMENTS
    )
    assert run.returncode == 0, run.output
    return run


def instructions(text: str) -> list[list[str]]:
    """Take a Dockerfile's instructions apart as a shell would, without comments."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", text)).splitlines()
    return [shlex.split(line) for line in lines if line]


def saved(folder: Path) -> Mapping[str, bytes]:
    """The files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_lines_of_a_dockerfile(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Each brings its group, touches nothing of those before, and together they bring everything."""
    grouped_index(index)
    copy, *runs = instructions(split(workspace, environment, index).stdout)
    assert copy == ["COPY", "--from=resilient-pip", "/resilient-pip.pyz", "/usr/local/bin/resilient-pip"]
    assert len(runs) == 3
    index.add(make_wheel("base", "1.1"))  # newer ones do not count any more
    there: dict[str, object] = {}
    for number, line in enumerate(runs, 1):
        mounts = [
            dict(pair.split("=", 1) for pair in word[8:].split(",")) for word in line if "mount" in word
        ]
        places = {mount["target"]: mount["source"] for mount in mounts if mount["type"] == "bind"}
        assert list(places.values()) == [
            "plan.d/10-base.json", "plan.d/20-middle.json", "plan.d/30-top.json"
        ][:number]  # fmt: skip
        assert mounts[-1] == {"type": "cache", "target": "/root/.cache/pip"}
        words = [
            f"--plan={places[word.removeprefix('--plan=')]}" if word.startswith("--plan=") else word
            for word in line[line.index("resilient-pip") + 1 :]
        ]
        assert any(word.startswith("--deadline=") for word in words)
        run = workspace.tool(environment, "--index-url", index.url, *words)
        assert run.returncode == 0, run.output
        state = environment.snapshot()
        assert {path: state[path] for path in there} == there
        there = {path: entry for path, entry in state.items() if entry[0] != "folder"}
    assert environment.versions() == {"base": "1.0", "middle": "1.0", "common": "1.0", "top": "1.0"}
    assert environment.requested() == set(REQUIREMENTS)


def test_a_change_in_one_group_changes_no_group_before_it(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Neither its file nor its line, so its layer stays; what is left over goes, if it is ours."""
    grouped_index(index)
    folder = workspace.root / "plan.d"
    first = split(workspace, environment, index)
    before = saved(folder)
    (folder / "40-old.json").write_bytes(before["30-top.json"])
    (folder / "50-mine.json").write_text("{}")
    (folder / "notes.txt").write_text("mine")
    index.add(make_wheel("top", "2.0", ["middle", "late"]))
    index.add(make_wheel("late", "1.0"))
    second = split(workspace, environment, index)
    after = saved(folder)
    assert after.keys() == before.keys() | {"50-mine.json", "notes.txt"}
    assert [name for name in before if before[name] != after[name]] == ["30-top.json"]
    assert instructions(first.stdout)[:3] == instructions(second.stdout)[:3]


def test_a_group_that_needs_an_earlier_one_says_so(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """It is not installed half, and an earlier group's package is not replaced by a later group's line."""
    grouped_index(index)
    workspace.write("requirements.txt", *REQUIREMENTS)
    words = ("--index-url", index.url, *EACH_ALONE, "-r", "requirements.txt")
    run = workspace.tool(environment, *words, "--install-group", "middle")
    assert run.returncode == 2, run.output
    assert run.stderr.splitlines()[-1] == (
        "resilient-pip: error: install group 'middle' needs base==1.0 of group 'base', "
        "which is not installed: install that group first"
    )
    run = workspace.tool(environment, *words, "--install-group", "nothing")
    assert run.returncode == 2, run.output
    assert "no install group 'nothing' in the plan (there are base, middle, top)" in run.stderr
    assert environment.versions() == {}


def test_groups_of_a_plan_that_is_made_afresh(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Line by line, with new releases in between: what is there stays, and is no unknown group."""
    grouped_index(index)
    workspace.write("requirements.txt", *REQUIREMENTS)
    words = ("--index-url", index.url, *EACH_ALONE, "-r", "requirements.txt")
    for groups in (["--install-group", "base"], ["--install-group", "base"]):
        run = workspace.tool(environment, *words, *groups)
        assert run.returncode == 0, run.output
        assert environment.versions() == {"base": "1.0"}
    index.add(make_wheel("base", "1.5"))
    index.add(make_wheel("common", "2.0"))
    run = workspace.tool(environment, *words, "--from-install-group", "middle")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"base": "1.0", "middle": "1.0", "common": "2.0", "top": "1.0"}
    # An upgrade would reach into an earlier group.
    index.add(make_wheel("middle", "2.0", ["base>=1.5"]))
    run = workspace.tool(environment, *words, "-U", "--install-group", "middle")
    assert run.returncode == 2, run.output
    assert run.stderr.splitlines()[-1] == (
        "resilient-pip: error: there is no install group 'middle' in the plan (there are base, top; "
        "base 1.0, middle 1.0 would be replaced, in one group with all that needs it)"
    )
    assert environment.versions()["base"] == "1.0"
