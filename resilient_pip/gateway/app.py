"""The gateway's HTTP side: a request becomes a question to the parts, their answer a response.

200 the thing itself, 404 the sources say that it is not there, 424 (Failed Dependency) a source failed:
pip retries neither. Every answer has a Content-Length; a file that fails on its way breaks the connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

from anyio import to_thread
from anyio.abc import TaskGroup
from packaging.version import Version
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from resilient_pip.errors import BadContent, ResilientPipError
from resilient_pip.events import Kind, Subject
from resilient_pip.gateway.ahead import Ahead
from resilient_pip.gateway.failures import FirstFailure, SourceFailure
from resilient_pip.gateway.flights import Flights
from resilient_pip.gateway.links import Links
from resilient_pip.gateway.metadata import CoreMetadata
from resilient_pip.gateway.remote_wheel import RemoteWheels
from resilient_pip.gateway.seams import Files
from resilient_pip.gateway.streaming import FileAnswer
from resilient_pip.gateway.upstream import Upstream
from resilient_pip.index.candidates import without_version
from resilient_pip.index.pages import ListedFile, PageError
from resilient_pip.index.requirements import forbidden_url, is_discarded
from resilient_pip.index.rewrite import OLD_HTML_TYPE, negotiate, rewrite
from resilient_pip.lines import printable
from resilient_pip.model import ProjectName, RemoteFile, SafeUrl, project_name

_FAILED = 424
_METADATA = ".metadata"


class Desk:
    """Answers the requests of pip and of its children."""

    def __init__(
        self,
        *,
        links: Links,
        upstream: Upstream,
        metadata: CoreMetadata,
        wheels: RemoteWheels,
        files: Files,
        ahead: Ahead | None,
        failures: FirstFailure,
        tasks: TaskGroup,
    ) -> None:
        self._links = links
        self._upstream = upstream
        self._metadata = metadata
        self._wheels = wheels
        self._files = files
        self._ahead = ahead
        self._failures = failures
        self._tasks = tasks
        self._discarded = False
        """Whether there was metadata for which pip discards the wheel."""
        self._pages: Flights[tuple[int, ProjectName, str, Version | None], bytes | None] = Flights(tasks)
        self._withheld: Mapping[ProjectName, Version] = {}
        self._given_up: dict[str, ResilientPipError] = {}
        """Why which file cannot be had, by its URL: a client that asks again is told at once."""

    def app(self, token: str) -> ASGIApp:
        """Make the application that answers under `token`."""
        routes = [
            Route("/{number:int}/simple/{project}/", self._page),
            Route("/{number:int}/links/", self._all_links),
            Route("/{number:int}/files/{project}/{key}/{filename}", self._file),
        ]
        return _Guard(Starlette(routes=[Mount(f"/{token}", routes=routes)]), self._failures)

    def abandon_guesses(self) -> None:
        """End what is being read and no child waits for."""
        self._upstream.abandon()
        self._metadata.abandon()

    def was_too_brief(self) -> bool:
        """Whether pip discarded a wheel and could not see its sdist; from now on it sees all."""
        if not self._discarded or not self._upstream.stop_thinning():
            return False
        self._pages = Flights(self._tasks)
        return True

    @contextmanager
    def withholding(self, versions: Mapping[ProjectName, Version]) -> Iterator[None]:
        """List no file of these versions for as long as this is entered."""
        self._withheld = versions
        try:
            yield
        finally:
            self._withheld = {}

    async def _page(self, request: Request) -> Response:
        number: int = request.path_params["number"]
        project = project_name(request.path_params["project"])
        if number >= self._upstream.count:
            return _absent()
        if self._ahead:
            self._ahead.page_asked(project)
        content_type = negotiate(", ".join(request.headers.getlist("accept")))
        key = number, project, content_type, self._withheld.get(project)
        try:
            body = await self._pages.get(key, partial(self._render, *key))
        except ResilientPipError as error:
            return self._failed(self._upstream.subject(number, project), None, error)
        if body is None:
            return _absent()
        return Response(
            body, media_type=content_type, headers={"Cache-Control": "no-store", "Vary": "Accept"}
        )

    async def _render(
        self, number: int, project: ProjectName, content_type: str, withheld: Version | None
    ) -> bytes | None:
        page = await self._upstream.page(number, project)
        if page is None:
            return None
        if withheld is not None:
            page = await to_thread.run_sync(without_version, page, withheld)
        file_url = partial(self._links.file_url, number)
        try:
            return await to_thread.run_sync(rewrite, page, content_type, file_url)
        except PageError as error:
            raise BadContent(url=self._upstream.subject(number, project).url, reason=str(error)) from error

    async def _all_links(self, request: Request) -> Response:
        """Give the page of one --find-links source, for clients that want it whole: uv."""
        number: int = request.path_params["number"]
        if number >= self._upstream.count:
            return _absent()
        try:
            page = await self._upstream.links(number)
        except ResilientPipError as error:
            return self._failed(self._upstream.subject(number, ProjectName("")), None, error)
        if page is None:
            return _absent()
        body = await to_thread.run_sync(rewrite, page, OLD_HTML_TYPE, partial(self._links.file_url, number))
        return Response(body, media_type=OLD_HTML_TYPE, headers={"Cache-Control": "no-store"})

    async def _recall(self, number: int, project: ProjectName) -> None:
        """Read the page that lists a file whose URL is of an earlier run, which had the same address.

        Raises:
            ResilientPipError: its source could not say.
        """
        page = await self._upstream.page(number, project) if number < self._upstream.count else None
        for listed in page.files if page else ():
            self._links.file_url(number, listed)

    async def _file(self, request: Request) -> Response | FileAnswer:
        names = request.path_params
        number, project, key = place = names["number"], names["project"], names["key"]
        if not self._links.is_known(number, key):
            try:
                await self._recall(number, project_name(project))
            except ResilientPipError as error:
                return self._failed(self._upstream.subject(number, project_name(project)), None, error)
        listed = self._links.find(*place, names["filename"])
        if listed:
            failed = partial(self._failed, _subject(Kind.FILE, listed.file), listed.file)
            if given_up := self._given_up.get(listed.file.url):
                return failed(given_up)
            return FileAnswer(
                listed.file,
                files=self._files,
                size=self._wheels.known_size(listed.file),
                etag=f'"{key}"',
                failed=failed,
            )
        listed = self._links.find(*place, names["filename"].removesuffix(_METADATA))
        if listed and (listed.file.is_wheel or listed.metadata is not None):
            return await self._core_metadata(listed)
        return _absent()

    async def _core_metadata(self, listed: ListedFile) -> Response:
        if self._ahead:
            self._ahead.metadata_asked(listed)
        try:
            body = await self._metadata.get(listed)
            self._discarded |= await to_thread.run_sync(_look_at, body, listed.file)
        except ResilientPipError as error:
            return self._failed(_subject(Kind.METADATA, listed.file), listed.file, error)
        return Response(body, media_type="application/octet-stream")

    def _failed(self, subject: Subject, file: RemoteFile | None, error: ResilientPipError) -> Response:
        """Record that a child does not get what it asked for, and say so."""
        self._failures.record(SourceFailure(subject=subject, error=error, file=file))
        if file is not None and subject.kind is Kind.FILE:
            self._given_up[file.url] = error
        return PlainTextResponse(f"resilient-pip: {subject.name} from {subject.url}: {error}\n", _FAILED)


class _Guard:
    """Turns a bug into a failure of the run instead of an answer."""

    def __init__(self, app: ASGIApp, failures: FirstFailure) -> None:
        self._app = app
        self._failures = failures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except ResilientPipError:
            raise  # recorded; uvicorn breaks the connection
        except Exception as error:
            url = Request(scope).url.path.rpartition("/")[2]
            subject = Subject(kind=Kind.FILE, project=ProjectName(""), name=url, url=SafeUrl(""))
            self._failures.record(SourceFailure(subject=subject, error=error))
            raise


def _look_at(metadata: bytes, file: RemoteFile) -> bool:
    """Say whether pip will discard a file for its metadata.

    Raises:
        BadContent: a file from the network requires what lies elsewhere than it may.
    """
    parts = urlsplit(file.url)
    forbidden = None if parts.scheme == "file" else forbidden_url(metadata, parts.hostname or "")
    if forbidden:
        raise BadContent(url=file.safe_url, reason=f"it must not require {printable(forbidden)}")
    return is_discarded(metadata, file)


def _absent() -> Response:
    return PlainTextResponse("not here\n", 404)


def _subject(kind: Kind, file: RemoteFile) -> Subject:
    return Subject(kind=kind, project=file.project, name=file.filename, url=file.safe_url)
