"""What docs/security.md promises: real runs against servers, files and neighbours that mean harm."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import http.client
import io
import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import repeat
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from tests.support.certificates import Authority
from tests.support.environments import Environment, Run, Running, Workspace, eventually
from tests.support.faults import NeverAnswer, RedirectTo
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.pages import JSON_TYPE, Shape
from tests.support.wheels import Distribution, make_sdist, make_wheel

TORCH = make_wheel("torch", "1.0", size=100_000)
SECRET = "hunter2"
MIB = 2**20
MOST_MEMORY = 200 * MIB
NOBODY = 65534


# --- the gateway ---


@dataclass(frozen=True, slots=True)
class Door:
    """The gateway of a run that stands still: where it listens, and its secret."""

    port: int
    token: str

    def ask(self, path: str, method: str = "GET") -> tuple[int, bytes, dict[str, str]]:
        """Ask it for a path: status, body and headers, without those that tell the time."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_accept_encoding=True)
            connection.endheaders()
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders() if name.lower() != "date"}
            return answer.status, answer.read(), headers


@pytest.fixture
def door(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> Iterator[tuple[Door, Running]]:
    """A run that waits for metadata, as its planning child does."""
    index.add(TORCH)
    index.script(f"{TORCH.path}.metadata", [NeverAnswer()])
    running = workspace.start(environment, "install", "--index-url", index.url, "torch")
    found: list[tuple[str, str]] = []

    def is_open() -> bool:
        for _, environ in children(str(workspace.root)):
            found.extend(re.findall(r"PIP_INDEX_URL=http://127\.0\.0\.1:(\d+)/([^/]+)/0/simple/", environ))
        return bool(found)

    try:
        eventually(is_open, 30)
        yield Door(int(found[0][0]), found[0][1]), running
    finally:
        running.process.terminate()
        running.finish(30)


def test_without_its_secret_the_gateway_is_a_wall(door: tuple[Door, Running]) -> None:
    """Near misses, other spellings and other methods get the same 404, which tells nothing."""
    gateway, _ = door
    token = gateway.token
    assert gateway.ask(f"/{token}/0/simple/torch/")[0] == 200
    misses = [
        *(
            "/",
            "//",
            "/simple/",
            "/0/simple/torch/",
            "/favicon.ico",
            "/..",
            "/%2e%2e/",
            "/%00",
            "/" + "a" * 4000,
        ),
        *(
            f"/{wrong}/0/simple/torch/"
            for wrong in (token[:-1], token + "a", token.swapcase(), token[::-1], "%20")
        ),
        f"/{quote(token)[:-1]}%FF/0/simple/torch/",
        f"//{token}/0/simple/torch/",
        f"/x/../{token}/0/simple/torch/",
        f"/%2F{token}/0/simple/torch/",
        f"/?{token}/0/simple/torch/",
    ]
    answers = [gateway.ask(path) for path in misses]
    assert answers == [answers[0]] * len(misses)
    status, body, headers = answers[0]
    assert (status, body, sorted(headers)) == (404, b"Not Found", ["content-length", "content-type"])
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "HEAD"):
        assert gateway.ask("/0/simple/torch/", method) == (404, b"" if method == "HEAD" else body, headers)


def test_the_gateway_listens_on_loopback_only(door: tuple[Door, Running]) -> None:
    """One socket of the run listens, on 127.0.0.1."""
    gateway, running = door
    links = (str(entry.readlink()) for entry in Path(f"/proc/{running.process.pid}/fd").iterdir())
    inodes = {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}
    listening = [
        row[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if (row := line.split())[3] == "0A" and row[9] in inodes
    ]
    address = int.from_bytes(socket.inet_aton("127.0.0.1"), sys.byteorder)
    assert listening == [f"{address:08X}:{gateway.port:04X}"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_the_gateway_serves_no_other_user(door: tuple[Door, Running]) -> None:
    """Not even one who knows the secret; this user, by the same way, is served."""
    gateway, _ = door
    program = (
        "import encodings.idna, http.client, os, sys\n"  # all that it needs while it may read it
        "os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))\n"
        "link = http.client.HTTPConnection('127.0.0.1', int(sys.argv[2]))\n"
        "link.request('GET', sys.argv[3]); answer = link.getresponse()\n"
        "print(answer.status, answer.read())\n"
    )

    def ask_as(user: int) -> str:
        path = f"/{gateway.token}/0/simple/torch/"
        argv = [sys.executable, "-c", program, str(user), str(gateway.port), path]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    assert ask_as(NOBODY) == "403 b'not yours\\n'\n"
    assert ask_as(0).startswith("200 ")


# --- credentials ---


def arguments_of(process: Path) -> str:
    """The arguments of a process, by its folder below /proc."""
    return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


def children(marker: str) -> Iterator[tuple[str, str]]:
    """The arguments and the environment of each process with `marker` in its environment."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):  # it ended, or is not ours
                arguments = arguments_of(folder)
                environ = (folder / "environ").read_bytes().replace(b"\0", b"\n").decode(errors="replace")
                if marker in environ:
                    yield arguments, environ


@dataclass(slots=True)
class Watch:
    """Looks at the children and files of a run for as long as it lasts."""

    running: Running
    workspace: Workspace
    arguments: set[str] = field(default_factory=set)
    environs: dict[str, str] = field(default_factory=dict)
    """The environment of each child, by its arguments."""
    files: dict[str, int] = field(default_factory=dict)
    """Each file that held the secret, by its name, with the modes of it and its folder."""

    def until_the_end(self, timeout_s: float = 60) -> Run:
        """Watch until the run ends, and look at its files once more."""
        place = Path(f"/proc/{self.running.process.pid}")
        eventually(lambda: arguments_of(place) != "")  # just started, it has none for a moment
        own = arguments_of(place)
        try:
            while self.running.process.poll() is None:
                self._look(own)
                time.sleep(0.05)
            self._look(own)
        finally:
            run = self.running.finish(timeout_s)
        return run

    def _look(self, own: str) -> None:
        for arguments, environ in children(str(self.workspace.root)):
            if arguments != own:  # nor one that is just forked, and still has the memory of its parent
                self.arguments.add(arguments)
                self.environs[arguments] = environ
        for top in (self.workspace.cache, self.workspace.root / "tmp"):
            for folder, folders, names in os.walk(top):
                folders[:] = [name for name in folders if name != "pip-copy"]
                for path in (Path(folder, name) for name in names):
                    with contextlib.suppress(OSError):  # it is gone
                        if SECRET.encode() in path.read_bytes():
                            self.files[path.name] = stat.S_IMODE(path.stat().st_mode) | _openness(path)


def _openness(path: Path) -> int:
    """The bits with which others could come to a file below the temporary folder: of the run's own folder."""
    run = next(parent for parent in path.parents if parent.name.startswith("resilient-pip-"))
    return stat.S_IMODE(run.stat().st_mode) & 0o077


def test_credentials_show_nowhere(workspace: Workspace, environment: Environment) -> None:
    """Those of indexes, links and netrc: in no output, log, argument, file or environment of a child."""
    user = ("me", SECRET)
    dump = f"import json; open({str(workspace.root / 'built')!r}, 'w').write(json.dumps(dict(os.environ)))"
    log = workspace.root / "log.txt"
    with (
        FaultyIndex(credentials=user) as first,
        FaultyIndex(credentials=user) as links,
        FaultyIndex(credentials=user, address="127.0.0.2") as by_netrc,
    ):
        first.add(make_sdist("built", "1.0", before_build=dump))
        links.add(TORCH)
        page = links.put("/links/", f'<a href="{links.url_of(TORCH.path)}">torch</a>'.encode(), "text/html")
        by_netrc.add(make_wheel("private", "1.0"))
        workspace.home.mkdir()
        (workspace.home / ".netrc").write_text(f"machine 127.0.0.2 login me password {SECRET}\n")
        secret_page = page.replace("//", f"//me:{SECRET}@")
        words = ("-vvv", "--find-links", secret_page, "--log", log, "built", "torch", "private")
        env = {
            "PIP_INDEX_URL": first.url_with_credentials,
            "PIP_EXTRA_INDEX_URL": by_netrc.url,
            "RESILIENT_PIP_MIRROR": links.url_with_credentials,
            "UV_DEFAULT_INDEX": first.url_with_credentials,
            "UV_INDEX_PRIVATE_PASSWORD": SECRET,
        }
        watch = Watch(workspace.start(environment, "install", *words, env=env), workspace)
        run = watch.until_the_end()
        planned = workspace.tool(environment, "plan", "--json", "--ignore-installed", *words[1:], env=env)
        for server in (first, links, by_netrc):
            assert any(request.status == 200 for request in server.requests)
    assert run.returncode == 0, run.output
    assert environment.versions() == {"built": "1.0", "torch": "1.0", "private": "1.0"}
    assert planned.returncode == 0, planned.output
    assert len(json.loads(planned.stdout)["groups"]) == 1
    assert SECRET not in run.output + planned.output + log.read_text()
    assert any("--report" in argv for argv in watch.arguments), "the planning child was not seen"
    assert any("--no-index" in argv for argv in watch.arguments), "the installing child was not seen"
    assert [argv for argv in watch.arguments if SECRET in argv] == []
    assert SECRET not in (workspace.root / "built").read_text()
    assert [argv for argv, environ in watch.environs.items() if SECRET in environ] == []
    assert watch.files == {}


def test_credentials_of_direct_urls_show_in_private_files_only(
    workspace: Workspace, environment: Environment
) -> None:
    """Children read them from requirements files that only this user may read; nothing else holds them."""
    with FaultyIndex(credentials=("me", SECRET)) as index:
        index.add(TORCH)
        url = index.url_of(TORCH.path).replace("//", f"//me:{SECRET}@")
        requirements = workspace.write("requirements.txt", f"torch @ {url}")
        running = workspace.start(environment, "install", "-vvv", "--no-index", "-r", requirements)
        watch = Watch(running, workspace)
        run = watch.until_the_end()
    assert run.returncode == 0, run.output
    assert SECRET not in run.output
    assert [argv for argv in watch.arguments if SECRET in argv] == []
    assert "requirements.txt" in watch.files
    assert {re.split(r"[-.]", name)[0] for name in watch.files} <= {"requirements", "constraints"}
    assert set(watch.files.values()) == {0o600}
    recorded = next(environment.site_packages.glob("torch-1.0.dist-info/direct_url.json"))
    assert SECRET not in recorded.read_text()


def test_a_wrong_password_is_not_told(workspace: Workspace, environment: Environment) -> None:
    """A challenge ends the run with 401 and the index's name."""
    with FaultyIndex(credentials=("me", "right")) as index:
        url = index.url.replace("//", f"//me:{SECRET}@")
        run = workspace.tool(environment, "install", "-v", "--index-url", url, *QUICK, "torch")
        assert run.returncode == 69, run.output
        assert run.block["from"] == index.url_of(index.page_path("torch"))
    assert "HTTP 401" in run.block["cause"]
    assert SECRET not in run.output


def test_credentials_of_a_proxy_show_nowhere(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The proxy gets them; no output, argument or file does."""
    index.add(TORCH)
    proxy = f"http://me:{SECRET}@{index.host}"
    workspace.write("pip.conf", "[global]", f"proxy = {proxy}")
    env = {"PIP_CONFIG_FILE": str(workspace.root / "pip.conf")}
    words = ("install", "-vvv", "-i", "http://index.test/simple/", "--trusted-host", "index.test", "torch")
    watch = Watch(workspace.start(environment, *words, env=env), workspace)
    run = watch.until_the_end()
    assert run.returncode == 0, run.output
    assert SECRET not in run.output
    assert [argv for argv in watch.arguments if SECRET in argv] == []
    assert watch.files == {}


@pytest.mark.parametrize(
    "address", [pytest.param("127.0.0.2", id="another-host"), pytest.param("127.0.0.1", id="another-port")]
)
def test_credentials_follow_no_redirect(workspace: Workspace, environment: Environment, address: str) -> None:
    """A page, a metadata file and a file that move to another origin are fetched there without them."""
    with FaultyIndex(credentials=("me", SECRET)) as index, FaultyIndex(address=address) as other:
        for server in (index, other):
            server.add(TORCH)
        for path in (index.page_path("torch"), f"{TORCH.path}.metadata", TORCH.path):
            index.script(path, [RedirectTo(other.url_of(path))])
        run = workspace.tool(environment, "install", "--index-url", index.url_with_credentials, "torch")
        assert run.returncode == 0, run.output
        assert index.requests
        assert other.requests
        assert all(request.authorization is not None for request in index.requests)
        assert all(request.authorization is None for request in other.requests)


# --- names ---

HOSTILE = (
    "../../torch-9.0-py3-none-any.whl",
    "/tmp/torch-9.0-py3-none-any.whl",  # noqa: S108 - a name that must not count as a path
    "..\\torch-9.0-py3-none-any.whl",
    "torch-9.0\0-py3-none-any.whl",
    "torch-9.0-py3-none-any\n.whl",
    "torch-9.0\x1b[2J\x1b]0;owned\x07-py3-none-any.whl",
    "torch-9.0-py3-none-\u202elhw.any.whl",
    f"torch-9.0{'x' * 300}-py3-none-any.whl",
)


@pytest.mark.parametrize("shape", [pytest.param("json", id="json"), pytest.param("html", id="html")])
def test_hostile_file_names_are_left_out_in_one_line(
    index: FaultyIndex, workspace: Workspace, environment: Environment, shape: str
) -> None:
    """They lead nowhere, write nothing to the terminal, and do not keep a good file from being installed."""
    index.add(TORCH)
    urls = [
        index.url_of(TORCH.path),
        *(f"{index.url_of('/files/')}{quote(name, safe='')}" for name in HOSTILE),
    ]
    urls.append("file:///etc/torch-9.0-py3-none-any.whl")
    if shape == "json":
        files = [
            {"filename": urlsplit(url).path.rpartition("/")[2], "url": url, "hashes": {}} for url in urls
        ]
        files += [{"filename": name, "url": index.url_of(TORCH.path), "hashes": {}} for name in HOSTILE]
        index.put(index.page_path("torch"), json.dumps({"files": files}).encode(), JSON_TYPE)
    else:
        anchors = "".join(f'<a href="{url}">x</a>' for url in urls)
        index.put(index.page_path("torch"), anchors.encode(), "text/html")
    before = sorted(workspace.root.parent.iterdir())
    run = workspace.tool(environment, "install", "-v", "--index-url", index.url, "torch")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"torch": "1.0"}
    notes = [line.text for line in run.lines if "could do harm" in line.text]
    assert 1 <= len(notes) <= 5, notes
    assert all(line.text.isprintable() for line in run.lines)
    assert sorted(workspace.root.parent.iterdir()) == before
    assert len(list((workspace.cache / "files").rglob("?" * 64))) == 1


def test_a_dependency_climbs_nowhere(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """A wheel that requires a URL whose file name leads elsewhere is refused before pip looks."""
    mark = workspace.root / "mark"
    sdist = make_sdist("local", "1.0", before_build=f"open({str(mark)!r}, 'w').close()")
    place = workspace.root / sdist.filename
    place.write_bytes(sdist.content)
    climb = quote("../" * 30 + str(place)[1:], safe="")
    index.add(make_wheel("torch", "1.0", [f"local @ {index.url_of('/files/')}{climb}"]))
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "torch")
    assert run.returncode == 65, run.output
    assert run.block["from"] == index.url_of(TORCH.path)
    assert "must not require local @" in run.block["cause"]
    assert environment.versions() == {}
    assert not mark.exists()
    assert place.read_bytes() == sdist.content


def test_a_name_in_a_url_of_the_user_climbs_nowhere(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """It means the file that it means to pip, and what lies where it climbs to is not touched."""
    wheel = make_wheel("local", "1.0")
    place = workspace.write(wheel.filename, "precious")
    climb = "../" * 30 + str(place)[1:]
    index.put(f"/files/{climb}", wheel.content)
    url = f"{index.url_of('/files/')}{quote(climb, safe='')}"
    run = workspace.tool(environment, "install", "--no-index", f"local @ {url}")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"local": "1.0"}
    assert place.read_text() == "precious\n"


# --- sizes ---


@contextlib.contextmanager
def pouring(head: Sequence[str], body: Callable[[], Iterator[bytes]]) -> Iterator[str]:
    """Serve this answer to every request, for as long as the client takes it; give the server's URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pour(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):  # the client has had enough
                connection.recv(65536)
                connection.sendall(
                    "\r\n".join(["HTTP/1.1 200 OK", *head, "Connection: close", "", ""]).encode()
                )
                for piece in body():
                    connection.sendall(piece)

        def accept() -> None:
            with contextlib.suppress(OSError):  # the test is over
                while True:
                    connection, _ = listener.accept()
                    connection.settimeout(10)
                    pour(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/simple/"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(20)


def measured(running: Running) -> tuple[Run, int]:
    """Wait for the end of a run, and say how many bytes of memory it had at most."""
    most = 0
    status = Path(f"/proc/{running.process.pid}/status")
    while running.process.poll() is None:
        with contextlib.suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
            most = max(most, int(found[1]) * 1024 if found else 0)
        time.sleep(0.02)
    return running.finish(10), most


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(200 * MIB), 1)


@pytest.mark.parametrize(
    ("head", "body", "cause"),
    [
        pytest.param([], lambda: repeat(b"x" * 65536), "longer than", id="endless"),
        pytest.param(["Content-Encoding: gzip"], lambda: iter([_bomb()]), "longer than", id="gzip-bomb"),
        pytest.param(
            ["Content-Encoding: gzip, gzip"],
            lambda: iter([gzip.compress(_bomb())]),
            "packed as",
            id="gzip-twice",
        ),
    ],
)
def test_a_page_without_end_is_refused(
    workspace: Workspace,
    environment: Environment,
    head: list[str],
    body: Callable[[], Iterator[bytes]],
    cause: str,
) -> None:
    """As soon as it is longer than any page, whether on the network or once it is unpacked."""
    with pouring([f"Content-Type: {JSON_TYPE}", *head], body) as url:
        run, memory = measured(workspace.start(environment, "install", "--index-url", url, "torch"))
    assert run.returncode == 65, run.output
    assert cause in run.block["cause"]
    assert memory < MOST_MEMORY


def _files(count: int) -> bytes:
    return b'{"files":[' + b",".join([b'{"filename":"a-1.zip","url":"a-1.zip"}'] * count) + b"]}"


@pytest.mark.parametrize(
    ("page", "cause"),
    [
        pytest.param(lambda: _files(10**6), "more than 100000 files", id="files"),
        pytest.param(lambda: b'{"files":' + b"[" * 10**5, "cannot be read", id="nesting"),
        pytest.param(lambda: b'<a href="' + b"x" * 8 * MIB, "endless", id="attribute"),
        pytest.param(lambda: b"<a" + b" a" * 4 * MIB + b">", "endless", id="attributes"),
        pytest.param(lambda: b"<a>" * 10**6, "more than 100000 files", id="anchors"),
    ],
)
def test_a_page_that_unfolds_is_refused(
    index: FaultyIndex,
    workspace: Workspace,
    environment: Environment,
    page: Callable[[], bytes],
    cause: str,
) -> None:
    """What is small on the network and large in memory is told by its form, before it is read."""
    body = page()
    index.put(index.page_path("torch"), body, JSON_TYPE if body.startswith(b"{") else "text/html")
    run, memory = measured(workspace.start(environment, "install", "--index-url", index.url, "torch"))
    assert run.returncode == 65, run.output
    assert cause in run.block["cause"]
    assert run.block["from"] == index.url_of(index.page_path("torch"))
    assert memory < MOST_MEMORY


def test_metadata_without_end_is_refused(workspace: Workspace, environment: Environment) -> None:
    """Neither beside a wheel nor in it: it is read up to 16 MiB, whatever the wheel's directory says."""
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("torch-1.0.dist-info/METADATA", bytes(300 * MIB))
    lying = bomb.getvalue().replace((300 * MIB).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    wheel = dataclasses.replace(TORCH, content=lying, metadata=b"Metadata-Version: 2.1\n" + b"x" * 20 * MIB)
    with FaultyIndex(Shape(metadata=True)) as index:
        index.add(wheel)
        run, memory = measured(
            workspace.start(environment, "install", "--index-url", index.url, *QUICK, "torch")
        )
        assert run.returncode == 65, run.output
        assert run.block["from"] == index.url_of(wheel.path)
    assert environment.versions() == {}
    assert memory < MOST_MEMORY


# --- https ---


@pytest.fixture(scope="session")
def authority() -> Authority:
    """A certificate authority that nothing on this machine trusts."""
    return Authority()


@pytest.mark.parametrize("what", ["page", "metadata", "file"])
def test_https_never_becomes_http(
    index: FaultyIndex, workspace: Workspace, environment: Environment, authority: Authority, what: str
) -> None:
    """A redirect to http is refused and named, and nothing is asked there."""
    index.add(TORCH)
    bundle = authority.write_bundle(workspace.root / "ca.pem")
    with FaultyIndex(Shape(sizes=True, hashes=False), tls=authority.server_context("127.0.0.1")) as secure:
        secure.add(TORCH)
        paths = {"page": secure.page_path("torch"), "metadata": f"{TORCH.path}.metadata", "file": TORCH.path}
        path = paths[what]
        secure.script(path, [RedirectTo(index.url_of(path))])
        if what == "metadata":  # else it is read out of the wheel
            secure.script(TORCH.path, [RedirectTo(index.url_of(TORCH.path))])
        words = ("--index-url", secure.url, "--cert", bundle, *QUICK, "torch")
        run = workspace.tool(environment, "install", *words)
    assert run.returncode == 65, run.output
    assert "redirect from https to http" in run.block["cause"]
    assert index.requests == []
    assert environment.versions() == {}


def test_a_certificate_that_nobody_vouches_for(
    workspace: Workspace, environment: Environment, authority: Authority
) -> None:
    """The run ends at once and names host and cause; --trusted-host lets it pass, as in pip."""
    with FaultyIndex(tls=authority.server_context("127.0.0.1")) as secure:
        secure.add(TORCH)
        words = ("install", "--index-url", secure.url, "torch")
        run = workspace.tool(environment, *words)
        assert run.returncode == 69, run.output
        assert run.block["from"] == secure.url_of(secure.page_path("torch"))
        assert "tls" in run.block["cause"]
        assert "certificate" in run.block["cause"]
        assert run.elapsed_s < 20
        assert secure.requests == []
        trusting = workspace.tool(environment, *words, "--trusted-host", "127.0.0.1")
        assert trusting.returncode == 0, trusting.output


# --- what lies on disk ---


def _finished(workspace: Workspace, file: Distribution) -> Path:
    return workspace.cache / "files" / "sha256" / file.sha256[:2] / file.sha256


@pytest.mark.parametrize("planted", ["file", "link"])
def test_a_poisoned_cache_poisons_nothing(
    index: FaultyIndex, workspace: Workspace, environment: Environment, planted: str
) -> None:
    """A file under a good file's hash, put there or linked there by somebody else, is not installed."""
    index.add(TORCH)
    evil = make_wheel("torch", "1.0", files={"torch/evil.py": "pwned = True\n"})
    place = _finished(workspace, TORCH)
    place.parent.mkdir(parents=True)
    elsewhere = workspace.root / "elsewhere"
    elsewhere.write_bytes(evil.content)
    if planted == "link":
        place.symlink_to(elsewhere)
    else:
        place.write_bytes(evil.content)
    run = workspace.tool(environment, "install", "--index-url", index.url, "torch")
    assert run.returncode == 0, run.output
    assert not (environment.site_packages / "torch" / "evil.py").exists()
    assert place.read_bytes() == TORCH.content
    assert elsewhere.read_bytes() == evil.content


@pytest.mark.parametrize("suffix", ["", ".json", ".lock"])
def test_links_in_the_cache_are_not_written_through(
    index: FaultyIndex, workspace: Workspace, environment: Environment, suffix: str
) -> None:
    """Who can write to the folder cannot make this user write elsewhere; the run says so or does without."""
    index.add(TORCH)
    victim = workspace.write("victim", "untouched")
    partial = workspace.cache / "partial"
    partial.mkdir(parents=True)
    (partial / f"{TORCH.sha256}{suffix}").symlink_to(victim)
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "torch")
    assert victim.read_text() == "untouched\n"
    assert run.returncode == (0 if suffix == ".json" else 73), run.output
    assert "Traceback" not in run.output


def test_the_folder_of_a_run_is_its_own(door: tuple[Door, Running], workspace: Workspace) -> None:
    """Its name cannot be guessed and nobody else may enter it, whoever may write to the folder above."""
    folders = list((workspace.root / "tmp").iterdir())
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700]
    assert re.fullmatch(r"resilient-pip-\w{8}", folders[0].name)
    assert door


def test_a_wheel_cannot_write_outside(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Pip's own check holds: the run ends with an error, and nothing is there."""
    index.add(make_wheel("torch", "1.0", files={"../../../../../evil.py": "pwned = True\n"}))
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "torch")
    assert run.returncode == 1, run.output
    assert "torch" in run.block[""]
    assert "outside" in run.block["cause"], run.output
    assert list(workspace.root.rglob("evil.py")) == []
    assert environment.versions() == {}
