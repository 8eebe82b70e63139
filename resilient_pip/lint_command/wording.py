"""Findings as text and as JSON."""

from __future__ import annotations

import re
from typing import Any

from resilient_pip.lines import printable, shorten
from resilient_pip.lint_command.excerpt import line_of
from resilient_pip.lint_command.findings import Finding

_QUOTE_LIMIT = 100
_CONTINUATION = re.compile(r"[\\`][ \t]*\r?\n")


def finding_lines(path: str, text: str, finding: Finding) -> list[str]:
    """Say one finding: where, which rule, what is written there, what goes wrong, what to write."""
    return [
        f"{printable(path)}:{line_of(text, finding.start)}: {finding.rule}: {_quoted(text, finding)}",
        f"  problem   {printable(finding.problem)}",
        f"  instead   {printable(finding.instead)}",
    ]


def finding_as_json(path: str, text: str, finding: Finding) -> dict[str, Any]:
    """Say one finding for programs."""
    return {
        "file": path,
        "line": line_of(text, finding.start),
        "rule": finding.rule,
        "written": _quoted(text, finding),
        "problem": finding.problem,
        "instead": finding.instead,
        "fixable": bool(finding.edits),
    }


def _quoted(text: str, finding: Finding) -> str:
    """What is written there, on one line."""
    written = _CONTINUATION.sub(" ", text[finding.start : finding.end])
    return shorten(printable(" ".join(written.split())), _QUOTE_LIMIT)
