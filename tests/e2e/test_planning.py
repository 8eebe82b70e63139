"""What planning fetches itself, how it does that, and how it fails."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from tests.support.environments import Environment, Workspace
from tests.support.faults import Ok, SlowHeaders, Stall, Status
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.wheels import Distribution, make_sdist, make_wheel


@pytest.mark.pips
def test_a_hash_that_fails_in_planning_names_the_file(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """65 with package, file, its URL upstream, and the line that gives the hash."""
    wheel = index.add(make_wheel("ccc", "1.0"))
    file = workspace.write("requirements.txt", f"ccc==1.0 --hash=sha256:{'0' * 64}")
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "-r", file)
    assert run.returncode == 65, run.output
    assert run.block["package"] == f"ccc 1.0  ({wheel.filename})"
    assert run.block["from"] == index.url_of(wheel.path)
    assert re.search(r"asked for .*requirements\.txt:1: ccc==1\.0 ", run.stderr), run.stderr
    assert wheel.sha256 in run.block["cause"]


@pytest.mark.pips
def test_a_missing_dependency_names_the_line_that_leads_to_it(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """As pip tells only which project needs it, be that a dependency itself."""
    index.add(make_wheel("app", "1.0", ["lib"]))
    index.add(make_wheel("lib", "1.0", ["nowhere"]))
    index.add(make_wheel("innocent", "1.0"))
    file = workspace.write("requirements.txt", "innocent", "app")
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "-r", file)
    assert run.returncode == 1, run.output
    assert re.search(r"asked for .*requirements\.txt:2: app$", run.stderr, re.MULTILINE), run.stderr
    assert "requirements.txt:1:" not in run.stderr


def test_what_pip_warns_of_is_told(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """An extra that no file provides installs nothing more, and the user hears of it."""
    index.add(make_wheel("app", "1.0"))
    run = workspace.tool(environment, "install", "--index-url", index.url, "app[nothing]")
    assert run.returncode == 0, run.output
    assert "pip warns: app 1.0 does not provide the extra 'nothing'" in run.stderr


def test_hashed_files_are_fetched_side_by_side(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Where pip reads one whole file after the other, as many are read at once as may be."""
    wheels = [index.add(make_wheel(f"project{number}", "1.0")) for number in range(6)]
    for wheel in wheels:
        index.script(wheel.path, [SlowHeaders(1.0)])
    lines = [f"{wheel.name}==1.0 --hash=sha256:{wheel.sha256}" for wheel in wheels]
    file = workspace.write("requirements.txt", *lines)
    run = workspace.tool(environment, "install", "--index-url", index.url, "-r", file, "--dry-run")
    assert run.returncode == 0, run.output
    asked = [index.requests_for(wheel.path) for wheel in wheels]
    assert [len(requests) for requests in asked] == [1] * 6
    arrivals = sorted(requests[0].at_s for requests in asked)
    assert arrivals[3] - arrivals[0] < 1.0  # none of these four was answered yet


def test_no_file_is_fetched_for_what_is_installed(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """A hashed requirement that is fulfilled costs no download."""
    wheel = index.add(make_wheel("demo", "1.0"))
    assert workspace.pip(environment, "install", "--index-url", index.url, "demo").returncode == 0
    before = len(index.requests_for(wheel.path))
    file = workspace.write("requirements.txt", f"demo==1.0 --hash=sha256:{wheel.sha256}")
    run = workspace.tool(environment, "install", "--index-url", index.url, "-r", file)
    assert run.returncode == 0, run.output
    assert len(index.requests_for(wheel.path)) == before


@pytest.mark.pips
def test_a_wheel_by_url_is_transferred_once_and_resumed(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Planning, its dependencies and the install share one transfer, which goes on where it broke."""
    wheel = make_wheel("direct", "1.0", ["lib"], size=400_000)
    index.add(make_wheel("lib", "1.0"))
    url = index.put(f"/elsewhere/{wheel.filename}", wheel.content)
    index.script(f"/elsewhere/{wheel.filename}", [Stall(270_000), Ok()])
    words = ("install", "--index-url", index.url, *QUICK)
    requirement = f"direct @ {url}#sha256={wheel.sha256}"
    run = workspace.tool(environment, *words, requirement, requirement)
    assert run.returncode == 0, run.output
    assert environment.versions() == {"direct": "1.0", "lib": "1.0"}
    asked = index.requests_for(f"/elsewhere/{wheel.filename}")
    assert [request.range for request in asked] == [None, "bytes=270000-"]


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(make_wheel("direct", "1.0"), id="wheel"),
        pytest.param(make_sdist("direct", "1.0"), id="sdist"),
    ],
)
def test_a_url_that_fails_for_ever_is_named(
    index: FaultyIndex, workspace: Workspace, environment: Environment, file: Distribution
) -> None:
    """75 with the file, its URL without credentials, the tries and the line."""
    url = index.put(f"/elsewhere/{file.filename}", file.content)
    index.script(f"/elsewhere/{file.filename}", [Status(503)])
    secret = url.replace("://", "://ann:hidden@")
    requirements = workspace.write("requirements.txt", f"direct @ {secret}")
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "-r", requirements)
    assert run.returncode == 75, run.output
    assert "direct" in run.block["package"]
    assert file.filename in run.block["package"]
    assert run.block["from"] == url
    assert run.block["tries"].startswith("3 in ")
    assert "3 HTTP 503" in run.block["tries"]


def test_a_url_with_credentials(workspace: Workspace, environment: Environment) -> None:
    """They reach the server each time, and no record."""
    wheel = make_wheel("direct", "1.0")
    with FaultyIndex(credentials=("ann", "hidden")) as index:
        url = index.put(f"/elsewhere/{wheel.filename}", wheel.content)
        secret = url.replace("://", "://ann:hidden@")
        run = workspace.tool(environment, "install", "--no-index", *QUICK, f"direct @ {secret}")
    assert run.returncode == 0, run.output
    record = environment.site_packages / "direct-1.0.dist-info" / "direct_url.json"
    assert json.loads(record.read_text())["url"] == url
    assert "hidden" not in run.output


def test_a_wrong_hash_of_a_url(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """65, with the file named, before pip plans."""
    wheel = make_wheel("direct", "1.0")
    url = index.put(f"/elsewhere/{wheel.filename}", wheel.content)
    run = workspace.tool(environment, "install", "--no-index", *QUICK, f"direct @ {url}#sha256={'0' * 64}")
    assert run.returncode == 65, run.output
    assert run.block["package"] == f"direct 1.0  ({wheel.filename})"
    assert wheel.sha256 in run.block["cause"]


def test_metadata_that_the_wheel_does_not_have(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """65 in the download, with package, file and URL; nothing of it is installed."""
    wheel = make_wheel("liar", "1.0", ["needed"])
    offered = make_wheel("liar", "1.0").metadata
    index.add(replace(wheel, metadata=offered))
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "liar")
    assert run.returncode == 65, run.output
    assert "phase download" in run.block[""]
    assert run.block["package"].startswith(f"liar 1.0  ({wheel.filename}")
    assert run.block["from"] == index.url_of(wheel.path)
    assert "differ in needed" in run.block["cause"]
    assert environment.versions() == {}


@pytest.mark.pips
def test_an_sdist_by_url_is_transferred_once(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Pip gets it from the gateway while it plans, and records its own URL."""
    sdist = make_sdist("direct", "1.0")
    path = f"/elsewhere/{sdist.filename}"
    url = index.put(path, sdist.content)
    index.script(path, [Stall(500), Ok(), Stall(100)])
    words = ("install", "--no-index", *QUICK, f"direct @ {url}#sha256={sdist.sha256}")
    run = workspace.tool(environment, *words)
    assert run.returncode == 0, run.output
    assert [request.range for request in index.requests_for(path)] == [None, "bytes=500-"]
    [record] = environment.site_packages.glob("direct-1.0.dist-info/direct_url.json")
    assert json.loads(record.read_text())["url"] == url
    again = workspace.tool(environment, *words)
    assert again.returncode == 0, again.output
    assert "nothing to install" in again.output  # as with pip: it is there at this version


@pytest.mark.pips
def test_a_wheel_by_url_whose_hash_is_checked_is_transferred_once(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Pip does not take such a wheel from its cache."""
    wheel = make_wheel("direct", "1.0")
    path = f"/elsewhere/{wheel.filename}"
    url = index.put(path, wheel.content)
    file = workspace.write("requirements.txt", f"{url} --hash=sha256:{wheel.sha256}")
    run = workspace.tool(environment, "install", "--no-index", *QUICK, "-r", file)
    assert run.returncode == 0, run.output
    assert len(index.requests_for(path)) == 1


@pytest.mark.pips
def test_a_dependency_on_the_url_of_an_sdist(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The user and a package name the same URL: that is no conflict."""
    sdist = make_sdist("direct", "1.0")
    url = index.put(f"/elsewhere/{sdist.filename}", sdist.content)
    index.add(make_wheel("wants", "1.0", [f"direct @ {url}"]))
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "wants", f"direct @ {url}")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"wants": "1.0", "direct": "1.0"}
