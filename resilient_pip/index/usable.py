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
        self._known: dict[str, bool] = {}

    def admits(self, url: str) -> bool:
        """Whether pip has to see this file: anything but a wheel whose tags all are of other targets."""
        if not url.endswith(_WHEEL):
            return True
        parts = url.removesuffix(_WHEEL).rsplit("-", _TAGS)
        if len(parts) <= _TAGS:  # no name of a wheel: left to pip
            return True
        compressed = "-".join(parts[1:])
        found = self._known.get(compressed)
        if found is None:
            found = self._known[compressed] = self._fits(unquote(compressed).lower())
        return found

    def _fits(self, compressed: str) -> bool:
        """Look at every tag that a compressed set stands for (PEP 425); what is for any platform stays."""
        interpreters, abis, platforms = (part.split(".") for part in compressed.split("-", 2))
        return "any" in platforms or any(
            f"{interpreter}-{abi}-{platform}" in self._tags
            for platform in platforms
            for abi in abis
            for interpreter in interpreters
        )
