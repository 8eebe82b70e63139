"""Which files of a page a target could install at all, told by their names alone."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import unquote

_WHEEL = ".whl"
_TAGS = 3
"""Parts of a wheel's name, the last ones, that say whom it is for."""


class UsableWheels:
    """Tells wheels of other platforms and Pythons apart: most of a large page.

    pip passes over these without a word (`LinkType.platform_mismatch`), before it looks at anything else that
    it might tell of: a page without them means the same to it.

    Args:
        tags: that the target takes, in lower case: "cp311-cp311-manylinux_2_17_x86_64".
    """

    def __init__(self, tags: Collection[str]) -> None:
        self._tags = frozenset(tags)
        self._known: dict[str, tuple[bool, bool]] = {}

    def admits(self, url: str) -> bool:
        """Whether pip has to see this file: anything but a wheel whose tags all are of other targets."""
        if not url.endswith(_WHEEL):
            return True
        parts = url.removesuffix(_WHEEL).rsplit("-", _TAGS)
        if len(parts) <= _TAGS:  # no name of a wheel: left to pip
            return True
        fits, is_for_any = self._look("-".join(parts[1:]))
        return fits or is_for_any

    def fits(self, url: str) -> bool:
        """Whether this is a wheel that the target takes."""
        parts = url.removesuffix(_WHEEL).rsplit("-", _TAGS)
        return url.endswith(_WHEEL) and len(parts) > _TAGS and self._look("-".join(parts[1:]))[0]

    def _look(self, written: str) -> tuple[bool, bool]:
        """Tell of a compressed set of tags (PEP 425) whether the target takes one; and of any platform."""
        found = self._known.get(written)
        if found is None:
            compressed = unquote(written).lower()
            interpreters, abis, platforms = (part.split(".") for part in compressed.split("-", 2))
            fits = any(
                f"{interpreter}-{abi}-{platform}" in self._tags
                for platform in platforms
                for abi in abis
                for interpreter in interpreters
            )
            found = self._known[written] = (fits, "any" in platforms)
        return found
