"""Sdists that pip would never come to, as the page lists a wheel of the same version that the target takes.

Of equal versions pip takes wheels first, and tries no second file of a version that it has looked into
(`FoundCandidates`, `CandidateEvaluator._sort_key`). Only if it discards the wheel, for metadata against
its name, does the sdist come into play.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from resilient_pip.index.filenames import sdist_stem
from resilient_pip.model import ProjectName, project_name

_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?(\.post[0-9]+)?(\.dev[0-9]+)?")
"""As versions are written today; whatever is written otherwise supersedes nothing."""
_WHEEL = ".whl"
_PARTS = frozenset({5, 6})
_CONDITIONS = ("requires-python", "yanked")
"""What a wheel and an sdist must have in common: pip passes over a file by these alone."""

_name = lru_cache(maxsize=4096)(project_name)


def without_superseded(
    files: Sequence[dict[str, Any]], project: ProjectName, installs: Callable[[str], bool]
) -> list[dict[str, Any]]:
    """Leave out the sdists of versions that have a wheel under the same conditions.

    Args:
        files: JSON objects, each with a "url" that is text.
        project: whose page this is.
        installs: whether the target takes a wheel, by its URL.
    """
    wheels = {
        (version, *_conditions(raw))
        for raw in files
        if (version := _wheel_version(raw["url"], project)) and installs(raw["url"])
    }
    return [raw for raw in files if not _is_superseded(raw, project, wheels)] if wheels else list(files)


def _is_superseded(raw: Mapping[str, Any], project: ProjectName, wheels: Iterable[tuple[str, ...]]) -> bool:
    stem = sdist_stem(raw["url"].rpartition("/")[2])
    if stem is None:
        return False
    name, _, version = stem.rpartition("-")
    return _name(name) == project and (version, *_conditions(raw)) in wheels


def _wheel_version(url: str, project: ProjectName) -> str | None:
    if not url.endswith(_WHEEL):
        return None
    parts = url.rpartition("/")[2].split("-")
    is_plain = len(parts) in _PARTS and _name(parts[0]) == project and _VERSION.fullmatch(parts[1])
    return parts[1] if is_plain else None


def _conditions(raw: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(raw.get(key) or "") for key in _CONDITIONS)
