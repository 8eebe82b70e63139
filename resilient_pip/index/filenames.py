"""What may count as a file name, and what a file name says of its project."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from resilient_pip.model import ProjectName, project_name

_LONGEST = 255
"""Bytes that a file name may have on the usual file systems."""
_SDIST_ENDINGS = (".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar")


def is_plain(name: str) -> bool:
    """Whether `name` is safe as a file's name: no separator, no control character, at most 255 bytes."""
    return (
        name not in {"", ".", ".."}
        and name.isprintable()
        and not set(name) & {"/", "\\"}
        and len(name.encode()) <= _LONGEST
    )


def last_segment(url: str) -> str:
    """Give the last segment of a URL's path, percent-decoded: the file's name as pip reads it (PEP 503).

    Raises:
        ValueError: the text is no URL.
    """
    return unquote(urlsplit(url).path.rpartition("/")[2])


def is_distribution(filename: str) -> bool:
    """Whether pip would take this for a wheel or an sdist."""
    return filename.endswith((".whl", *_SDIST_ENDINGS))


def sdist_stem(filename: str) -> str | None:
    """Give "name-version" of an sdist's file name; None for anything else."""
    for ending in _SDIST_ENDINGS:
        if filename.endswith(ending):
            return filename.removesuffix(ending)
    return None


def sdist_version(filename: str, project: ProjectName) -> str | None:
    """Give the version part of an sdist's file name, None if it is no sdist of `project`.

    Old names hold hyphens ("python-dateutil-2.0.tar.gz"), so each one may be the separator, as in pip.
    """
    stem = sdist_stem(filename) or ""
    for place, character in enumerate(stem):
        if character == "-" and project_name(stem[:place]) == project:
            return stem[place + 1 :]
    return None


def belongs_to(filename: str, project: ProjectName) -> bool:
    """Whether the file is a wheel or sdist of `project`, going by its name."""
    if filename.endswith(".whl"):
        return project_name(filename.partition("-")[0]) == project
    return sdist_version(filename, project) is not None


def project_of(filename: str) -> ProjectName:
    """Say whose wheel or sdist this most likely is; an sdist's name does not tell for certain."""
    if filename.endswith(".whl"):
        return project_name(filename.partition("-")[0])
    return project_name((sdist_stem(filename) or filename).rpartition("-")[0])
