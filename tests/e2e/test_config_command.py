"""`resilient-pip config`: each value that holds, and the place that says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.environments import Workspace


@pytest.fixture
def places(workspace: Workspace) -> dict[str, Path]:
    """The files of each level, none of them there yet."""
    return {
        "global": workspace.root / "etc" / "pip" / "pip.conf",
        "user": workspace.root / "home" / ".config" / "pip" / "pip.conf",
        "site": workspace.root / "own" / "pip.conf",
        "named": workspace.root / "named.conf",
    }


def configured(workspace: Workspace, *words: str, **variables: str) -> dict[str, Any]:
    """What the command tells programs."""
    run = workspace.tool(None, "config", "--json", *words, env=regular(workspace) | variables)
    assert run.returncode == 0, run.output
    return dict(json.loads(run.stdout))


def regular(workspace: Workspace) -> dict[str, str]:
    """What lets pip read its regular files, below the workspace."""
    return {"PIP_CONFIG_FILE": "", "XDG_CONFIG_DIRS": str(workspace.root / "etc")}


def write(path: Path, *lines: str) -> None:
    """Write a file of lines and the folders that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.pips
def test_places_of_pip_in_their_order(workspace: Workspace, places: dict[str, Path]) -> None:
    """Global, user, PIP_CONFIG_FILE, variable, command line: each beats those before it, and is named."""
    url = "https://{}.example/simple"
    seen = []
    write(places["global"], "[global]", f"index-url = {url.format('global')}")
    seen.append(configured(workspace)["pip"]["index-url"])
    write(places["user"], "[global]", f"index-url = {url.format('user')}")
    seen.append(configured(workspace)["pip"]["index-url"])
    write(places["named"], "[global]", f"index-url = {url.format('named')}")
    named = {"PIP_CONFIG_FILE": str(places["named"])}
    seen.append(configured(workspace, **named)["pip"]["index-url"])
    named["PIP_INDEX_URL"] = url.format("variable")
    seen.append(configured(workspace, **named)["pip"]["index-url"])
    seen.append(configured(workspace, "-i", url.format("words"), **named)["pip"]["index-url"])
    assert [(one["values"], one["from"]) for one in seen] == [
        ([url.format("global")], [f"{places['global']} [global]"]),
        ([url.format("user")], [f"{places['user']} [global]"]),
        ([url.format("named")], [f"{places['named']} [global]"]),
        ([url.format("variable")], ["PIP_INDEX_URL"]),
        ([url.format("words")], ["command line"]),
    ]


@pytest.mark.pips
def test_the_section_counts_before_the_file(workspace: Workspace, places: dict[str, Path]) -> None:
    """[install] of a weaker file beats [global] of a stronger one; other commands' options are left out."""
    write(places["global"], "[install]", "timeout = 7", "[download]", "retries = 1")
    write(places["user"], "[global]", "timeout = 9", "no-such-option = 1")
    found = configured(workspace)["pip"]
    assert found["timeout"] == {"values": ["7.0"], "from": [f"{places['global']} [install]"]}
    assert found.keys().isdisjoint({"retries", "no-such-option"})


def test_the_file_of_the_environment_that_it_runs_in(workspace: Workspace, places: dict[str, Path]) -> None:
    """pip.conf in the root of the virtual environment is pip's "site" level."""
    own = workspace.environment("own")
    (own.site_packages / "program.pth").write_text(
        "".join(f"{path}\n" for path in sys.path if Path(path).is_dir())
    )
    write(places["user"], "[global]", "index-url = https://user.example/simple")
    write(places["site"], "[global]", "index-url = https://site.example/simple")
    tool = Workspace(root=workspace.root, program=(str(own.python), "-m", "resilient_pip"))
    found = configured(tool)
    assert found["pip"]["index-url"]["from"] == [f"{places['site']} [global]"]
    assert found["files"][str(places["site"])]


@pytest.mark.pips
def test_files_are_those_that_pip_names(workspace: Workspace, places: dict[str, Path]) -> None:
    """`pip config debug` lists the same files, and which of them are there."""
    write(places["global"], "[global]")
    write(places["named"], "[global]")
    variables = regular(workspace) | {"PIP_CONFIG_FILE": str(places["named"])}
    found = configured(workspace, **variables)["files"]
    env = {"PATH": os.environ["PATH"], "HOME": str(workspace.home)} | variables
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "debug"], env=env, capture_output=True, text=True, check=True
    )
    rows = [line.strip().rsplit(", exists: ", 1) for line in told.stdout.splitlines() if ", exists: " in line]
    assert {name: is_there == "True" for name, is_there in rows} == found


def test_own_settings_in_their_order(workspace: Workspace) -> None:
    """pyproject.toml, variable, option: each beats the one before it, and is named."""
    seen = [configured(workspace)["settings"]["tries"]]
    workspace.write("pyproject.toml", "[tool.resilient-pip]", "tries = 3", 'mirror = ["https://m.example/"]')
    seen.append(configured(workspace)["settings"]["tries"])
    seen.append(configured(workspace, RESILIENT_PIP_TRIES="4")["settings"]["tries"])
    last = configured(workspace, "--tries", "5", RESILIENT_PIP_TRIES="4")["settings"]
    assert [*seen, last["tries"]] == [
        {"value": "8", "from": "default"},
        {"value": "3", "from": "pyproject.toml: [tool.resilient-pip] tries"},
        {"value": "4", "from": "RESILIENT_PIP_TRIES"},
        {"value": "5", "from": "--tries"},
    ]
    assert last["mirror"] == {
        "value": ["https://m.example/"],
        "from": "pyproject.toml: [tool.resilient-pip] mirror",
    }


def test_secrets_are_masked(workspace: Workspace) -> None:
    """Logins and queries of URLs do not show, wherever they come from; that there are some does."""
    run = workspace.tool(
        None,
        *("config", "--mirror", "https://user:hidden1@m.example/", "--proxy", "user:hidden2@p.example:3128"),
        env={
            "PIP_INDEX_URL": "https://user:hidden3@i.example/simple?token=hidden4",
            "PIP_EXTRA_INDEX_URL": "https://hidden5@one.example/simple https://two.example/simple",
        },
    )
    assert run.returncode == 0, run.output
    assert "hidden" not in run.output
    for shown in (
        "https://****@m.example/",
        "****@p.example:3128",
        "https://****@i.example/simple?****",
        "https://****@one.example/simple",
        "https://two.example/simple",
    ):
        assert f" {shown} " in f"{run.stdout} ".replace("\n", " "), run.stdout


@pytest.mark.parametrize(
    ("words", "variables", "named"),
    [
        pytest.param(["list"], {}, "'list'", id="a-command-of-pip-config"),
        pytest.param(["--tries", "no"], {}, "--tries", id="bad-value"),
        pytest.param([], {"PIP_TIMEOUT": "soon"}, "timeout", id="bad-variable-of-pip"),
        pytest.param([], {"RESILIENT_PIP_TRIES": "0"}, "RESILIENT_PIP_TRIES", id="bad-variable"),
    ],
)
def test_what_is_wrong_is_one_line(
    workspace: Workspace, words: list[str], variables: dict[str, str], named: str
) -> None:
    """It says where, with exit code 2."""
    run = workspace.tool(None, "config", *words, env=variables)
    assert run.returncode == 2, run.output
    assert len(run.output.splitlines()) == 1, run.output
    assert named in run.stderr


def test_a_project_of_that_name(workspace: Workspace) -> None:
    """`install config` installs it: here an index without projects says that there is none."""
    run = workspace.tool(workspace.environment(), "install", "--no-index", "config")
    assert run.returncode == 1, run.output
    assert "config" in run.stderr
