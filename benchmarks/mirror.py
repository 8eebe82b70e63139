"""A mirror of what a benchmark needs of an index: filled on demand, from the disk ever after.

The pages are the index's own, whole, as it wrote them; only the URLs of the files lead to this server.
Wheels of a folder can be added to the pages of their projects.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx

from resilient_pip.index.wheel_metadata import Missing, SparseBytes, read_core_metadata
from resilient_pip.model import project_name

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
_FOLDER = "/files/"
_ADDED = "added"
_PATIENCE_S = 60.0
_TAIL = 128 * 1024
_OFFERS = ("core-metadata", "data-dist-info-metadata", "dist-info-metadata")


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredPage:
    """A simple page as a server sends it."""

    body: bytes
    packed: bytes
    """The same by gzip."""
    etag: str


class Mirror:
    """Pages and files of one index below one folder; an async context manager.

    Args:
        folder: where everything is kept.
        upstream: the simple index, which writes JSON (PEP 691).
        added: folder of wheels that are listed beside those of the index.
    """

    def __init__(
        self, folder: Path, *, upstream: str = "https://pypi.org/simple/", added: Path | None = None
    ) -> None:
        self._folder = folder
        self._upstream = upstream
        self._added = added
        self._client = httpx.AsyncClient(timeout=_PATIENCE_S, follow_redirects=True)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._pages: dict[str, MirroredPage | None] = {}
        self.fetched = 0
        """Requests to the index itself: whoever waited for their answers was not served from the disk."""

    async def __aenter__(self) -> Mirror:  # noqa: PYI034 - typing.Self is new in Python 3.11
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def page(self, project: str, *, metadata: bool, base: str) -> MirroredPage | None:
        """Give a project's page; None where there is none.

        Args:
            project: normalised.
            metadata: with the keys of PEP 658.
            base: what the URLs of files begin with.
        """
        async with self._locks[f"page {project}"]:
            if project not in self._pages:
                document = await self._written(project)
                self._pages[project] = (
                    self._as_served(document, metadata=metadata, base=base) if document else None
                )
        return self._pages[project]

    async def _written(self, project: str) -> dict[str, Any] | None:
        path = self._folder / "pages" / f"{project}.json"
        if not path.exists():
            self.fetched += 1
            answer = await self._client.get(f"{self._upstream}{project}/", headers={"Accept": JSON_TYPE})
            if answer.status_code == httpx.codes.NOT_FOUND:
                body = b"null"
            else:
                body = answer.raise_for_status().content
            _write(path, body)
        document: dict[str, Any] | None = json.loads(path.read_bytes())
        return document

    def _as_served(self, document: dict[str, Any], *, metadata: bool, base: str) -> MirroredPage:
        paths = [(_path(file["url"]), file) for file in document["files"]]
        files = []
        for path, file in [*paths, *self._added_to(document["name"])]:
            offer = self._offer(path) if metadata and path.endswith(".whl") else {}
            kept = {key: value for key, value in file.items() if key not in _OFFERS}
            files.append({**kept, "url": base + quote(path), **offer})
        body = json.dumps({**document, "files": files}, separators=(",", ":")).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        return MirroredPage(body=body, packed=gzip.compress(body, 6, mtime=0), etag=etag)

    def _offer(self, path: str) -> dict[str, Any]:
        """Offer core metadata as PyPI does, by its hash under two keys.

        The hash of metadata that nobody asked for yet is not known, but a page is to be as long as PyPI's.
        """
        place = self._metadata_place(path)
        if not place.exists():
            return {_OFFERS[0]: True, _OFFERS[1]: {"sha256": hashlib.sha256(path.encode()).hexdigest()}}
        digest = {"sha256": hashlib.sha256(place.read_bytes()).hexdigest()}
        return {_OFFERS[0]: digest, _OFFERS[1]: digest}

    def _added_to(self, project: str) -> list[tuple[str, dict[str, Any]]]:
        wheels = self._added.glob("*.whl") if self._added else ()
        return [
            (
                f"{_FOLDER}{_ADDED}/{wheel.name}",
                {
                    "filename": wheel.name,
                    "hashes": {"sha256": self._digest(wheel)},
                    "size": wheel.stat().st_size,
                    "yanked": False,
                },
            )
            for wheel in wheels
            if wheel.name.partition("-")[0].lower().replace("_", "-") == project
        ]

    def _digest(self, wheel: Path) -> str:
        """Hash a wheel once."""
        note = self._folder / "digests" / f"{wheel.name}.{wheel.stat().st_mtime_ns}"
        if not note.exists():
            with wheel.open("rb") as file:
                _write(note, hashlib.file_digest(file, "sha256").hexdigest().encode())
        return note.read_text()

    async def file(self, path: str) -> Path | None:
        """Give a whole file by its path below the server's root; None where there is none."""
        name = path.removeprefix(_FOLDER)
        if name.startswith(f"{_ADDED}/"):
            wheel = self._added / name.removeprefix(f"{_ADDED}/") if self._added else Path()
            return wheel if wheel.is_file() else None
        place = self._folder / "files" / name
        async with self._locks[path]:
            if not place.exists() and not await self._fetch(_url(name), place):
                return None
        return place

    async def metadata(self, path: str) -> bytes | None:
        """Give the core metadata of a wheel by the wheel's path; None where there is none."""
        place = self._metadata_place(path)
        async with self._locks[str(place)]:
            if not place.exists():
                read = await self._read_metadata(path)
                if read is None:
                    return None
                _write(place, read)
        return place.read_bytes()

    def _metadata_place(self, path: str) -> Path:
        return self._folder / "metadata" / path.removeprefix(_FOLDER)

    async def _read_metadata(self, path: str) -> bytes | None:
        project = project_name(path.rpartition("/")[2].partition("-")[0])
        start, end = -_TAIL, 0
        wheel: SparseBytes | None = None
        while (found := await self.part(path, start, end)) is not None:
            body, size = found
            wheel = wheel or SparseBytes(size)
            wheel.add(start if start >= 0 else size - len(body), body)
            try:
                return read_core_metadata(wheel, project)
            except Missing as missing:
                start, end = missing.start, missing.end
        return None

    async def size(self, path: str) -> int | None:
        """Give a file's length; None where there is none."""
        found = await self.part(path, 0, 1)
        return found[1] if found else None

    async def part(self, path: str, start: int, end: int) -> tuple[bytes, int] | None:
        """Give bytes of a file and its length, without fetching all of it where it is not here.

        Args:
            path: below the server's root.
            start: the first byte; negative: so many from the end.
            end: before which byte it ends, where `start` is not negative.
        """
        name = path.removeprefix(_FOLDER)
        place = self._folder / "files" / name
        if name.startswith(f"{_ADDED}/") or place.exists():
            whole = await self.file(path)
            return None if whole is None else _read_part(whole, start, end)
        kept = self._folder / "parts" / f"{name}.{start}-{end}"
        async with self._locks[str(kept)]:
            if not kept.exists():
                asked = f"bytes={start}-{end - 1}" if start >= 0 else f"bytes={start}"
                self.fetched += 1
                answer = await self._client.get(_url(name), headers={"Range": asked})
                total = answer.raise_for_status().headers["Content-Range"].rpartition("/")[2]
                _write(kept, f"{total}\n".encode() + answer.content)
        total_text, _, body = kept.read_bytes().partition(b"\n")
        return body, int(total_text)

    async def _fetch(self, url: str, place: Path) -> bool:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(place.name + ".new")
        self.fetched += 1
        async with self._client.stream("GET", url) as answer:
            if answer.status_code == httpx.codes.NOT_FOUND:
                return False
            answer.raise_for_status()
            with beside.open("wb") as file:
                async for chunk in answer.aiter_bytes(2**20):
                    await asyncio.to_thread(file.write, chunk)
        beside.replace(place)
        return True


def _read_part(path: Path, start: int, end: int) -> tuple[bytes, int]:
    with path.open("rb") as file:
        size = path.stat().st_size
        file.seek(start if start >= 0 else max(0, size + start))
        return file.read((end if start >= 0 else size) - file.tell()), size


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{_FOLDER}{parts.netloc}{unquote(parts.path)}"


def _url(name: str) -> str:
    return f"https://{quote(name)}"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(content)
    beside.replace(path)
