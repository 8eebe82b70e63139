"""devpi-server, proxpi and pypiserver as they are, started on loopback and ended by their process.

Each has the fault server ("lab") behind it: devpi and proxpi as what they mirror, pypiserver as where it
redirects the names that it lacks.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias
from uuid import uuid4

from tests.support.environments import eventually
from tests.support.faultserver import FaultyIndex
from tests.support.pages import write_files
from tests.support.wheels import Distribution

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / ".venvs" / "upstreams" / "bin"
LOGIN = ("ann", "s3cret-p4ss")
_PATIENCE_S = 60.0
"""For the start of a server on a loaded machine."""
_ADMIN = "Basic " + base64.b64encode(b"root:root").decode()


@dataclass(kw_only=True, eq=False)
class Server:
    """A server on a port that stays its own while it is down; use it as a context manager.

    Args:
        argv: its command line; "{port}" stands for the port.
        folder: where it works, and where its log is.
        path: the path of its simple index.
        env: variables beside PATH.
        fill: puts files into it once it runs for the first time.
    """

    argv: Sequence[str]
    folder: Path
    path: str
    env: Mapping[str, str] = field(default_factory=dict)
    fill: Callable[[Server], None] = lambda _: None

    def __post_init__(self) -> None:
        # Bound and not listening: with SO_REUSEADDR the server can have it, and nobody gets it by chance.
        self._reservation = socket.socket()
        self._reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reservation.bind(("127.0.0.1", 0))
        self.port: int = self._reservation.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def url(self, host: str | None = None, login: tuple[str, str] | None = None) -> str:
        """The URL of its index, at another host where that leads to it."""
        user = f"{login[0]}:{login[1]}@" if login else ""
        return f"http://{user}{host or self.host}{self.path}"

    def __enter__(self) -> Server:  # noqa: PYI034 - typing.Self is new in Python 3.11
        self.start()
        self.fill(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._reservation.close()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        argv = [word.format(port=self.port) for word in self.argv]
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", **self.env}
        with (self.folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                [str(PROGRAMS / argv[0]), *argv[1:]],
                cwd=self.folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        eventually(self._answers, _PATIENCE_S)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def get(self, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        """Ask it for something; give the answer and its body."""
        return self._request("GET", path, b"", headers)

    def command(self, method: str, path: str, body: bytes, content_type: str) -> None:
        """Change something as devpi's administrator."""
        headers = {"Authorization": _ADMIN, "Accept": "application/json", "Content-Type": content_type}
        answer, content = self._request(method, path, body, headers)
        assert answer.status == 200, (path, answer.status, content)

    def _request(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_S)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log.txt").read_text()
        try:
            self.get("/")
        except OSError:
            return False
        return True


Make: TypeAlias = Callable[[Path, FaultyIndex, Sequence[Distribution]], Server]
"""Makes a server that works in a folder, has a lab behind it, and has files of its own."""


def pypiserver(folder: Path, lab: FaultyIndex, own: Sequence[Distribution], *more: str) -> Server:
    """Make one over a folder of files; unknown names are redirected to the lab."""
    files = write_files(folder / "files", own)
    # As it is, it would redirect them to PyPI.
    words = ["pypi-server", "run", "--interface", "127.0.0.1", "--port", "{port}", "--fallback-url", lab.url]
    return Server(argv=[*words, *more, str(files)], folder=folder, path="/simple/")


def private_pypiserver(folder: Path, lab: FaultyIndex, own: Sequence[Distribution]) -> Server:
    """Make one that lets nobody read without a login (`LOGIN`)."""
    user, password = LOGIN
    digest = base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()  # noqa: S324 - htpasswd's form
    folder.joinpath("htpasswd").write_text(f"{user}:{{SHA}}{digest}\n")
    passwords = ("--authenticate", "list,download,update", "--passwords", str(folder / "htpasswd"))
    return pypiserver(folder, lab, own, *passwords)


def proxpi(folder: Path, lab: FaultyIndex, own: Sequence[Distribution]) -> Server:
    """Make one that mirrors the lab, whose list of projects it needs; it has no files of its own."""
    _list_projects(lab, own)
    return Server(
        argv=["flask", "--app", "proxpi.server", "run", "--host", "127.0.0.1", "--port", "{port}"],
        folder=folder,
        path="/index/",
        env={
            "PROXPI_INDEX_URL": lab.url,
            "PROXPI_CACHE_DIR": str(folder / "cache"),
            "PROXPI_BINARY_FILE_MIME_TYPE": "1",
        },
    )


def devpi(folder: Path, lab: FaultyIndex, own: Sequence[Distribution], *more: str) -> Server:
    """Make one with an index for its own files, which inherits from an index that mirrors the lab."""
    subprocess.run(
        [PROGRAMS / "devpi-init", "--serverdir", folder / "data", "--no-root-pypi", "--root-passwd", "root"],
        capture_output=True,
        check=True,
    )

    def fill(server: Server) -> None:
        mirror = {"type": "mirror", "mirror_url": lab.url, "mirror_no_project_list": True}
        stage = {"type": "stage", "bases": ["root/mirror"]}
        for name, index in (("mirror", mirror), ("own", stage)):
            server.command("PUT", f"/root/{name}", json.dumps(index).encode(), "application/json")
        for file in own:
            body, content_type = _upload(file)
            server.command("POST", "/root/own/", body, content_type)

    # What it derives its secret with takes seconds of CPU time; here it guards nothing.
    cheap = ["--argon2-time-cost", "1", "--argon2-memory-cost", "8", "--argon2-parallelism", "1"]
    words = ["devpi-server", "--serverdir", "data", "--host", "127.0.0.1", "--port", "{port}", *cheap, *more]
    return Server(argv=words, folder=folder, path="/root/own/+simple/", fill=fill)


def devpi_with_metadata(folder: Path, lab: FaultyIndex, own: Sequence[Distribution]) -> Server:
    """Make one with what it calls experimental: core metadata beside files, and absolute URLs."""
    return devpi(folder, lab, own, "--enable-core-metadata", "--absolute-urls")


def _list_projects(lab: FaultyIndex, own: Sequence[Distribution]) -> None:
    """Move the files into the lab, and give it the page of all its projects."""
    for file in own:
        lab.add(file)
    anchors = "".join(f'<a href="{name}/">{name}</a>' for name in sorted(lab.projects))
    lab.put("/simple/", f"<html><body>{anchors}</body></html>".encode(), "text/html")


def _upload(file: Distribution) -> tuple[bytes, str]:
    """Give body and Content-Type of an upload as twine makes it."""
    boundary = uuid4().hex
    fields: dict[str, Any] = {":action": "file_upload", "name": file.name, "version": file.version}
    if file.requires_python:
        fields["requires_python"] = file.requires_python
    head = 'Content-Disposition: form-data; name="{}"'
    parts = [f"--{boundary}\r\n{head.format(name)}\r\n\r\n{value}\r\n" for name, value in fields.items()]
    parts.append(f'--{boundary}\r\n{head.format("content")}; filename="{file.filename}"\r\n\r\n')
    body = "".join(parts).encode() + file.content + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"
