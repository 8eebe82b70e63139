"""Pages of projects, read from their sources: once per run, and with a verdict on "not here"."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from resilient_pip.errors import BadContent, Refused, SourceError
from resilient_pip.events import Emit, Kind, Noted, Subject
from resilient_pip.gateway.flights import Flights
from resilient_pip.gateway.local import links_page, local_path, read_index, read_links
from resilient_pip.gateway.readings import Readings
from resilient_pip.gateway.seams import Answer, Reader
from resilient_pip.gateway.sources import Routes, Source, SourceKind
from resilient_pip.index.filenames import belongs_to, is_distribution, is_plain, last_segment, project_of
from resilient_pip.index.pages import ACCEPT, ListedFile, Page, PageError, parse_page
from resilient_pip.index.usable import UsableWheels
from resilient_pip.model import ProjectName, RemoteFile, redact

_FORBIDDEN = 403
_NOT_HERE = frozenset({404, 410})


class _Nothing(enum.Enum):
    """Ways in which a source has no page, as far as its answer tells."""

    ABSENT = enum.auto()
    FORBIDDEN = enum.auto()


_Found: TypeAlias = Page | _Nothing


class Upstream:
    """Reads pages for the gateway; each page once, each failure once."""

    def __init__(
        self,
        *,
        sources: Sequence[Source],
        routes: Routes,
        reader: Reader,
        wheels: UsableWheels | None = None,
        thins: bool = False,
        emit: Emit,
        tasks: TaskGroup,
    ) -> None:
        self._sources = tuple(sources)
        self._routes = routes
        self._reader = reader
        self._wheels = wheels
        self._thins = thins
        self._emit = emit
        self._tasks = tasks
        self._found: Flights[tuple[int, ProjectName | None], _Found] = Flights(tasks)
        self._noted: set[str] = set()
        self._readings = Readings()

    def abandon(self) -> None:
        """End the reading of pages that nobody waits for."""
        self._found.abandon()

    def stop_thinning(self) -> bool:
        """Read pages anew, with the sdists that wheels supersede; say whether they were left out."""
        thinned, self._thins = self._thins, False
        if thinned:
            self._found = Flights(self._tasks)
        return thinned

    @property
    def count(self) -> int:
        """How many sources there are."""
        return len(self._sources)

    def subject(self, number: int, project: ProjectName) -> Subject:
        """Name a page in events and failures."""
        url = redact(self._sources[number].page_url(project))
        return Subject(kind=Kind.PAGE, project=project, name=project, url=url)

    async def page(self, number: int, project: ProjectName) -> Page | None:
        """Give what source `number` lists for a project; None where it has no such project.

        Raises:
            SourceError: the source could not say, and must not be skipped.
        """
        source = self._sources[number]
        if not self._routes.allow(source, project):
            return None

        async def find() -> _Found:
            found = await self._find(number, project)
            if found is _Nothing.FORBIDDEN:
                await self._check_forbidden(number, project)
            return found

        return await self._unless_skipped(source, find())

    async def links(self, number: int) -> Page | None:
        """Give all that find-links source `number` lists; None where that is nothing.

        Raises:
            SourceError: the source could not say, and must not be skipped.
        """
        source = self._sources[number]
        if source.kind is not SourceKind.FIND_LINKS:
            return None
        reading = self._found.get((number, None), partial(self._read_links, number))
        found = await self._unless_skipped(source, reading)
        if found is None:
            return None
        return links_page([_of(listed, project_of(listed.file.filename)) for listed in found.files])

    async def _unless_skipped(self, source: Source, finding: Awaitable[_Found]) -> Page | None:
        try:
            found = await finding
        except SourceError as error:
            if not source.skippable:
                raise
            self._note(f"{source.safe_url} is skipped: {error}")
            return None
        return found if isinstance(found, Page) else None

    async def pages(self, project: ProjectName) -> tuple[Page, ...]:
        """Give what every source lists for a project, in their order, leaving out those that fail."""
        pages: dict[int, Page] = {}

        async def ask(number: int) -> None:
            try:
                page = await self.page(number, project)
            except SourceError:
                return  # counts where a child asks
            if page:
                pages[number] = page

        async with anyio.create_task_group() as tasks:
            for number in range(len(self._sources)):
                tasks.start_soon(ask, number)
        return tuple(pages[number] for number in sorted(pages))

    async def _find(self, number: int, project: ProjectName) -> _Found:
        source = self._sources[number]
        if source.kind is SourceKind.LOCKED:
            return links_page([source.files[project]])
        if source.kind is SourceKind.INDEX:
            return await self._found.get((number, project), partial(self._read_index, number, project))
        found = await self._found.get((number, None), partial(self._read_links, number))
        if isinstance(found, _Nothing):
            return found
        mine = [_of(listed, project) for listed in found.files if belongs_to(listed.file.filename, project)]
        return links_page(mine) if mine else _Nothing.ABSENT

    # --- one source ----------------------------------------------------------------------------

    async def _read_index(self, number: int, project: ProjectName) -> _Found:
        source = self._sources[number]
        path = local_path(source.url)
        if path is None:
            return await self._read_remote(number, project, source.page_url(project))
        if not path.is_dir():
            self._note(f"the index {source.safe_url} does not exist")
        found = await to_thread.run_sync(read_index, path, project, source.safe_url)
        return self._keep(found)

    async def _read_links(self, number: int) -> _Found:
        source = self._sources[number]
        path = local_path(source.url)
        if path is not None:
            found = await to_thread.run_sync(read_links, path, source.safe_url)
            if found is None:
                self._note(f"--find-links {source.safe_url} does not exist")
            return self._keep(found)
        name = last_segment(source.url)
        if is_distribution(name) and is_plain(name):
            file = RemoteFile(project=ProjectName(""), filename=name, url=source.url, index=source.safe_url)
            raw = {"filename": name, "url": source.url, "hashes": {}}
            return links_page([ListedFile(file=file, raw=raw)])
        return await self._read_remote(number, ProjectName(""), source.url)

    async def _read_remote(self, number: int, project: ProjectName, url: str) -> _Found:
        source = self._sources[number]
        subject = replace(self.subject(number, project), name=project or source.safe_url)
        page: Page | None = None

        async def parse(answer: Answer) -> None:
            nonlocal page
            kind = answer.headers.get("content-type", "")
            read = partial(
                parse_page,
                project=project,
                index=source.safe_url,
                wheels=self._wheels,
                without_superseded_sdists=self._thins,
            )
            try:
                _refuse_cut(answer)
                page = await to_thread.run_sync(read, answer.body, kind, answer.url)
            except PageError as error:
                raise BadContent(url=subject.url, reason=str(error)) from error

        async with self._readings.under_way(number):
            answer = await self._reader.read(
                url, subject=subject, accept=ACCEPT, absent=_NOT_HERE | {_FORBIDDEN}, check=parse
            )
            if answer.status == _FORBIDDEN:
                return _Nothing.FORBIDDEN
            if page is not None:
                self._readings.succeeded(number)
        return self._keep(page)

    def _keep(self, page: Page | None) -> _Found:
        if page is None:
            return _Nothing.ABSENT
        for name in page.dropped:
            self._note(f"an index lists the file {name}: left out, its name or URL could do harm")
        return page

    # --- 403 -----------------------------------------------------------------------------------

    async def _check_forbidden(self, number: int, project: ProjectName) -> None:
        """Take a 403 for "no such project" where that is likely; else raise Refused.

        PyTorch's index answers 403 for the names that it lacks. It means that where this index lets other
        pages be read, or another index has the name; an index that refuses everything wants credentials.
        """
        if not (
            self._readings.have_succeeded(number)
            or await self._elsewhere(number, project)
            or await self._readings.will_succeed(number)
        ):
            raise Refused(url=self.subject(number, project).url, status=_FORBIDDEN)
        safe = self._sources[number].safe_url
        self._note(f"{safe} answers HTTP 403 for some names (first {project}): taken as not there", key=safe)

    async def _elsewhere(self, number: int, project: ProjectName) -> bool:
        for other, source in enumerate(self._sources):
            if other == number or not self._routes.allow(source, project):
                continue
            try:
                # Not `page`: two indexes that both answer 403 would wait for each other.
                if isinstance(await self._find(other, project), Page):
                    return True
            except SourceError:
                continue  # it is asked, and fails, in its own turn
        return False

    def _note(self, message: str, *, key: str | None = None) -> None:
        if (key or message) not in self._noted:
            self._noted.add(key or message)
            self._emit(Noted(message=message))


def _refuse_cut(answer: Answer) -> None:
    """Refuse a page that ended where its connection did, and not as HTML does: files may be missing then.

    JSON that was cut cannot be read; HTML can. Raises PageError.
    """
    is_framed = "content-length" in answer.headers or "transfer-encoding" in answer.headers
    if is_framed:
        return
    body = answer.body.lower()
    if b"<html" in body and b"</html" not in body:
        raise PageError("an HTML page whose end is missing, from a server that tells no length")


def _of(listed: ListedFile, project: ProjectName) -> ListedFile:
    return replace(listed, file=replace(listed.file, project=project))
