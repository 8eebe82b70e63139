"""Files that the user names by URL, fetched before pip plans.

pip would read them past the gateway, with one policy for all and no name for what fails. Fetched here, a
wheel lies in the cache where pip looks for what it built of that URL; for the rest there is a detour.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import anyio
from anyio import to_thread
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from resilient_pip.disk.storing import storing
from resilient_pip.errors import AttemptsExhausted, DeadlineExceeded, ResilientPipError
from resilient_pip.failing import RunFailed
from resilient_pip.fetch import Downloads, StoredFile
from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.install.wheel_cache import add_wheel
from resilient_pip.model import (
    Failure,
    Phase,
    PlannedFile,
    RemoteFile,
    Requirement,
    RequirementForm,
    project_name,
    redact,
)
from resilient_pip.plan.references import applies, read_reference
from resilient_pip.plan.terms import terms_of
from resilient_pip.settings import Settings
from resilient_pip.urls import without_login

_HASH = re.compile(r"(?:#|&|--hash=)(sha512|sha384|sha256|sha224|sha1|md5)[=:]([0-9A-Fa-f]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectFile:
    """A file that a requirement names by URL."""

    requirement: Requirement
    reference: str
    """The URL as the requirement writes it, with its fragment; may carry credentials."""
    file: RemoteFile
    version: str | None
    """As a wheel's name tells it; None for an sdist."""

    @property
    def front(self) -> str:
        """The URL as the requirement writes it, up to its fragment."""
        return self.reference.partition("#")[0]

    @property
    def address(self) -> str:
        """The URL as pip records it: without credentials and fragment."""
        return without_login(self.file.url)


def direct_files(
    requirements: Iterable[Requirement], target: TargetMarkers, *, cwd: str
) -> Iterator[DirectFile]:
    """List what is wanted by http(s) URL; not wheels that do not fit, of which pip says what is wrong."""
    for requirement in requirements:
        reference = read_reference(requirement, cwd=cwd)
        if requirement.form is not RequirementForm.DIRECT or not applies(reference, target.environment):
            continue
        if reference.url is None or not reference.url.lower().startswith(("http:", "https:")):
            continue
        parts = urlsplit(reference.url)
        filename = unquote(parts.path).rpartition("/")[2]
        name, version = requirement.name or filename.rpartition("-")[0] or filename, None
        if filename.endswith(".whl"):
            try:
                name, parsed, _, tags = parse_wheel_filename(filename)
            except InvalidWheelFilename:
                continue
            if not {str(tag) for tag in tags} & set(target.tags):
                continue
            version = str(parsed)
        file = RemoteFile(
            project=project_name(name),
            filename=filename,
            url=urlunsplit(parts._replace(fragment="")),
            hashes=_hashes(" ".join((f"#{parts.fragment}", *requirement.options))),
            index=redact(reference.url),
        )
        yield DirectFile(requirement=requirement, reference=reference.url, file=file, version=version)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectDownloads:
    """Fetches them, and lays the wheels where pip looks."""

    downloads: Downloads
    settings: Settings
    environment: Mapping[str, str]
    """Marker variables of the target."""
    cache: Path
    """The cache folder of the pip that plans."""

    async def fetch(self, wanted: Iterable[DirectFile]) -> dict[str, RemoteFile]:
        """Fetch files; what is known of each then, by the URL that pip's report will give for it.

        Raises:
            RunFailed: one cannot be had.
            StorageError: the cache cannot be written.
        """
        fetched: list[tuple[DirectFile, StoredFile]] = []
        failed: list[RunFailed] = []

        async def fetch(direct: DirectFile) -> None:
            terms = terms_of(direct.file.size, direct.requirement.directive, self.settings)
            try:
                fetched.append((direct, await self.downloads.fetch(direct.file, terms=terms)))
            except ResilientPipError as error:
                failed.append(RunFailed(error, _place(direct, error)))
                tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            for direct in wanted:
                tasks.start_soon(fetch, direct)
        if failed:
            raise failed[0]
        for direct, stored in fetched:
            if direct.version is not None:
                await to_thread.run_sync(self._lay, direct, direct.version, stored)
        return {direct.address: _known(direct.file, stored) for direct, stored in fetched}

    def _lay(self, direct: DirectFile, version: str, stored: StoredFile) -> None:
        planned = PlannedFile(
            project=direct.file.project,
            name=direct.file.project,
            version=version,
            file=direct.file,
            form=RequirementForm.DIRECT,
            reference=direct.reference,
            direct_url=_direct_url(direct, stored),
        )
        with storing(self.cache):
            add_wheel(
                self.cache,
                planned,
                stored.path,
                filename=direct.file.filename,
                environment=self.environment,
            )


def _hashes(text: str) -> dict[str, str]:
    """Read the hashes of a URL's fragment and of --hash options; where several are good, pip decides."""
    found: dict[str, set[str]] = {}
    for algorithm, digest in _HASH.findall(text):
        found.setdefault(algorithm, set()).add(digest.lower())
    return {algorithm: digests.pop() for algorithm, digests in found.items() if len(digests) == 1}


def _direct_url(direct: DirectFile, stored: StoredFile) -> str:
    """Write what pip records of a wheel by URL (PEP 610): the hash of the fragment, else SHA-256."""
    algorithm, digest = next(iter(_hashes(direct.reference).items()), ("sha256", stored.sha256))
    archive_info = {"hash": f"{algorithm}={digest}", "hashes": {algorithm: digest}}
    return json.dumps({"url": direct.address, "archive_info": archive_info}, sort_keys=True)


def _known(file: RemoteFile, stored: StoredFile) -> RemoteFile:
    return replace(file, size=stored.size, hashes={**file.hashes, "sha256": stored.sha256})


def _place(direct: DirectFile, error: ResilientPipError) -> Failure:
    return Failure(
        phase=Phase.PLAN,
        package=" ".join(filter(None, (direct.file.project, direct.version))),
        filename=direct.file.filename,
        url=direct.file.safe_url,
        kept=error.kept if isinstance(error, (AttemptsExhausted, DeadlineExceeded)) else 0,
        requirement=direct.requirement,
    )
