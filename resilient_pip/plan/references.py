"""What a requirement line says besides name and versions: its marker, the URL or folder it points to."""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as ParsedRequirement

from resilient_pip.model import Requirement

_EGG = re.compile(r"[#&]egg=([\w.-]+)")
_EXTRAS = re.compile(r"\s*\[[^\]]*\]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A requirement's line, taken apart."""

    url: str | None
    """Absolute, with its fragment; may carry credentials. None where the requirement is a name."""
    marker: Marker | None
    name: str | None = None
    """As the line spells it, or the name of its wheel; None where neither tells."""


def read_reference(requirement: Requirement, *, cwd: str) -> Reference:
    """Take a requirement apart as pip does (PEP 508, else a bare URL or path with extras and a marker).

    Args:
        requirement: as pip's parser read it.
        cwd: the folder that relative paths start from.
    """
    try:
        parsed = ParsedRequirement(requirement.text)
    except InvalidRequirement:
        return _read_bare(requirement.text, cwd)
    return Reference(url=parsed.url, marker=parsed.marker, name=parsed.name)


def applies(reference: Reference, environment: Mapping[str, str]) -> bool:
    """Whether the marker of a requirement includes the target."""
    return reference.marker is None or reference.marker.evaluate({**environment, "extra": ""})


def same_place(one: str, other: str) -> bool:
    """Whether two URLs name the same file, folder or repository, credentials and revision aside."""
    return _place(one) == _place(other)


def at_commit(url: str, commit: str) -> str:
    """Point a VCS URL ("git+https://host/x@main#subdirectory=y") to one commit."""
    front, mark, fragment = url.partition("#")
    scheme, _, rest = front.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}{slash}{path.rpartition('@')[0] or path}@{commit}{mark}{fragment}"


def without_revision(url: str) -> tuple[str, str | None]:
    """Split a VCS URL into the repository's URL, without "git+", and its revision; others have none."""
    front = url.partition("#")[0]
    vcs, plus, address = front.partition("+")
    if not (plus and vcs.isalpha()):
        return front, None
    scheme, _, rest = address.partition("://")
    host, _, path = rest.partition("/")
    repository, at, revision = path.rpartition("@")
    return f"{scheme}://{host}/{repository if at else path}", revision if at else None


def _read_bare(text: str, cwd: str) -> Reference:
    """Split at the marker where pip does: "; " in a URL (";" alone may be part of it), ";" in a path."""
    front, _, marker_text = text.partition("; " if "://" in text else ";")
    try:
        marker = Marker(marker_text) if marker_text.strip() else None
    except InvalidMarker:  # the planning pip reads the line too, and says what is wrong with it
        marker = None
    front = front.strip()
    if re.match(r"[a-z][a-z0-9+.-]*:", front):
        return Reference(url=front, marker=marker, name=_name_in(front))
    path = os.path.normpath(os.path.join(cwd, _EXTRAS.sub("", front)))  # noqa: PTH118 - pip normalises lexically
    return Reference(url=PurePosixPath(path).as_uri(), marker=marker, name=_name_in(path))


def _name_in(location: str) -> str | None:
    """Read a project's name off a wheel's file name, or off the fragment "#egg=name"."""
    front, _, fragment = location.partition("#")
    if front.endswith(".whl"):
        return unquote(front).rpartition("/")[2].partition("-")[0]
    found = _EGG.search(f"#{fragment}")
    return found[1] if found else None


def _place(url: str) -> tuple[str, str, str, str]:
    parts = urlsplit(url)
    vcs, plus, scheme = parts.scheme.rpartition("+")
    path = unquote(parts.path.rstrip("/"))
    if vcs and plus and "@" in path:
        path = path.rpartition("@")[0].rstrip("/")
    return scheme, parts.netloc.rpartition("@")[2], path, parts.query
