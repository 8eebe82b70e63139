"""What is not as with pip, and why it is meant so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """How the two differ for one command line."""

    ended: tuple[str, str]
    """How pip ended, and how resilient-pip."""
    paths: frozenset[str] = frozenset()
    """What `differences` says."""


_USAGE = Deviation(ended=("refused", "usage"))
"""Words or files that cannot be: pip leaves with 1 once its options are parsed, as after a failed build.

Here that is 2, whatever finds it, as nothing was tried and trying again is no use.
"""
DELIBERATE: Mapping[str, Deviation] = {
    **dict.fromkeys(
        (
            "file-missing",
            "folder-missing",
            "folder-without-project",
            "group-missing",
            "list-absent",
            "list-bad",
            "nonsense",
            "nothing",
            "platform-with-sources",
            "platform-without-target",
            "url-egg-extra",
            "user-and-target",
        ),
        _USAGE,
    ),
    # pip does not find its own user site where a virtual environment shows it, and leaves both versions;
    # it calls that installed. What was planned is not what is imported, and the check says so.
    "user-upgrade": Deviation(ended=("done", "refused")),
}
