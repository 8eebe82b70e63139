"""Certificates: whom a run trusts, as whom it appears, and what it says of one that is no good.

What most of these runs fetch is a requirements file that asks for nothing: a run has one client for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.environments import Environment, Workspace
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import make_sdist, make_wheel

HOST = "127.0.0.1"
DAY = timedelta(days=1)
UNKNOWN = "unable to get local issuer"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """An authority that no system knows."""
    return Authority()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """One for all: hardly a run installs anything."""
    return Workspace(root=tmp_path_factory.mktemp("certificates")).environment()


@contextmanager
def nothing_asked(authority: Authority, name: str = HOST, *, begins_in: timedelta = -DAY) -> Iterator[str]:
    """Serve a requirements file over TLS that asks for nothing; give its URL."""
    with FaultyIndex(tls=authority.server_context(name, begins_in=begins_in)) as server:
        yield server.put("/none.txt", b"a; python_version < '3'\n", "text/plain")


def bundle(authority: Authority, folder: Path) -> str:
    """Write the authority into a file."""
    return str(authority.write_bundle(folder / "authority.pem"))


def own_folder(authority: Authority, folder: Path) -> str:
    """Write the authority into a folder of its own."""
    return str(authority.write_folder(folder / "authorities"))


@pytest.mark.parametrize(
    ("variable", "write"),
    [
        pytest.param("PIP_CERT", bundle, id="PIP_CERT"),
        pytest.param("PIP_CERT", own_folder, id="PIP_CERT, a folder"),
        pytest.param("SSL_CERT_FILE", bundle, id="SSL_CERT_FILE"),
        pytest.param("SSL_CERT_DIR", own_folder, id="SSL_CERT_DIR"),
        pytest.param("REQUESTS_CA_BUNDLE", bundle, id="REQUESTS_CA_BUNDLE"),
        pytest.param("CURL_CA_BUNDLE", bundle, id="CURL_CA_BUNDLE"),
    ],
)
def test_variables_that_name_an_authority(
    authority: Authority,
    workspace: Workspace,
    environment: Environment,
    variable: str,
    write: Callable[[Authority, Path], str],
) -> None:
    """Those that pip reads."""
    with nothing_asked(authority) as url:
        run = workspace.tool(
            environment, "install", "-r", url, env={variable: write(authority, workspace.root)}
        )
    assert run.returncode == 0, run.output


def test_a_trusted_host_needs_no_authority(
    authority: Authority, workspace: Workspace, environment: Environment
) -> None:
    """With its port or for all; the port of another server is another host."""
    with nothing_asked(authority) as url:
        hosts = (HOST, url.split("/")[2], f"{HOST}:1")
        runs = [workspace.tool(environment, "install", "-r", url, "--trusted-host", host) for host in hosts]
    assert [run.returncode for run in runs] == [0, 0, 69], runs[-1].output


@dataclass(frozen=True, kw_only=True)
class Distrusted:
    """A certificate that does not count."""

    name: str = HOST
    begins_in: timedelta = -DAY
    words: tuple[str, ...] = ()
    variable: str | None = "SSL_CERT_FILE"
    cause: str
    advice: str


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Distrusted(variable=None, cause=UNKNOWN, advice="--cert FILE"), id="unknown authority"),
        pytest.param(
            Distrusted(words=("--use-deprecated=legacy-certs",), cause=UNKNOWN, advice="--cert FILE"),
            id="the system's, with legacy-certs",
        ),
        pytest.param(
            Distrusted(begins_in=-30 * DAY, cause="certificate has expired", advice="new certificate"),
            id="expired",
        ),
        pytest.param(
            Distrusted(begins_in=DAY, cause="certificate is not yet valid", advice="this machine's clock"),
            id="clock",
        ),
        pytest.param(
            Distrusted(name="other.example", cause="not valid for '127.0.0.1'", advice="the name that"),
            id="name",
        ),
    ],
)
def test_a_certificate_that_does_not_count(
    authority: Authority, workspace: Workspace, environment: Environment, case: Distrusted
) -> None:
    """One try, one line of cause, and what to do about just that."""
    env = {case.variable: bundle(authority, workspace.root)} if case.variable else {}
    with nothing_asked(authority, case.name, begins_in=case.begins_in) as url:
        run = workspace.tool(environment, "install", "-r", url, *case.words, env=env)
    assert run.returncode == 69, run.output
    assert run.block["from"] == url
    assert run.block["cause"].startswith("no connection (tls): ")
    assert case.cause in run.block["cause"], run.output
    assert case.advice in run.block["do"]
    assert "tries" not in run.block


@pytest.mark.parametrize(
    ("words", "content", "message"),
    [
        pytest.param(("--cert", "none.pem"), None, "certificate bundle {}: No such file", id="no bundle"),
        pytest.param(("--cert", "x.pem"), "x", "certificate bundle {}: it is no PEM file", id="no PEM"),
        pytest.param(
            ("--client-cert", "none.pem"), None, "client certificate {}: No such file", id="no certificate"
        ),
        pytest.param(
            ("--client-cert", "x.pem"), "x", "client certificate {}: it is no PEM file", id="no key"
        ),
    ],
)
def test_a_file_that_is_no_good(
    workspace: Workspace,
    environment: Environment,
    words: tuple[str, str],
    content: str | None,
    message: str,
) -> None:
    """A usage error of one line, before anything is asked for."""
    path = workspace.root / words[1]
    if content is not None:
        path.write_text(content)
    run = workspace.tool(environment, "install", "-i", "https://127.0.0.1:1/simple", *words, "a")
    assert run.returncode == 2, run.output
    assert run.stderr.splitlines()[-1].startswith(f"resilient-pip: error: {message.format(path)}")


def test_what_is_installed_needs_no_certificate(workspace: Workspace, environment: Environment) -> None:
    """As with pip: where there is nothing to ask for, or no TLS, nobody looks at what is named for it."""
    with FaultyIndex() as index:
        index.add(make_wheel("a", "1.0"))
        words = ("install", "-i", index.url, "--cert", "none.pem", "a")
        first = workspace.tool(environment, *words)
        asked = len(index.requests)
        again = workspace.tool(environment, *words, "--proxy", "mail://no.proxy", "--client-cert", "none.pem")
        assert len(index.requests) == asked
    assert (first.returncode, again.returncode) == (0, 0), first.output + again.output


def test_builds_and_two_indexes(authority: Authority, workspace: Workspace, environment: Environment) -> None:
    """--cert counts beside the system's store, and --client-cert where it is asked for.

    What a build downloads by itself trusts what --cert names too: it is told so by its environment.
    """
    other = Authority()
    with (
        FaultyIndex(tls=authority.server_context(HOST, wants_client=True)) as index,
        FaultyIndex(tls=other.server_context(HOST)) as extra,
    ):
        fetch = (
            "import os, ssl, urllib.request\n"
            "assert len({os.environ[name] for name in ('SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE',"
            " 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO')}) == 1\n"
            f"with urllib.request.urlopen({extra.put('/data', b'data')!r}) as answer:\n"
            "    assert answer.read() == b'data'\n"
        )
        index.add(make_sdist("built", "1.0", ["b"], before_build=fetch))
        extra.add(make_wheel("b", "1.0"))
        run = workspace.tool(
            environment,
            *("install", "--index-url", index.url, "--extra-index-url", extra.url, "built"),
            *("--cert", other.write_bundle(workspace.root / "other.pem")),
            *("--client-cert", authority.write_client(workspace.root / "me.pem")),
            env={"SSL_CERT_DIR": str(authority.write_folder(workspace.root / "system"))},
        )
    assert run.returncode == 0, run.output
    assert {"built": "1.0", "b": "1.0"}.items() <= environment.versions().items()
