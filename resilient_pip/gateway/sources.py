"""Where files may come from, and which project may come from where."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import quote

from resilient_pip.gateway.local import is_html, local_path
from resilient_pip.index.filenames import is_distribution, last_segment
from resilient_pip.index.pages import ListedFile
from resilient_pip.model import LockedFile, ProjectName, SafeUrl, redact


class SourceKind(enum.Enum):
    """How a source is laid out."""

    INDEX = "index"
    """One page per project (PEP 503)."""
    FIND_LINKS = "find-links"
    """A folder, a page or a file for all projects."""
    LOCKED = "locked"
    """A lock file (PEP 751): one file for each project, known from the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One place that lists files."""

    url: str = field(repr=False)
    """Its URL (https, http, file) or the path of a local folder or file; may carry credentials."""
    kind: SourceKind = SourceKind.INDEX
    skippable: bool = False
    """Whether the user lets it be skipped when it cannot be read."""
    routed_only: bool = False
    """Whether it serves only the projects that are routed to it."""
    files: Mapping[ProjectName, ListedFile] = field(default_factory=dict, repr=False)
    """What a lock file names."""

    @property
    def safe_url(self) -> SafeUrl:
        """The URL for messages."""
        return redact(self.url)

    def page_url(self, project: ProjectName) -> str:
        """Give the URL of a project's page; a find-links location has one page for all."""
        if self.kind is SourceKind.FIND_LINKS:
            return self.url
        return f"{self.url.rstrip('/')}/{quote(project)}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Projects that come from one index and nowhere else."""

    names: Mapping[ProjectName, str] = field(default_factory=dict, repr=False)
    patterns: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Globs of normalised names with their index, the first that fits counts; `names` beat them."""

    def index_for(self, project: ProjectName) -> str | None:
        """Give the URL of the only index for a project, None where it has no route."""
        routed = self.names.get(project)
        if routed is not None:
            return routed
        return next((index for glob, index in self.patterns if fnmatchcase(project, glob)), None)

    def allow(self, source: Source, project: ProjectName) -> bool:
        """Whether `source` may be asked for `project`."""
        routed = self.index_for(project)
        if routed is None:
            return not source.routed_only
        return source.kind is not SourceKind.FIND_LINKS and _same(source.url, routed)


def order_sources(
    *,
    find_links: Iterable[str],
    index_urls: Iterable[str],
    routes: Routes,
    skippable: Iterable[str] = (),
    locked: Iterable[LockedFile] = (),
) -> tuple[Source, ...]:
    """List the sources in pip's order: find-links, the indexes, then those that only routes name.

    Of equal files pip takes the one that is listed last, so the order is part of the meaning. It lists what
    --find-links names as files and folders before the pages, by URL, the last first
    (`PackageFinder.find_all_candidates`).
    """
    skipped = tuple(skippable)
    default = tuple(dict.fromkeys(index_urls))
    routed = dict.fromkeys([*routes.names.values(), *(index for _, index in routes.patterns)])

    def source(url: str, kind: SourceKind, *, routed_only: bool = False) -> Source:
        skip = any(_same(url, other) or _same(redact(url), other) for other in skipped)
        return Source(url=url, kind=kind, skippable=skip, routed_only=routed_only)

    links = dict.fromkeys(find_links)
    files = sorted((url for url in links if not _is_page(url)), key=_as_url, reverse=True)
    sources = [source(url, SourceKind.FIND_LINKS) for url in (*files, *filter(_is_page, links))]
    sources += [source(url, SourceKind.INDEX) for url in default]
    sources += _locked_sources(locked)
    for url in routed:
        if not any(_same(url, known.url) for known in sources if known.kind is not SourceKind.FIND_LINKS):
            sources.append(source(url, SourceKind.INDEX, routed_only=True))
    return tuple(sources)


def _locked_sources(locked: Iterable[LockedFile]) -> tuple[Source, ...]:
    """Make a source of each lock file; the projects that it names are routed to it."""
    files: dict[str, dict[ProjectName, ListedFile]] = {}
    for one in locked:
        files.setdefault(one.lock, {})[one.file.project] = _listed(one)
    return tuple(
        Source(url=lock, kind=SourceKind.LOCKED, routed_only=True, files=listed)
        for lock, listed in files.items()
    )


def _listed(locked: LockedFile) -> ListedFile:
    file = locked.file
    raw = {"filename": file.filename, "url": file.url, "hashes": dict(file.hashes)}
    told = {"size": file.size, "upload-time": locked.upload_time}
    return ListedFile(file=file, raw=raw | {key: value for key, value in told.items() if value is not None})


def _is_page(location: str) -> bool:
    """Whether a --find-links location is one page, going by its name as pip does."""
    if local_path(location) is None:
        return not is_distribution(last_segment(location))
    return is_html(location)


def _as_url(location: str) -> str:
    path = local_path(location)
    return location if path is None else path.absolute().as_uri()


def _same(first: str, second: str) -> bool:
    return first.rstrip("/") == second.rstrip("/")
