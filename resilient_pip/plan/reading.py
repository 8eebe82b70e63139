"""A plan out of the document that `plan.document` writes. Nothing in it is taken on trust."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urljoin, urlsplit

from packaging.utils import parse_wheel_filename

from resilient_pip.index.filenames import is_plain
from resilient_pip.model import (
    Group,
    Plan,
    PlannedFile,
    RemoteFile,
    Requirement,
    RequirementForm,
    Stage,
    Terms,
    project_name,
    redact,
)
from resilient_pip.plan.document import VERSION, is_plan, unsavable

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9.!+_-]+")
_LINE = re.compile(r".*")
_NONE = type(None)
_BUILD_OPTION = re.compile(r"--config-settings=.*")


def plan_of_json(document: object, *, folder: str) -> Plan:
    """Read a plan out of a document.

    Args:
        document: the JSON.
        folder: where it lies.

    Raises:
        ValueError: it is no plan, one of another version, or one that cannot be carried out from a file.
    """
    if not is_plan(document):
        raise ValueError("it is no plan")
    if (version := _get(document, "version", int)) != VERSION:
        raise ValueError(f"it has version {version}, and this program reads version {VERSION}")
    if document.get("later"):
        raise ValueError(f"it lacks what is planned later: {', '.join(_texts(document, 'later'))}")
    groups = tuple(_read_group(entry, folder) for entry in _get(document, "groups", list))
    plan = Plan(
        stages=(Stage(groups=groups),) if groups else (),
        order=tuple(group.name for group in groups),
        options=tuple(_texts(document, "options")),
        made_for=_get(document, "made_for", str),
    )
    if len({planned.project for planned in plan.files}) < len(plan.files) or len(set(plan.order)) < len(
        groups
    ):
        raise ValueError("a project or a group is in it twice")
    if reason := unsavable(plan.files):
        raise ValueError(reason)
    return plan


def _read_group(entry: object, folder: str) -> Group:
    name = _get(entry, "name", str)
    if not name or not name.isprintable():
        raise ValueError(f"{name!r} is no name of a group")
    return Group(
        name=name,
        files=tuple(_read_file(each, folder) for each in _get(entry, "files", list)),
        requirements=tuple(map(_read_requirement, _get(entry, "requirements", list))),
    )


def _read_requirement(entry: object) -> Requirement:
    name, extras = _matching(entry, "name", _NAME), frozenset(_texts(entry, "extras", _NAME))
    text = f"{name}[{','.join(sorted(extras))}]" if extras else name
    return Requirement(text=text, name=project_name(name), extras=extras)


def _read_file(entry: object, folder: str) -> PlannedFile:
    name = _matching(entry, "name", _NAME)
    form = RequirementForm(_get(entry, "form", str))
    direct_url = _get(entry, "direct_url", dict, _NONE)
    if (direct_url is None) != (form is RequirementForm.NAMED):
        raise ValueError(f"{name}: its form is {form.value!r}, which does not go with its direct_url")
    if direct_url is not None:
        direct_url = {**direct_url, "url": _absolute(_get(direct_url, "url", str), folder)}
    return PlannedFile(
        project=project_name(name),
        name=name,
        version=_matching(entry, "version", _VERSION),
        file=RemoteFile(
            project=project_name(name),
            filename=_read_filename(entry, form),
            url=_absolute(_get(entry, "url", str), folder),
            hashes=_read_hashes(_get(entry, "hashes", dict)),
            size=_get(entry, "size", int, _NONE),
            index=redact(_absolute(_get(entry, "index", str), folder)),
        ),
        form=form,
        requested=_get(entry, "requested", bool),
        asked_as=_read_spelling(entry, name),
        extras=frozenset(_texts(entry, "extras", _NAME)),
        requires=tuple(_texts(entry, "requires_dist")),
        requires_python=_get(entry, "requires_python", str, _NONE),
        yanked=_get(entry, "yanked", bool),
        reference=None if direct_url is None else _reference(direct_url),
        direct_url=None if direct_url is None else json.dumps(direct_url, sort_keys=True),
        build_options=tuple(_texts(entry, "build_options", _BUILD_OPTION)),
        terms=_read_terms(entry),
    )


def _read_spelling(entry: object, name: str) -> str | None:
    spelling: str | None = _get(entry, "asked_as", str, _NONE)
    if spelling is not None and project_name(spelling) != project_name(name):
        raise ValueError(f"{spelling!r} is no way to spell {name}")
    return spelling


def _read_filename(entry: object, form: RequirementForm) -> str:
    filename: str = _get(entry, "filename", str)
    if form.is_fetched and not is_plain(filename):
        raise ValueError(f"{filename!r} is no file name")
    if form.is_fetched and filename.endswith(".whl"):
        parse_wheel_filename(filename)  # raises a ValueError that says what is wrong with it
    return filename


def _read_terms(entry: object) -> Terms | None:
    tries = _get(entry, "tries", int, _NONE)
    limit_s, hard = _get(entry, "timeout", int, float, _NONE), _get(entry, "timeout_is_hard", bool)
    if not (tries is None or tries > 0) or not (limit_s is None or 0 < limit_s < math.inf):
        raise ValueError("a time-out or a number of tries is no positive number")
    return None if tries is None else Terms(limit_s=limit_s, hard=hard, tries=tries)


def _reference(direct_url: Mapping[str, Any]) -> str:
    """Write the URL of a requirement out of what pip records of it (PEP 610)."""
    url, parts = _get(direct_url, "url", str), []
    if "vcs_info" in direct_url:
        vcs = _get(direct_url, "vcs_info", dict)
        url = f"{_get(vcs, 'vcs', str)}+{url}@{_get(vcs, 'commit_id', str)}"
    elif "archive_info" in direct_url:
        hashes = _get({"hashes": {}, **_get(direct_url, "archive_info", dict)}, "hashes", dict)
        parts = [f"{name}={digest}" for name, digest in hashes.items()][:1]
    if "subdirectory" in direct_url:
        parts.append(f"subdirectory={_get(direct_url, 'subdirectory', str)}")
    if not (url + "".join(parts)).isprintable():
        raise ValueError("a URL has characters that no URL may have")
    return "#".join((url, "&".join(parts))) if parts else url


def _absolute(url: str, folder: str) -> str:
    """Resolve a URL against the place of the document; "" stays so."""
    if not url or urlsplit(url).scheme:
        return url
    return urljoin(f"{PurePosixPath(folder).as_uri()}/", url)


def _read_hashes(entries: Mapping[Any, Any]) -> dict[str, str]:
    hashes = {name: digest for name, digest in entries.items() if re.fullmatch(r"[0-9a-f]+", str(digest))}
    if len(hashes) != len(entries):
        raise ValueError("a hash is no lower-case hexadecimal number")
    return hashes


def _get(entry: object, key: str, *types: type) -> Any:
    value = entry.get(key, _get) if isinstance(entry, Mapping) else _get
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise ValueError(f"{key!r} is missing or wrong in it")
    return value


def _matching(entry: object, key: str, pattern: re.Pattern[str]) -> str:
    text: str = _get(entry, key, str)
    if not pattern.fullmatch(text):
        raise ValueError(f"{key!r} cannot be {text!r}")
    return text


def _texts(entry: object, key: str, pattern: re.Pattern[str] = _LINE) -> list[str]:
    texts = _get(entry, key, list)
    if not all(isinstance(text, str) and pattern.fullmatch(text) for text in texts):
        raise ValueError(f"{key!r} is wrong in it")
    return list(texts)
