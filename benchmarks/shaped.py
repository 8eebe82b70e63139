"""An index behind one link of a given bandwidth and latency, served from a mirror, in a process of its own.

    with shaped_index(Link(bytes_per_second=25_000_000, latency_s=0.02), folder=Path(".run/mirror")) as index:
        ... index.url ...
        taken = index.taken()

All connections share the link, piece by piece. An answer begins one latency after its request; the first of
a connection one later, as a connection takes a round trip.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote, urlsplit

from benchmarks.mirror import JSON_TYPE, Mirror, MirroredPage

_PIECE = 32 * 1024
_TAKEN = "/-/taken"
_LINK = "/-/link/"
_CATCH_UP_S = 0.01
"""How much idle time the link makes up for: every sleep is a little too long, and that must not add up."""
_LONGEST_HEAD = 64 * 1024
_FAR = 2**62
"""Where a range without an end ends; a file itself is shorter."""
_OF_FILES = {
    "Content-Type": "application/octet-stream",
    "Accept-Ranges": "bytes",
    "Cache-Control": "max-age=365000000, immutable, public",
}
_REASONS = {200: "OK", 206: "Partial Content", 304: "Not Modified", 404: "Not Found"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What all connections share."""

    bytes_per_second: int
    latency_s: float
    """Of one round trip."""


@dataclass(slots=True, kw_only=True)
class Taken:
    """What went over the link."""

    sent: int = 0
    """Bytes of bodies."""
    requests: int = 0
    connections: int = 0
    fetched: int = 0
    """Requests that went on to the index which is mirrored; 0 where everything was on the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapedIndex:
    """A running server."""

    url: str
    """Of the simple index."""

    def taken(self) -> Taken:
        """Say what was sent since the last time."""
        return self._ask(_TAKEN)

    def change(self, link: Link) -> None:
        """Put the same index, at its URL, behind another link; what was sent before is forgotten."""
        self._ask(f"{_LINK}{link.bytes_per_second}/{link.latency_s}")

    def _ask(self, path: str) -> Taken:
        base = self.url.removesuffix("/simple/")
        with urllib.request.urlopen(f"{base}{path}") as answer:  # noqa: S310 - our own server
            return Taken(**json.load(answer))


@contextmanager
def shaped_index(
    link: Link, *, folder: Path, metadata: bool, added: Path | None = None
) -> Iterator[ShapedIndex]:
    """Serve a mirror until the block ends.

    Args:
        link: the network.
        folder: of the mirror.
        metadata: whether core metadata is offered beside the files (PEP 658).
        added: folder of wheels that are listed too.
    """
    words = [f"--bytes-per-second={link.bytes_per_second}", f"--latency={link.latency_s}", str(folder)]
    words += ["--metadata"] if metadata else []
    words += [f"--added={added}"] if added else []
    argv = [sys.executable, "-m", "benchmarks.shaped", *words]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield ShapedIndex(url=f"http://127.0.0.1:{server.stdout.readline().strip()}/simple/")
        finally:
            server.terminate()


class _Server:
    def __init__(self, mirror: Mirror, link: Link, *, metadata: bool) -> None:
        self._mirror = mirror
        self._link = link
        self._metadata = metadata
        self._free_at = 0.0
        self._taken = Taken()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        is_new = True
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                asked = _read((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
                if asked.path.startswith(_LINK):
                    speed, _, latency = asked.path.removeprefix(_LINK).partition("/")
                    self._link = Link(bytes_per_second=int(speed), latency_s=float(latency))
                if asked.path == _TAKEN or asked.path.startswith(_LINK):
                    await self._tell(writer)
                    continue
                self._taken.requests += 1
                self._taken.connections += is_new
                began = asyncio.get_running_loop().time()
                await self._answer(asked, writer, began + self._link.latency_s * (2 if is_new else 1))
                is_new = False
        writer.close()

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        self._taken.fetched, self._mirror.fetched = self._mirror.fetched, 0
        body = json.dumps(asdict(self._taken)).encode()
        self._taken = Taken()
        writer.write(_head(200, {"Content-Length": str(len(body))}) + body)
        await writer.drain()

    async def _answer(self, asked: _Asked, writer: asyncio.StreamWriter, at: float) -> None:
        answer = await self._find(asked)
        await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
        body = answer.body
        length = body.stat().st_size if isinstance(body, Path) else len(body)
        writer.write(_head(answer.status, {"Content-Length": str(length), **answer.fields}))
        if asked.method == "HEAD":
            pass
        elif isinstance(body, Path):
            with body.open("rb") as file:
                while piece := file.read(_PIECE):
                    await self._send(writer, piece)
        else:
            for start in range(0, length, _PIECE):
                await self._send(writer, body[start : start + _PIECE])
        await writer.drain()

    async def _find(self, asked: _Asked) -> _Answer:
        path, mirror = asked.path, self._mirror
        match path.split("/"):
            case ["", "simple", project, ""]:
                base = f"http://{asked.headers['host']}"
                page = await mirror.page(project, metadata=self._metadata, base=base)
                return _page_answer(page, asked.headers) if page else _NOTHING
            case ["", "files", *_, name] if name.endswith(".metadata"):
                body = await mirror.metadata(path.removesuffix(".metadata")) if self._metadata else None
                return _NOTHING if body is None else _Answer(fields=_OF_FILES, body=body)
            case ["", "files", *_] if asked.method == "HEAD":
                size = await mirror.size(path)
                return _Answer(fields={**_OF_FILES, "Content-Length": str(size)}) if size else _NOTHING
            case ["", "files", *_] if "range" in asked.headers:
                return await self._part_answer(path, asked.headers["range"])
            case ["", "files", *_]:
                whole = await mirror.file(path)
                return _Answer(fields=_OF_FILES, body=whole) if whole else _NOTHING
            case _:
                return _NOTHING

    async def _part_answer(self, path: str, wanted: str) -> _Answer:
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, end = (int(first), int(last) + 1 if last else _FAR) if first else (-int(last), 0)
        found = await self._mirror.part(path, start, end)
        if found is None:
            return _NOTHING
        body, size = found
        start = start if start >= 0 else size - len(body)
        told = f"bytes {start}-{start + len(body) - 1}/{size}"
        return _Answer(status=206, fields={**_OF_FILES, "Content-Range": told}, body=body)

    async def _send(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        loop = asyncio.get_running_loop()
        since = max(loop.time() - _CATCH_UP_S, self._free_at)
        self._free_at = since + len(piece) / self._link.bytes_per_second
        if (wait_s := self._free_at - loop.time()) > 0:
            await asyncio.sleep(wait_s)
        self._taken.sent += len(piece)
        writer.write(piece)
        await writer.drain()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What is sent for it."""

    status: int = 200
    fields: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Path = b""


_NOTHING = _Answer(status=404)


def _read(text: str) -> _Asked:
    first, *lines = text.split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return _Asked(method=method, path=unquote(urlsplit(target).path), headers=headers)


def _page_answer(page: MirroredPage, headers: Mapping[str, str]) -> _Answer:
    fields = {"ETag": page.etag, "Cache-Control": "max-age=600, public", "Content-Type": JSON_TYPE}
    if headers.get("if-none-match") == page.etag:
        return _Answer(status=304, fields=fields)
    if "gzip" in headers.get("accept-encoding", ""):
        return _Answer(fields={**fields, "Content-Encoding": "gzip"}, body=page.packed)
    return _Answer(fields=fields, body=page.body)


def _head(status: int, fields: Mapping[str, str]) -> bytes:
    # Without a date pip caches no file.
    dated = {"Date": formatdate(usegmt=True), **fields}
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", *(f"{name}: {value}" for name, value in dated.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def _run(arguments: argparse.Namespace) -> None:
    link = Link(bytes_per_second=arguments.bytes_per_second, latency_s=arguments.latency)
    async with Mirror(arguments.folder, added=arguments.added) as mirror:
        server = _Server(mirror, link, metadata=arguments.metadata)
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=_LONGEST_HEAD, backlog=128)
        print(listening.sockets[0].getsockname()[1], flush=True)
        async with listening:
            await listening.serve_forever()


def main() -> None:
    """Serve what the command line names; print the port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bytes-per-second", type=int, required=True)
    parser.add_argument("--latency", type=float, required=True)
    parser.add_argument("--metadata", action="store_true")
    parser.add_argument("--added", type=Path)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
