"""Which file of a page pip would choose: a guess to run ahead with, never a decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from resilient_pip.index.filenames import sdist_version
from resilient_pip.index.pages import ListedFile, Page
from resilient_pip.model import RemoteFile

Hashes: TypeAlias = frozenset[tuple[str, str]]
"""Pairs of an algorithm and a lower-case hex digest, any of which is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMarkers:
    """What decides for the target interpreter whether a file or a requirement fits."""

    environment: Mapping[str, str]
    """The variables of environment markers (PEP 508)."""
    tags: tuple[str, ...]
    """Wheel tags, best first: "cp311-cp311-manylinux_2_17_x86_64"."""

    @property
    def python(self) -> Version:
        """The version that Requires-Python is compared with: final releases only, as in pip.

        A Python built from a working tree calls itself "3.13.0+".
        """
        return Version(Version(self.environment["python_full_version"].rstrip("+")).base_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The best file of one version."""

    version: Version
    listed: ListedFile


def rank(pages: Iterable[Page], target: TargetMarkers) -> tuple[Candidate, ...]:
    """List the versions that fit the target, newest first, each with the file that pip prefers.

    Of equal files on several pages the last one counts, as in pip.
    """
    places = {tag: place for place, tag in enumerate(target.tags)}
    python = target.python
    best: dict[Version, tuple[int, ListedFile]] = {}
    for page in pages:
        for listed in page.files:
            found = _fit(listed, places)
            if found is None or not _admits(listed.requires_python, python):
                continue
            version, place = found
            if version not in best or place <= best[version][0]:
                best[version] = (place, listed)
    return tuple(
        Candidate(version=version, listed=best[version][1]) for version in sorted(best, reverse=True)
    )


def with_hashes(pages: Sequence[Page], hashes: Hashes) -> Sequence[Page]:
    """Keep the files that have one of the hashes; all, where no file has: pip looks into those it gets."""
    kept = [
        replace(page, files=tuple(each for each in page.files if hashes & each.file.hashes.items()))
        for page in pages
    ]
    return kept if any(page.files for page in kept) else pages


def without_version(page: Page, version: Version) -> Page:
    """Leave out the files of one version."""
    return replace(page, files=tuple(each for each in page.files if _version(each.file) != version))


def admitted(candidates: Sequence[Candidate], specifier: SpecifierSet) -> Iterator[Candidate]:
    """Give the candidates that a specifier admits, in their order.

    Pre-releases only where the specifier names one or nothing else is there (PEP 440); yanked files only
    where it pins the version (PEP 592).
    """
    pinned = any(part.operator in {"==", "==="} for part in specifier)
    fitting = (
        candidate
        for candidate in candidates
        if (pinned or not candidate.listed.yanked) and specifier.contains(candidate.version, prereleases=True)
    )
    if specifier.prereleases:
        yield from fitting
        return
    early = []
    final = False
    for candidate in fitting:
        if candidate.version.is_prerelease:
            early.append(candidate)
        else:
            final = True
            yield candidate
    if not final:
        yield from early


def _fit(listed: ListedFile, places: Mapping[str, int]) -> tuple[Version, int] | None:
    """Read version and preference (0 is best) off a file's name; None where the target cannot use it."""
    version = _version(listed.file)
    if version is None:
        return None
    if not listed.file.is_wheel:
        return version, len(places)
    parts = listed.file.filename.removesuffix(".whl").split("-")
    fitting = [places[tag] for tag in _tags(parts[-3:]) if tag in places]
    return (version, min(fitting)) if fitting else None


def _version(file: RemoteFile) -> Version | None:
    """Read the version off a file's name; None where that is no name of a wheel or sdist."""
    parts = file.filename.removesuffix(".whl").split("-")
    if file.is_wheel:
        written = parts[1] if len(parts) in {5, 6} else None
    else:
        written = sdist_version(file.filename, file.project)
    try:
        return Version(written) if written else None
    except ValueError:  # InvalidVersion, or a number of thousands of digits
        return None


def _tags(parts: Sequence[str]) -> Iterator[str]:
    """Expand "py2.py3", "none", "any" to the tags that it stands for."""
    interpreters, abis, platforms = (part.split(".") for part in parts)
    for interpreter in interpreters:
        for abi in abis:
            for platform in platforms:
                yield f"{interpreter}-{abi}-{platform}"


@lru_cache(maxsize=1024)
def _admits(requires_python: str | None, python: Version) -> bool:
    """Compare once what the files of a project repeat."""
    if not requires_python:
        return True
    try:
        return SpecifierSet(requires_python).contains(python, prereleases=True)
    except ValueError:
        return True  # as pip does
