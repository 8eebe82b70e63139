"""Whether two tools left the same environment."""

from __future__ import annotations

import filecmp
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.support.environments import Environment, describe

_TIME = slice(8, 12)
"""Of the source, in the header of a .pyc (PEP 552): it is that of the installation."""


def differences(first: Path, second: Path) -> list[str]:
    """Name, relative to both, what is not the same in two environments.

    Both were made at one path (scripts and code objects hold it) and moved from there. What counts is said by
    `Environment.snapshot`; its values are not all held at once here, as an environment may have gigabytes.
    """
    names = {path.relative_to(root) for root in (first, second) for path in root.rglob("*")}
    return [str(name) for name in sorted(names) if not _is_same(first / name, second / name)]


def _is_same(first: Path, second: Path) -> bool:
    if not all(path.is_symlink() or path.exists() for path in (first, second)):
        return False
    regular = all(path.is_file() and not path.is_symlink() for path in (first, second))
    if regular and first.stat().st_mode == second.stat().st_mode and _has_same_bytes(first, second):
        return True
    return describe(first) == describe(second)


def _has_same_bytes(first: Path, second: Path) -> bool:
    """Compare bytes only: where they are the same, and most are, no slower look is needed."""
    if first.suffix != ".pyc":
        return filecmp.cmp(first, second, shallow=False)
    own, other = first.read_bytes(), second.read_bytes()
    return own[: _TIME.start] == other[: _TIME.start] and own[_TIME.stop :] == other[_TIME.stop :]


def versions(environment: Path) -> dict[str, str]:
    """Give what is installed, by normalised names."""
    found = Environment(root=environment).versions()
    return {canonicalize_name(name): version for name, version in found.items()}
