"""Logins: found where pip finds them, sent to whom they are for, and shown nowhere."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.environments import Environment, Run, Workspace
from tests.support.faults import RedirectTo
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import make_wheel

USER, PASSWORD = "ann@example.org", "s3cret/p%ss:w@rd"
SECRETS = (PASSWORD, quote(PASSWORD, safe=""), "s3cret")
LOGIN = (USER, PASSWORD)


def keyring(folder: Path, *known: tuple[str, str, str]) -> Path:
    """Make a program `keyring` that knows these (service, user, password); give the file of its questions."""
    folder.mkdir()
    program = folder / "keyring"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, sys\n"
        "assert sys.argv[1:4] == ['--mode=creds', '--output=json', 'get']\n"
        f"open({str(folder / 'asked')!r}, 'a').write(json.dumps(sys.argv[4:]) + '\\n')\n"
        f"for service, user, password in {known!r}:\n"
        "    if sys.argv[4:] in ([service], [service, user]):\n"
        "        print(json.dumps({'username': user, 'password': password}))\n"
        "        sys.exit()\n"
        "sys.exit(1)\n"
    )
    program.chmod(stat.S_IRWXU)
    return folder / "asked"


def assert_nothing_shows(run: Run, *roots: Path) -> None:
    """No secret is in what was printed, nor in the name or content of any file."""
    assert [secret for secret in SECRETS if secret in run.output] == []
    files = [path for root in roots for path in root.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if any(secret.encode() in path.read_bytes() for secret in SECRETS)] == []
    assert [path for path in files if any(secret in str(path) for secret in SECRETS)] == []


def test_logins_of_urls(workspace: Workspace) -> None:
    """Of an index in a requirements file, with ${VARIABLES}; of another index, a page of links and a wheel.

    The index sends its files to another host, which gets no login. What is recorded of the wheel is what pip
    records.
    """
    with (
        FaultyIndex(credentials=LOGIN, address="127.0.0.2") as index,
        FaultyIndex(credentials=LOGIN, address="127.0.0.3") as extra,
        FaultyIndex(credentials=LOGIN, address="127.0.0.4") as links,
        FaultyIndex(address="127.0.0.5") as elsewhere,
    ):
        a = index.add(make_wheel("a", "1.0", ["b", "c"]))
        extra.add(make_wheel("b", "1.0"))
        c, d = links.add(make_wheel("c", "1.0")), extra.add(make_wheel("d", "1.0"))
        index.script(a.path, [RedirectTo(elsewhere.put("/a.whl", a.content))])
        links.put("/links", f'<html><a href="{c.path}">c</a></html>'.encode(), "text/html")
        direct = extra.url_with_credentials.replace("/simple/", d.path)
        page = links.url_with_credentials.replace("/simple/", "/links")
        file = workspace.write(
            "requirements.txt",
            f"--index-url http://${{WHO}}:${{SECRET}}@{index.host}/simple",
            f"--extra-index-url {extra.url_with_credentials}",
            "a",
        )
        words = ("-r", file, "-f", page, f"d @ {direct}")
        env = {"WHO": quote(USER, safe=""), "SECRET": quote(PASSWORD, safe="")}
        environment = workspace.environment()
        run = workspace.tool(environment, "install", *words, env=env)
        assert run.returncode == 0, run.output
        other = workspace.environment("other")
        by_pip = workspace.pip(other, "install", "--no-deps", "--index-url", extra.url, f"d @ {direct}")
        assert by_pip.returncode == 0, by_pip.output
    assert environment.versions() == {"a": "1.0", "b": "1.0", "c": "1.0", "d": "1.0"}
    assert [request.authorization for request in elsewhere.requests] == [None]
    assert recorded(environment) == recorded(other)
    frozen = workspace.pip(environment, "freeze")
    assert f"d @ {extra.url_of(d.path)}#sha256={d.sha256}" in frozen.stdout.splitlines()
    assert_nothing_shows(run, workspace.cache, environment.root)


def recorded(environment: Environment) -> object:
    """Read what is recorded of where d comes from."""
    (path,) = environment.site_packages.glob("d-1.0.dist-info/direct_url.json")
    return json.loads(path.read_text())


@pytest.mark.parametrize("provider", [(), ("--keyring-provider", "subprocess", "--no-input")])
def test_netrc_then_keyring(
    workspace: Workspace, environment: Environment, provider: tuple[str, ...]
) -> None:
    """What netrc says goes first; where there is no password, or it is refused, keyring is asked, once."""
    with (
        FaultyIndex(credentials=LOGIN, address="127.0.0.2") as index,
        FaultyIndex(credentials=LOGIN, address="127.0.0.3") as extra,
        FaultyIndex(credentials=LOGIN, address="127.0.0.4") as links,
    ):
        index.add(make_wheel("a", "1.0", ["b"]))
        index.add(make_wheel("e", "1.0"))
        extra.add(make_wheel("b", "1.0", ["c"]))
        c = links.add(make_wheel("c", "1.0"))
        workspace.home.mkdir()
        (workspace.home / ".netrc").write_text(
            f"machine 127.0.0.4 login {USER} password {PASSWORD}\n"
            f"machine 127.0.0.3 login {USER} password 0ld\n"
        )
        asked = keyring(workspace.root / "bin", (index.url, USER, PASSWORD), (extra.host, USER, PASSWORD))
        run = workspace.tool(
            environment,
            *("install", "a", "e", *provider, "--find-links", links.url_of(c.path)),
            *("--index-url", index.url.replace("//", f"//{quote(USER)}@"), "--extra-index-url", extra.url),
            env={"PATH": str(workspace.root / "bin")},
        )
    assert run.returncode == 0, run.output
    assert environment.versions() == {"a": "1.0", "b": "1.0", "c": "1.0", "e": "1.0"}
    questions = [json.loads(line) for line in asked.read_text().splitlines()]
    assert sorted(questions) == sorted([[index.url, USER], [extra.url], [extra.host]])
    assert_nothing_shows(run, workspace.cache, environment.root)


def test_no_login_at_all(workspace: Workspace, environment: Environment) -> None:
    """The failure tells where one was looked for; with --no-input keyring is not asked, as by pip."""
    asked = keyring(workspace.root / "bin")
    netrc = workspace.write("netrc", "machine 127.0.0.1", f"  login ann passwrd {PASSWORD}")
    env = {"NETRC": str(netrc), "PIP_NO_INPUT": "1", "PATH": str(workspace.root / "bin")}
    with FaultyIndex(credentials=LOGIN) as index:
        run = workspace.tool(environment, "plan", "-i", index.url, "a", env=env)
        wrong = workspace.tool(
            environment, "plan", "-i", index.url.replace("//", "//ann:s3cret@"), "a", env=env
        )
        assert len(index.requests) == 2
    assert (run.returncode, wrong.returncode) == (69, 69), run.output
    assert run.block["cause"] == f"HTTP 401, no password in the URL or {netrc} (its line 2 is malformed)"
    assert wrong.block["cause"] == "HTTP 401, with the login of the URL"
    assert "~/.netrc" in run.block["do"]
    assert not asked.exists()
    assert_nothing_shows(wrong, workspace.cache)
