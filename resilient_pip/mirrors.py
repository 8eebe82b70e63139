"""Other places for the files of the main index: where they are there, by the pages of these mirrors.

A mirror has no say in what a file is: hashes and versions come from the main index alone, and only a file
whose hash that index gives is asked for elsewhere. Projects of other indexes are private: no mirror hears
of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias
from urllib.parse import quote

import anyio
from anyio import to_thread

from resilient_pip.errors import AttemptsExhausted
from resilient_pip.events import Emit, Kind, Noted, Subject
from resilient_pip.index.hashes import SECURE
from resilient_pip.index.pages import ACCEPT, ListedFile, PageError, parse_page
from resilient_pip.model import ProjectName, RemoteFile, SafeUrl, redact
from resilient_pip.transport.places import Find
from resilient_pip.transport.small import SmallReader
from resilient_pip.urls import without_login

_Choose: TypeAlias = Callable[[ListedFile], "str | None"]


class Mirrors:
    """The mirrors of one run."""

    def __init__(
        self, urls: Sequence[str], *, index: SafeUrl | None, reader: SmallReader, emit: Emit
    ) -> None:
        """Make them.

        Args:
            urls: their simple indexes; may carry credentials.
            index: whose files they have; None: of no index.
            reader: for their pages alone: its turns must not be held by those who wait for these pages.
            emit: gets the notes.
        """
        self._index = index
        self._mirrors = tuple(_Mirror(url, reader, emit) for url in dict.fromkeys(urls))

    def of_file(self, file: RemoteFile) -> tuple[Find, ...]:
        """Say where else a file may be looked for."""

        def choose(listed: ListedFile) -> str | None:
            return listed.file.url

        return self._finding(file, file.hashes, choose)

    def of_metadata(self, wanted: ListedFile) -> tuple[Find, ...]:
        """Say where else the core metadata of a file may be looked for (PEP 658)."""
        hashes = wanted.metadata or {}

        def choose(listed: ListedFile) -> str | None:
            agrees = listed.metadata is not None and _agree(listed.metadata, hashes)
            return metadata_url(listed.file.url) if agrees else None

        return self._finding(wanted.file, hashes, choose)

    def _finding(self, file: RemoteFile, hashes: Mapping[str, str], choose: _Choose) -> tuple[Find, ...]:
        if file.index != self._index or SECURE.isdisjoint(hashes):
            return ()
        return tuple(partial(mirror.find, file, choose) for mirror in self._mirrors)


class Relisted:
    """Where files are by now, by the pages of their own indexes: a signed URL does not last."""

    def __init__(self, indexes: Sequence[str], *, reader: SmallReader, emit: Emit) -> None:
        """Make them.

        Args:
            indexes: the URLs that this run has; may carry credentials.
            reader: for pages alone, as with `Mirrors`.
            emit: gets the notes.
        """
        self._urls = {redact(url): url for url in indexes}
        self._reader = reader
        self._emit = emit

    def of_file(self, file: RemoteFile) -> Find | None:
        """Say how to look a file up again, on a page that is read each time.

        None where no index on the network lists it, or nothing would show that it is the same file.
        """
        is_listed = file.index.startswith(("http:", "https:")) and file.index != file.safe_url
        if not is_listed or SECURE.isdisjoint(file.hashes):
            return None
        url = self._urls.get(file.index, file.index)

        def choose(listed: ListedFile) -> str | None:
            return None if without_login(listed.file.url) == file.url else listed.file.url

        async def find() -> str | None:
            return await _Mirror(url, self._reader, self._emit, kind="index").find(file, choose)

        return find


class _Mirror:
    """One mirror with the pages that were read of it; left for the run when one cannot be read."""

    def __init__(self, url: str, reader: SmallReader, emit: Emit, *, kind: str = "mirror") -> None:
        self._url = url.rstrip("/")
        self._kind = kind
        self._reader = reader
        self._emit = emit
        self._is_left = False
        self._pages: dict[ProjectName, Mapping[str, ListedFile]] = {}
        self._reading: dict[ProjectName, anyio.Lock] = {}

    async def find(self, file: RemoteFile, choose: _Choose) -> str | None:
        """Give the URL of a file, or what `choose` makes of it; None where it is not here."""
        async with self._reading.setdefault(file.project, anyio.Lock()):
            if file.project not in self._pages and not self._is_left:
                self._pages[file.project] = await self._read(file.project)
        listed = self._pages.get(file.project, {}).get(file.filename)
        return choose(listed) if listed is not None and _agree(listed.file.hashes, file.hashes) else None

    async def _read(self, project: ProjectName) -> Mapping[str, ListedFile]:
        url = f"{self._url}/{quote(project)}/"
        subject = Subject(kind=Kind.PAGE, project=project, name=project, url=redact(url))
        try:
            answer = await self._reader.read(url, subject=subject, accept=ACCEPT)
            if not answer.body:
                return {}  # it does not have the project
            parse = partial(parse_page, project=project, index=redact(self._url))
            kind = answer.headers.get("content-type", "")
            page = await to_thread.run_sync(parse, answer.body, kind, answer.url)
        except (AttemptsExhausted, PageError) as error:
            self._leave(error)
            return {}
        return {listed.file.filename: listed for listed in page.files}

    def _leave(self, error: Exception) -> None:
        if not self._is_left:
            self._is_left = True
            self._emit(Noted(message=f"the {self._kind} {redact(self._url)} is left: {error}"))


def main_index(index_urls: Sequence[str], sources: Sequence[str]) -> SafeUrl | None:
    """Name the index whose files mirrors may have; None where there is none, or another has its name.

    Args:
        index_urls: what --index-url says, first, and --extra-index-url.
        sources: the URLs of everything that lists files.
    """
    main = [redact(url) for url in index_urls[:1]]
    return main[0] if main and [redact(url) for url in sources].count(main[0]) == 1 else None


def metadata_url(url: str) -> str:
    """Give the URL of the core metadata beside the file at `url` (PEP 658)."""
    address, question_mark, query = url.partition("?")
    return f"{address}.metadata{question_mark}{query}"


def _agree(theirs: Mapping[str, str], ours: Mapping[str, str]) -> bool:
    """Say whether hashes of the same algorithm are the same; what is not given does not count."""
    return all(theirs.get(algorithm, digest) == digest for algorithm, digest in ours.items())
