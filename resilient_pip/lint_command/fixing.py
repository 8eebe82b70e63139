"""The Dockerfile rewritten: every edit that is certain, until there is none left."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from resilient_pip.lint_command.checking import check
from resilient_pip.lint_command.findings import Edit

_ROUNDS = 50
"""One edit can make room for another (a mount for the removal of --no-cache-dir); this many never do."""


def fix(text: str, *, ignored: Collection[str] = ()) -> str:
    """Rewrite what can be rewritten; what is written back has no finding left that has an edit."""
    for _ in range(_ROUNDS):
        edits = [edit for finding in check(text, ignored=ignored) for edit in finding.edits]
        if not edits:
            break
        text = _apply(text, edits)
    return text


def _apply(text: str, edits: Iterable[Edit]) -> str:
    """Make the edits; of two that touch each other, the second waits for the next round."""
    parts: list[str] = []
    done = 0
    for edit in sorted(set(edits)):
        if edit.start >= done:
            parts += [text[done : edit.start], edit.text]
            done = edit.end
    return "".join((*parts, text[done:]))
