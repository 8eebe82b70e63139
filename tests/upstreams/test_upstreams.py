"""Indexes that companies run, as they are: what comes from them is what pip installs, whatever they do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

import pytest

from resilient_pip.index.pages import ACCEPT, parse_page
from resilient_pip.model import ProjectName, SafeUrl
from tests.support.environments import Entry, Environment, Run, Workspace
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import make_wheel
from tests.upstreams.relay import Relay
from tests.upstreams.servers import (
    LOGIN,
    PROGRAMS,
    Make,
    Server,
    devpi,
    devpi_with_metadata,
    private_pypiserver,
    proxpi,
    pypiserver,
)

pytestmark = pytest.mark.skipif(not PROGRAMS.exists(), reason="they are not installed: make upstreams")

LARGE = make_wheel("large", "1.0", size=3_000_000)
OWN = (
    make_wheel("app", "1.0"),
    make_wheel("app", "2.0", ["large", "odd-name"]),
    make_wheel("app", "3.0", requires_python=">=99"),
    LARGE,
    make_wheel("large", "0.9"),
)
BEHIND = make_wheel("Odd.Name", "1.0")
"""What only the lab has."""
VERSIONS = {"app": "2.0", "large": "1.0", "Odd.Name": "1.0"}
SOON = ("--tries", "3", "--backoff-base", "0.05s", "--backoff-cap", "0.2s")
Serve: TypeAlias = Callable[[Make], Server]


@pytest.fixture
def serve(index: FaultyIndex, tmp_path: Path) -> Serve:
    """Make a server with its own files, and with a lab behind it."""
    index.add(BEHIND)
    folder = tmp_path / "server"
    folder.mkdir()
    return lambda make: make(folder, index, OWN)


class Offers(NamedTuple):
    """What an index offers, as docs/indexes.md says."""

    pages: str
    hashes: bool = True
    metadata: bool = False
    ranges: bool = False


def offers(server: Server) -> Offers:
    """Look at the page of the large wheel, and ask for a part of it."""
    page, body = server.get(f"{server.path}large/", Accept=ACCEPT)
    kind = page.headers["Content-Type"]
    url, name = f"{server.url()}large/", ProjectName("large")
    listed = parse_page(body, kind, url, project=name, index=SafeUrl("")).files[0]
    part, _ = server.get(urlsplit(listed.file.url).path, Range="bytes=1-2")
    return Offers(
        pages="JSON" if "json" in kind else "HTML",
        hashes="sha256" in listed.file.hashes,
        metadata=listed.metadata is not None,
        ranges=part.status == 206,
    )


@pytest.mark.parametrize(
    ("make", "offered"),
    [
        pytest.param(devpi, Offers("JSON"), id="devpi"),
        pytest.param(proxpi, Offers("JSON", metadata=True, ranges=True), id="proxpi"),
        pytest.param(pypiserver, Offers("HTML", ranges=True), id="pypiserver"),
    ],
)
def test_it_installs_what_pip_installs(
    serve: Serve, workspace: Workspace, make: Make, offered: Offers
) -> None:
    """Its own files and those from elsewhere, file by file; a name that nobody has is told as missing."""
    left: list[dict[str, Entry]] = []
    with serve(make) as server:
        assert offers(server) == offered
        installers: tuple[Callable[..., Run], ...] = (workspace.pip, workspace.tool)
        for install in installers:
            environment = workspace.environment()
            run = install(environment, "install", "--index-url", server.url(), "app")
            assert run.returncode == 0, run.output
            assert environment.versions() == VERSIONS
            left.append(environment.snapshot())
            shutil.rmtree(environment.root)
        missing = workspace.tool(workspace.environment(), "plan", "--index-url", server.url(), "nonesuch")
    assert left[1] == left[0]
    assert missing.returncode == 1, missing.output
    assert "nonesuch" in missing.block["cause"]


@pytest.mark.parametrize(
    ("make", "resumes"),
    [
        pytest.param(devpi_with_metadata, False, id="devpi-with-metadata"),
        pytest.param(proxpi, True, id="proxpi"),
        pytest.param(pypiserver, True, id="pypiserver"),
    ],
)
def test_one_that_dies_while_it_sends(
    serve: Serve,
    workspace: Workspace,
    environment: Environment,
    make: Make,
    resumes: bool,  # noqa: FBT001 - a column
) -> None:
    """The run names it; started again, it gives the rest where it knows byte ranges, else all of it."""
    with serve(make) as server, Relay(server.port, cut_after=1_000_000, at_cut=server.kill) as relay:
        words = ("install", "--index-url", server.url(relay.host), *SOON, "large")
        failed = workspace.tool(environment, *words)
        assert failed.returncode == 75, failed.output
        assert LARGE.filename in failed.output
        assert relay.host in failed.block["from"]
        before = relay.sent
        server.start()
        run = workspace.tool(environment, *words)
        assert run.returncode == 0, run.output
        again = relay.sent - before
    assert environment.versions() == {"large": "1.0"}
    # Beside the file there are pages and, of the wheel, what planning reads.
    assert again < LARGE.size - 700_000 if resumes else again > LARGE.size


def test_a_login_is_asked_for_and_shows_nowhere(
    serve: Serve, workspace: Workspace, environment: Environment
) -> None:
    """An htpasswd file of pypiserver: HTTP 401 without a login, everything with it."""
    with serve(private_pypiserver) as server:
        refused = workspace.tool(environment, "install", "--index-url", server.url(), "app")
        run = workspace.tool(environment, "install", "--index-url", server.url(login=LOGIN), "app")
    assert refused.returncode == 69, refused.output
    assert "HTTP 401" in refused.block["cause"]
    assert server.host in refused.block["from"]
    assert run.returncode == 0, run.output
    assert environment.versions() == VERSIONS
    assert LOGIN[1] not in run.output
