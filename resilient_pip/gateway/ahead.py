"""Runs ahead of pip while it plans: guesses what it will ask for next, and asks for that now.

pip asks for one page or one file's metadata at a time, 200 and more in a row for a large set. Here the
file that pip will most likely choose is found in each page, its metadata read, and the pages of its
dependencies after that, several at once. Wrong guesses cost requests and nothing else; their failures
count only if pip asks for the same.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import chain, dropwhile, islice
from typing import TypeAlias, TypeVar

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from resilient_pip.errors import ResilientPipError
from resilient_pip.events import Emit, GuessesCounted
from resilient_pip.gateway.early import EarlyDownloads
from resilient_pip.gateway.foreseen import Foreseen
from resilient_pip.gateway.guesses import Guesses
from resilient_pip.gateway.projects import Project, Projects
from resilient_pip.gateway.seams import Files
from resilient_pip.index.candidates import Candidate, Hashes, TargetMarkers, admitted, rank, with_hashes
from resilient_pip.index.pages import ListedFile, Page
from resilient_pip.index.requirements import applying, read_requirements
from resilient_pip.model import ProjectName, project_name

_AT_ONCE = 12
"""Requests; the reader takes 16, and pip's own must not wait behind guesses."""
_GUESSES = 4
"""Files of one project that are tried because another project's requirement changed the choice."""
_OLDER = (2, 4, 8)
"""How many older versions to read when pip steps back for the first, second and any further time."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
ReadPages: TypeAlias = Callable[[ProjectName], Awaitable[Sequence[Page]]]
GuessMetadata: TypeAlias = Callable[[ListedFile], Awaitable[bytes | None]]


class Ahead:
    """The run-ahead of one gateway."""

    def __init__(
        self,
        *,
        pages: ReadPages,
        metadata: GuessMetadata,
        files: Files,
        target: TargetMarkers,
        constraints: Mapping[ProjectName, SpecifierSet],
        tasks: TaskGroup,
        emit: Emit,
        early: EarlyDownloads | None = None,
    ) -> None:
        self._pages = pages
        self._metadata = metadata
        self._files = files
        self._target = target
        self._tasks = tasks
        self._emit = emit
        self._projects = Projects(constraints)
        self._ranking: defaultdict[ProjectName, anyio.Lock] = defaultdict(anyio.Lock)
        self._turns = anyio.Semaphore(_AT_ONCE)
        self._scopes: set[anyio.CancelScope] = set()
        self._holding = False
        self._guesses = Guesses()
        self._hashes: Mapping[ProjectName, Hashes] = {}
        self._installed: Mapping[ProjectName, str] = {}
        self._early = early
        self._foreseen = Foreseen(self._projects)

    def start(
        self,
        requirements: Iterable[str],
        hashes: Mapping[ProjectName, Hashes] | None = None,
        installed: Mapping[ProjectName, str] | None = None,
    ) -> None:
        """Begin with what the user asks for, before pip does; requirements by URL are left out.

        Args:
            requirements: as PEP 508 says.
            hashes: what the files of some of them may be. pip reads no metadata of these but downloads
                them whole, one after the other, so that is what is begun.
            installed: versions of what pip will not look for where they fit.
        """
        self._hashes = hashes or {}
        self._installed = installed or {}
        wanted = list(applying(requirements, self._target.environment, ()))
        for requirement in wanted:
            # All specifiers first: one project may stand on several lines.
            self._projects[project_name(requirement.name)].specifier &= requirement.specifier
            self._foreseen.wanted(requirement)
        for requirement in wanted:
            self._want(requirement)

    def hold(self) -> None:
        """Make no more guesses, and end those that are under way and nobody else waits for."""
        if self._holding:
            return
        self._holding = True
        for scope in self._scopes:
            scope.cancel()
        self._emit(GuessesCounted(made=self._guesses.made, in_vain=self._guesses.in_vain))

    @property
    def is_busy(self) -> bool:
        """Whether guesses are under way."""
        return bool(self._scopes)

    def page_asked(self, project: ProjectName) -> None:
        """Take note that pip asks for a project's page."""
        self._guesses.asked(project)
        if project not in self._projects or self._projects[project].is_installed:
            self._want(Requirement(project), asked=True)

    def metadata_asked(self, listed: ListedFile) -> None:
        """Take note that pip asks for a file's metadata."""
        self._guesses.asked(listed.file.url)
        if self._early:
            self._early.leave(listed.file.project, but=listed.file.url)
            self._foreseen.asked(listed)
        if not self._holding:
            self._tasks.start_soon(self._guarded, self._follow, listed)

    def _want(self, requirement: Requirement, *, asked: bool = False) -> None:
        if self._holding:
            return
        name = project_name(requirement.name)
        project = self._projects[name]
        project.specifier &= requirement.specifier
        project.extras |= requirement.extras
        version = None if asked else self._installed.get(name)
        project.is_installed = version is not None and project.specifier.contains(version, prereleases=True)
        if project.is_installed:
            return
        self._tasks.start_soon(self._guarded, self._visit, requirement)

    async def _guarded(self, work: Callable[[_T], Awaitable[None]], what: _T) -> None:
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                await work(what)
            except ResilientPipError:
                pass  # it counts when pip asks for the same
            except Exception:  # noqa: BLE001 - a boundary: a guess must never end a run
                _log.debug("running ahead of pip failed at %s", what, exc_info=True)
        self._scopes.discard(scope)
        if self._early and not self.is_busy and not self._holding:
            for file in self._foreseen.take():
                self._early.begin(file)

    async def _visit(self, requirement: Requirement) -> None:
        """Follow the file that pip will choose for a requirement, if that is another one than before."""
        name = project_name(requirement.name)
        project = self._projects[name]
        candidates = await self._candidates(name, project)
        # What a wrong guess requires may contradict the rest; then the requirement counts alone.
        specifiers = (project.specifier, requirement.specifier)
        choice = next(chain.from_iterable(admitted(candidates, each) for each in specifiers), None)
        if choice is None:
            return
        url = choice.listed.file.url
        if url not in project.guessed:
            if len(project.guessed) >= _GUESSES:
                return
            project.guessed.append(url)
        if name in self._hashes:
            await self._files.fetch(choice.listed.file)
        else:
            await self._expand(project, choice.listed)

    async def _follow(self, listed: ListedFile) -> None:
        """Follow what pip chose; where that is an older version than guessed, read some still older ones."""
        name = listed.file.project
        project = self._projects[name]
        await self._expand(project, listed)
        if listed.file.url in project.guessed:
            return
        candidates = await self._candidates(name, project)
        count = _OLDER[min(project.steps_back, len(_OLDER) - 1)]
        project.steps_back += 1
        fitting = admitted(candidates, project.specifier)
        rest = dropwhile(lambda candidate: candidate.listed.file.url != listed.file.url, fitting)
        for candidate in islice(rest, 1, 1 + count):
            if not self._guesses.may_risk:
                return
            self._guesses.make(candidate.listed.file.url)
            self._tasks.start_soon(self._guarded, self._warm, candidate.listed)

    async def _candidates(self, name: ProjectName, project: Project) -> tuple[Candidate, ...]:
        async with self._ranking[name]:
            if project.candidates is None:
                async with self._turns:
                    self._guesses.make(name)
                    pages = await self._pages(name)
                if name in self._hashes:
                    pages = with_hashes(pages, self._hashes[name])
                project.candidates = await to_thread.run_sync(rank, pages, self._target)
        return project.candidates

    async def _expand(self, project: Project, listed: ListedFile) -> None:
        """Want what a file requires."""
        extras = frozenset(project.extras)
        if (listed.file.url, extras) in project.required:
            return
        project.required[listed.file.url, extras] = ()
        metadata = await self._read(listed)
        if metadata is None:
            return
        required = await to_thread.run_sync(read_requirements, metadata, self._target.environment, extras)
        project.required[listed.file.url, extras] = required
        for requirement in required:
            self._want(requirement)

    async def _warm(self, listed: ListedFile) -> None:
        await self._read(listed)

    async def _read(self, listed: ListedFile) -> bytes | None:
        if self._holding:
            return None
        async with self._turns:
            self._guesses.make(listed.file.url)
            return await self._metadata(listed)
