"""Requirement files that a child is given."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

DOLLAR = "RESILIENT_PIP_DOLLAR"
"""The variable that stands for a dollar sign in these files: what a variable yields, pip does not expand."""
_VARIABLE = re.compile(r"\$(?=\{[A-Z0-9_]+\})")


def write_requirements_file(path: Path, lines: Iterable[str]) -> None:
    """Write a file that pip reads; only its owner may read it, as URLs in it may carry credentials.

    In a file and not in the argument vector, which everybody on the machine can read and which is limited.
    In UTF-8, which pip takes it for. What looks like a variable is none: they were expanded when the user's
    files were read.

    Raises:
        OSError: it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{_VARIABLE.sub(f'${{{DOLLAR}}}', line)}\n" for line in lines)
