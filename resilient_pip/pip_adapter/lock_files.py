"""Lock files (PEP 751) behind -r and --group, read as by pip 26.3, but for the target."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pip._internal.exceptions import PipError
from pip._internal.utils.compat import tomllib
from pip._internal.utils.urls import path_to_url
from pip._vendor.packaging.tags import parse_tag
from pip._vendor.packaging.utils import canonicalize_name

from resilient_pip.errors import PlanError, UsageError
from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.index.filenames import last_segment
from resilient_pip.model import LockedFile, RemoteFile, Requirement, SourceLine, project_name, redact
from resilient_pip.pip_adapter.files import URL_SCHEMES, shown_name
from resilient_pip.pip_adapter.quiet import sentence
from resilient_pip.pip_adapter.requirement import requirement_of

try:  # since pip 26.3
    from pip._internal.cli.req_command import _collect_requirement_sources
    from pip._internal.req.constructors import install_req_from_pylock_package
    from pip._vendor.packaging.pylock import Pylock, PylockSelectError, PylockValidationError
except ImportError:
    _collect_requirement_sources = None

_NAME = re.compile(r"pylock(\.[^.]+)?\.toml(\[.*\])?", re.IGNORECASE)
_PACKAGE = re.compile(r"\s*\[\[\s*packages\s*\]\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockFile:
    """A lock file with what is asked for of it."""

    location: str
    """Its path or URL, as pip takes it."""
    extras: frozenset[str]
    groups: frozenset[str]
    with_default_groups: bool


def requirement_sources(
    requirements: list[str], groups: list[tuple[str, str]]
) -> tuple[list[str | LockFile], list[tuple[str, str]]]:
    """Divide what -r and --group name into files in pip's order, lock files among them, and project groups.

    Raises:
        UsageError: a lock file is among them, and this program's pip is too old for it.
    """
    if _collect_requirement_sources is None:
        for name in (*requirements, *(path for path, _ in groups)):
            if _NAME.fullmatch(Path(name).name):
                raise UsageError(message=f"{shown_name(name)}: lock files need pip 26.3 or later")
        return list(requirements), groups
    sources, projects = _collect_requirement_sources(requirements, groups)
    return [source if isinstance(source, str) else _lock_file(source) for source in sources], projects


def select(
    lock: LockFile, text: str, target: TargetMarkers, wants_sdist: Callable[[str], bool]
) -> Iterator[tuple[Requirement, LockedFile | None]]:
    """Yield what a lock file asks for on the target, with the only file that may fulfil it.

    Args:
        lock: which one, and what of it.
        text: its content.
        target: what decides between its packages and files.
        wants_sdist: whether --no-binary names a project.

    Raises:
        UsageError: it is no lock file, or pip makes nothing of a package in it.
        PlanError: it does not hold for the target.
    """
    file = shown_name(lock.location)
    with _refusing(SourceLine(file=file, line=1)):
        parsed = Pylock.from_dict(tomllib.loads(text))
    lines = [number for number, line in enumerate(text.splitlines(), 1) if _PACKAGE.match(line)]
    for package, chosen in _selected(parsed, lock, target, wants_sdist):
        number = parsed.packages.index(package)
        source = SourceLine(file=file, line=lines[number] if number < len(lines) else 1)
        with _refusing(source):
            made, link = install_req_from_pylock_package(package, chosen, lock.location, user_supplied=True)
            locked = _locked(lock, package.name, chosen, link) if link else None
        written = str(made.link) if made.editable or made.req is None else str(made.req)
        yield requirement_of(made, text=written, hashes=made.hash_options, source=source), locked


def _lock_file(request: Any) -> LockFile:
    return LockFile(
        location=request.filename,
        extras=frozenset(request.extras),
        groups=frozenset(request.dependency_groups),
        with_default_groups=request.include_default_groups,
    )


def _selected(
    parsed: Any, lock: LockFile, target: TargetMarkers, wants_sdist: Callable[[str], bool]
) -> Iterator[tuple[Any, Any]]:
    """Do what pip's select_from_pylock_path_or_url does behind reading, with the target's values."""
    groups = {canonicalize_name(name) for name in lock.groups}
    if lock.with_default_groups:
        groups.update(parsed.default_groups or ())
    try:
        yield from parsed.select(
            environment=dict(target.environment),
            tags=[tag for text in target.tags for tag in parse_tag(text)],
            extras=lock.extras,
            dependency_groups=groups,
            prefer_sdist_predicate=wants_sdist,
        )
    except (PylockSelectError, ValueError) as error:
        raise PlanError(message=f"{shown_name(lock.location)}: {error}") from error


def _locked(lock: LockFile, project: str, chosen: Any, link: Any) -> LockedFile:
    url = lock.location if lock.location.lower().startswith(URL_SCHEMES) else path_to_url(lock.location)
    uploaded = chosen.upload_time
    return LockedFile(
        lock=url,
        file=RemoteFile(
            project=project_name(project),
            filename=last_segment(link.url_without_fragment),
            url=link.url_without_fragment,
            hashes={algorithm: digest.lower() for algorithm, digest in chosen.hashes.items()},
            size=chosen.size,
            index=redact(url),
        ),
        upload_time=uploaded.isoformat() if uploaded else None,
    )


@contextlib.contextmanager
def _refusing(source: SourceLine) -> Iterator[None]:
    """Say where it stands that pip or its TOML parser makes nothing of something."""
    try:
        yield
    except (PipError, PylockValidationError, ValueError) as error:
        raise UsageError(message=sentence(str(error)), source=source) from error
