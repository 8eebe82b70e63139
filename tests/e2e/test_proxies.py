"""Proxies: which way a run goes to a host, and what it says of a proxy that fails.

What most of these runs fetch is a requirements file that asks for nothing. Names end in .example where only
the proxy knows their address.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.environments import Environment, Workspace
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.proxies import Proxy
from tests.support.wheels import make_wheel

NAME = "index.example"
LOGIN = ("ann", "s3cret:p4ss@")
ENCODED = "s3cret%3Ap4ss%40"
WITHOUT_SOCKSIO = (
    "import sys; sys.modules['socksio'] = None; from resilient_pip.__main__ import run; sys.exit(run())"
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """One for all: hardly a run installs anything."""
    return Workspace(root=tmp_path_factory.mktemp("proxies")).environment()


@pytest.fixture
def index() -> Iterator[FaultyIndex]:
    """Serve a requirements file that asks for nothing."""
    with serving() as running:
        yield running


@contextmanager
def serving(authority: Authority | None = None) -> Iterator[FaultyIndex]:
    """Serve it, over TLS too."""
    with FaultyIndex(tls=authority.server_context(NAME) if authority else None) as running:
        running.put("/none.txt", b"a; python_version < '3'\n", "text/plain")
        yield running


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        pytest.param({"HTTP_PROXY": "{}"}, 1, id="HTTP_PROXY"),
        pytest.param({"all_proxy": "{}", "HTTPS_PROXY": "http://no.example"}, 1, id="all_proxy"),
        pytest.param({"PIP_PROXY": "{}", "NO_PROXY": "*"}, 1, id="PIP_PROXY"),
        pytest.param({"HTTP_PROXY": "{}", "NO_PROXY": "127.0.0.0/8"}, 0, id="NO_PROXY"),
        pytest.param({"HTTP_PROXY": "{}", "PIP_NO_PROXY_ENV": "1"}, 0, id="PIP_NO_PROXY_ENV"),
    ],
)
def test_variables_lead_to_the_proxy(
    index: FaultyIndex, workspace: Workspace, environment: Environment, variables: dict[str, str], asked: int
) -> None:
    """Those that pip reads; each form of them is in test_transport_proxies."""
    with Proxy({index.host: index.host}) as proxy:
        env = {name: value.format(proxy.url()) for name, value in variables.items()}
        run = workspace.tool(environment, "install", "-r", index.url_of("/none.txt"), env=env)
        assert proxy.asked == [index.host] * asked
    assert run.returncode == 0, run.output


@pytest.mark.parametrize(
    ("url", "answer", "cause"),
    [
        pytest.param(f"http://{NAME}/none", None, "HTTP 407", id="407 in place of a page"),
        pytest.param(f"https://{NAME}/none", None, "HTTP 407, from http://{}", id="407"),
        pytest.param(f"https://{NAME}/none", "502 Bad Gateway", "(proxy): http://{}: 502 Bad", id="502"),
        pytest.param(f"https://{NAME}/none", "403 Forbidden", "(proxy): http://{}: 403 For", id="403"),
        pytest.param(f"https://{NAME}/none", "", "stalled: no data for ", id="silence"),
    ],
)
def test_a_proxy_that_fails_is_named(
    workspace: Workspace, environment: Environment, url: str, answer: str | None, cause: str
) -> None:
    """By its host and port; the password that it did not like shows nowhere."""
    with Proxy({}, credentials=LOGIN, answer=answer) as proxy:
        wrong = f"http://ann:wr0ng@{proxy.host}"
        run = workspace.tool(environment, "install", "-r", url, "--proxy", wrong, *QUICK)
    assert run.returncode == (75 if answer == "" else 69), run.output
    assert (run.block["from"], run.block["through"]) == (url, f"http://{proxy.host}")
    assert cause.format(proxy.host) in run.block["cause"], run.output
    assert "wr0ng" not in run.output


def test_a_proxy_that_is_not_there(workspace: Workspace, environment: Environment) -> None:
    """It is blamed, and not the index."""
    with Proxy({}) as proxy:
        pass
    env = {"HTTPS_PROXY": proxy.url()}
    run = workspace.tool(environment, "install", "-r", f"https://{NAME}/none.txt", *QUICK, env=env)
    assert run.returncode == 69, run.output
    assert f"(proxy): http://{proxy.host}: connection refused" in run.block["cause"]
    assert "HTTPS_PROXY" in run.block["do"]


def test_what_is_no_proxy(workspace: Workspace, environment: Environment) -> None:
    """One line, before anything is asked for."""
    words = ("install", "--index-url", "http://127.0.0.1:1/simple", "--proxy")
    run = workspace.tool(environment, *words, "ftp://me:s3cret@127.0.0.1", "a")
    assert run.returncode == 2, run.output
    assert run.stderr.splitlines()[-1].startswith("resilient-pip: error: the proxy ftp://127.0.0.1 cannot be")


def test_socks(workspace: Workspace, environment: Environment) -> None:
    """With a login; the proxy is the one that knows the name. Without socksio a line says what to install."""
    authority = Authority()
    cert = authority.write_bundle(workspace.root / "authority.pem")
    with serving(authority) as index, Proxy({f"{NAME}:443": index.host}, credentials=LOGIN) as proxy:
        words = ("install", "-r", f"https://{NAME}/none.txt", "--cert", cert)
        env = {"ALL_PROXY": proxy.url("socks5h")}
        run = workspace.tool(environment, *words, env=env)
        bare = Workspace(root=workspace.root, program=(sys.executable, "-c", WITHOUT_SOCKSIO))
        without = bare.tool(environment, *words, env=env)
    assert run.returncode == 0, run.output
    assert proxy.asked == [f"{NAME}:443"]
    assert without.returncode == 2, without.output
    assert without.stderr.splitlines()[-1] == (
        f"resilient-pip: error: the SOCKS proxy socks5h://{proxy.host} needs the package socksio:"
        " install resilient-pip[socks] in place of resilient-pip"
    )


def test_a_page_without_tls_has_to_be_trusted(workspace: Workspace, environment: Environment) -> None:
    """An index of another host without TLS is passed over with a warning, as by pip."""
    url = f"http://{NAME}/simple"
    with FaultyIndex() as index, Proxy({f"{NAME}:80": index.host}) as proxy:
        index.add(make_wheel("a", "1.0"))
        words = ("plan", "--index-url", url, "a", "--proxy", proxy.url())
        refused = workspace.tool(environment, *words)
        assert proxy.asked == []
        admitted = workspace.tool(environment, *words, "--trusted-host", NAME)
    assert (refused.returncode, admitted.returncode) == (1, 0), refused.output + admitted.output
    assert (
        f"{url} is passed over, as it is neither https nor trusted: --trusted-host {NAME}" in refused.output
    )


def test_what_children_download_goes_through_it(workspace: Workspace, environment: Environment) -> None:
    """Git with the proxy's login and the user's authority; and nothing of it goes to the gateway.

    The proxy sees no login of the index, and the index none of the proxy.
    """
    authority = Authority()
    with serving(authority) as index, Proxy({f"{NAME}:443": index.host}, credentials=LOGIN) as proxy:
        for path, content in repository(workspace.root / "work"):
            index.put(f"/repo.git/{path}", content, "text/plain")
        index.add(make_wheel("a", "1.0"))
        run = workspace.tool(
            environment,
            *("install", "--index-url", f"https://me:h1dden@{NAME}/simple/", "a"),
            *("--cert", authority.write_bundle(workspace.root / "authority.pem")),
            f"b @ git+https://{NAME}/repo.git",
            env={"HTTPS_PROXY": proxy.url(), "HTTP_PROXY": "http://127.0.0.1:1"},
        )
        requests = list(index.requests)
    assert run.returncode == 0, run.output
    assert {"a": "1.0", "b": "1.0"}.items() <= environment.versions().items()
    assert set(proxy.asked) == {f"{NAME}:443"}
    assert not [head for head in proxy.heads if "\r\nauthorization" in head.lower()]
    assert {request.authorization for request in requests if request.path.startswith("/simple/a/")} == {
        "Basic bWU6aDFkZGVu"
    }
    assert not [secret for secret in (LOGIN[1], ENCODED, "h1dden") if secret in run.output]


def repository(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Make a git repository with a project that builds offline; yield the files that a web server serves."""
    git = shutil.which("git")
    assert git
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    wheel = make_wheel("b", "1.0")
    (folder / "backend.py").write_text(
        "import pathlib\n"
        "def build_wheel(folder, settings=None, metadata=None):\n"
        f"    pathlib.Path(folder, {wheel.filename!r}).write_bytes({wheel.content!r})\n"
        f"    return {wheel.filename!r}\n"
    )
    for words in (
        ("init", "--quiet"),
        ("add", "."),
        ("-c", "user.name=ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "--message=first"),
        ("gc", "--quiet"),
        ("update-server-info",),
    ):
        subprocess.run([git, *words], cwd=folder, check=True)
    for path in (folder / ".git").rglob("*"):
        if path.is_file():
            yield str(path.relative_to(folder / ".git")), path.read_bytes()
