"""The gateway as a whole: a package index on loopback for the children of one run."""

from __future__ import annotations

import socket
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType

import anyio
from anyio.abc import TaskGroup
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from resilient_pip.cache.answers import Answers
from resilient_pip.errors import AttemptsExhausted
from resilient_pip.events import Emit
from resilient_pip.gateway.address import Address, fresh_address
from resilient_pip.gateway.ahead import Ahead
from resilient_pip.gateway.app import Desk
from resilient_pip.gateway.early import EarlyDownloads
from resilient_pip.gateway.failures import FirstFailure, SourceFailure
from resilient_pip.gateway.links import Links
from resilient_pip.gateway.metadata import CoreMetadata
from resilient_pip.gateway.remote_wheel import RemoteWheels
from resilient_pip.gateway.seams import Files, Reader
from resilient_pip.gateway.serving import LOOPBACK, Server, listen
from resilient_pip.gateway.sources import Routes, Source, SourceKind
from resilient_pip.gateway.upstream import Upstream
from resilient_pip.index.candidates import Hashes, TargetMarkers
from resilient_pip.index.pages import ListedFile
from resilient_pip.index.usable import UsableWheels
from resilient_pip.model import ProjectName, RemoteFile, SafeUrl, redact
from resilient_pip.transport.places import Find

_GRACE_S = 2.0


class Gateway:
    """An index under an unguessable path, for as long as it is entered."""

    def __init__(
        self,
        *,
        sources: Sequence[Source],
        routes: Routes,
        reader: Reader,
        downloads: Files,
        emit: Emit,
        target: TargetMarkers | None,
        wheels: UsableWheels | None = None,
        thins: bool = False,
        constraints: Mapping[ProjectName, SpecifierSet] | None = None,
        mirrors: Callable[[ListedFile], Sequence[Find]] = lambda _: (),
        answers: Answers | None = None,
        downloads_early: bool = False,
        address: Address | None = None,
    ) -> None:
        self._sources = tuple(sources)
        self._address = address or fresh_address()
        self._routes = routes
        self._reader = reader
        self._downloads = downloads
        self._emit = emit
        self._target = target
        self._wheels_wanted = wheels
        self._thins = thins
        self._constraints = constraints or {}
        self._mirrors = mirrors
        self._answers = answers
        self._downloads_early = downloads_early
        self._early: EarlyDownloads | None = None
        self._failures = FirstFailure()
        self._wheels = RemoteWheels(reader, answers)
        self._stopped = anyio.Event()
        self._ahead: Ahead | None = None
        self._links: Links
        self._desk: Desk
        self._server: Server
        self._tasks: TaskGroup

    async def __aenter__(self) -> Gateway:  # noqa: PYI034 - Self is newer than Python 3.10
        listening, token = listen(self._address.port), self._address.token
        self._links = Links(f"http://{LOOPBACK}:{listening.getsockname()[1]}/{token}")
        self._tasks = await anyio.create_task_group().__aenter__()
        self._desk = self._build(self._tasks)
        self._server = Server(self._desk.app(token))
        self._tasks.start_soon(self._serve, listening)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        try:
            with anyio.move_on_after(_GRACE_S, shield=True):
                await self._stopped.wait()
        finally:
            self._tasks.cancel_scope.cancel()
            # What the body raised is not the group's: it must leave unwrapped.
            await self._tasks.__aexit__(None, None, None)

    def in_upstreams_words(self, text: str) -> str:
        """Take this gateway's URLs out of a text, which nobody may see: files get their own upstream."""
        return self._links.in_upstreams_words(text)

    @property
    def index_urls(self) -> tuple[str, ...]:
        """One index URL per source, in the order in which pip has to be given them."""
        return tuple(self._links.index_url(number) for number in range(len(self._sources)))

    def urls_of(self, kind: SourceKind) -> tuple[str, ...]:
        """Give the URLs of the sources of one kind as other clients take them, which tell the kinds apart."""
        url = self._links.index_url if kind is SourceKind.INDEX else self._links.links_url
        return tuple(url(number) for number, source in enumerate(self._sources) if source.kind is kind)

    @property
    def empty_index_url(self) -> str:
        """The URL of an index that has nothing."""
        return self._links.index_url(len(self._sources))

    @property
    def failure(self) -> SourceFailure | None:
        """The first thing that a child asked for and finally did not get."""
        return self._failures.failure

    @property
    def failed(self) -> anyio.Event:
        """Set with `failure`."""
        return self._failures.failed

    def is_busy(self) -> bool:
        """Whether a child waits for an answer just now: its silence is not its own then."""
        return bool(self._server.server_state.tasks)

    def start(
        self,
        requirements: Iterable[str],
        hashes: Mapping[ProjectName, Hashes] | None = None,
        installed: Mapping[ProjectName, str] | None = None,
    ) -> None:
        """Begin to read what planning these requirements (PEP 508) will need; of hashed ones the file.

        Not of what is installed and fits.
        """
        if self._ahead:
            self._ahead.start(requirements, hashes, installed)

    def hold(self) -> None:
        """Make no more guesses about what pip will ask for, and end those under way: planning is over."""
        if self._ahead:
            self._ahead.hold()
        self._desk.abandon_guesses()

    def end_early_downloads(self, planned: Container[str]) -> None:
        """Let what was begun before the plan was made go on where its URL is among those planned."""
        if self._early:
            self._early.end(planned)

    def was_too_brief(self) -> bool:
        """Whether pip discarded a wheel and could not see its sdist; from now on it sees all."""
        return self._desk.was_too_brief()

    def withholding(self, wheels: Mapping[ProjectName, Version]) -> AbstractContextManager[None]:
        """List no file of the versions that a child has wheels of; of equal ones pip takes an index's."""
        return self._desk.withholding(wheels)

    def file_url(self, file: RemoteFile) -> str:
        """Give a URL of this gateway for a file that no source lists."""
        return self._links.file_url(len(self._sources), ListedFile(file=file, raw={}))

    def page_url(self, project: ProjectName) -> SafeUrl | None:
        """Give the page of the first index that is asked for a project."""
        for source in self._sources:
            if source.kind is SourceKind.INDEX and self._routes.allow(source, project):
                return redact(source.page_url(project))
        return None

    def remote_file(self, gateway_url: str) -> RemoteFile | None:
        """Give the file behind one of this gateway's URLs, as it stands in pip's report; else None."""
        return self._links.remote_file(gateway_url)

    async def size_of(self, file: RemoteFile) -> int | None:
        """Give a file's length in bytes; None where its server does not tell or does not answer."""
        try:
            return await self._wheels.size(file)
        except AttemptsExhausted:
            return None

    def _build(self, tasks: TaskGroup) -> Desk:
        upstream = Upstream(
            sources=self._sources,
            routes=self._routes,
            reader=self._reader,
            wheels=self._wheels_wanted,
            thins=self._thins,
            emit=self._emit,
            tasks=tasks,
        )
        metadata = CoreMetadata(
            reader=self._reader,
            wheels=self._wheels,
            files=self._downloads,
            mirrors=self._mirrors,
            answers=self._answers,
            tasks=tasks,
        )
        if self._downloads_early:
            self._early = EarlyDownloads(files=self._downloads, tasks=tasks, emit=self._emit)
        if self._target:
            self._ahead = Ahead(
                pages=upstream.pages,
                metadata=metadata.guess,
                files=self._downloads,
                target=self._target,
                constraints=self._constraints,
                tasks=tasks,
                emit=self._emit,
                early=self._early,
            )
        return Desk(
            links=self._links,
            upstream=upstream,
            metadata=metadata,
            wheels=self._wheels,
            files=self._downloads,
            ahead=self._ahead,
            failures=self._failures,
            tasks=tasks,
        )

    async def _serve(self, listening: socket.socket) -> None:
        try:
            await self._server.serve(sockets=[listening])
            # Streams that were open are cancelled by now; let them end.
            with anyio.move_on_after(_GRACE_S):
                while self._server.server_state.tasks:  # noqa: ASYNC110 - uvicorn has no event for it
                    await anyio.sleep(0.01)
        finally:
            listening.close()
            self._stopped.set()
