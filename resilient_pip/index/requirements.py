"""What the core metadata of a file requires, as far as a guess needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from email.parser import BytesHeaderParser
from functools import lru_cache

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from resilient_pip.index.filenames import is_plain, last_segment
from resilient_pip.model import RemoteFile, project_name

_PYPI = frozenset({"files.pythonhosted.org", "test-files.pythonhosted.org"})


@lru_cache(maxsize=8192)
def parse_requirement(line: str) -> Requirement:
    """Parse a requirement (PEP 508), each text once: what is guessed is looked at again when pip asks for it.

    Raises:
        InvalidRequirement: it is none.
    """
    return Requirement(line)


def read_requirements(
    metadata: bytes, environment: Mapping[str, str], extras: Iterable[str]
) -> tuple[Requirement, ...]:
    """List the Requires-Dist of core metadata that apply in an environment, with and without each extra.

    Requirements by URL and malformed ones are left out.
    """
    return tuple(applying(_required(_headers(metadata)), environment, extras))


def forbidden_url(metadata: bytes, host: str) -> str | None:
    """Give the first requirement by URL that a file from `host` must not have; None where all are fine.

    It must not name a file that would be put elsewhere than it is meant to be. What comes from PyPI must have
    none at all: pip 26.3 refuses that by the host of the file (`pip._internal.metadata.direct_references`),
    which is the gateway's here.
    """
    for line in _required(_headers(metadata)):
        try:
            url = parse_requirement(line.strip()).url
        except InvalidRequirement:
            continue  # pip says so
        if url and (host in _PYPI or _leads_astray(url)):
            return line.strip()
    return None


def _leads_astray(url: str) -> bool:
    try:
        name = last_segment(url)
        return name != "" and not is_plain(name)
    except ValueError:
        return True


def is_discarded(metadata: bytes, file: RemoteFile) -> bool:
    """Whether pip passes over a wheel for its metadata: it contradicts the file's name, or is not valid.

    pip: `_InstallRequirementBackedCandidate._check_metadata_consistency`.
    """
    headers = _headers(metadata)
    named, versioned, *_ = [*file.filename.split("-"), "", ""]
    try:
        for line in _required(headers):
            parse_requirement(line)
        agrees = Version(str(headers["Version"])) == Version(versioned)
    except ValueError:  # InvalidRequirement, InvalidVersion
        return True
    return not agrees or project_name(str(headers["Name"])) != project_name(named)


@lru_cache(maxsize=128)
def _headers(metadata: bytes) -> Message:
    """Parse core metadata up to its description, once: a guess reads it, and who answers pip twice more."""
    return BytesHeaderParser().parsebytes(metadata)


def _required(headers: Message) -> list[str]:
    return [str(line) for line in headers.get_all("Requires-Dist", [])]


def applying(
    lines: Iterable[str], environment: Mapping[str, str], extras: Iterable[str]
) -> Iterator[Requirement]:
    """Give the requirements among `lines` that apply."""
    wanted = ("", *extras)
    for line in lines:
        try:
            requirement = parse_requirement(line)
            marker = requirement.marker
            applies = marker is None or any(
                marker.evaluate({**environment, "extra": extra}) for extra in wanted
            )
        except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName):
            continue
        if applies and requirement.url is None:
            yield requirement
