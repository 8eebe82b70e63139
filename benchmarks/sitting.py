"""When, where and of what measurements are made, as the documentation tells it."""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess

from benchmarks.peers import ROOT


def today() -> str:
    """Write the day, as "24 November 2026"."""
    return dt.datetime.now(dt.timezone.utc).strftime("%d %B %Y")


def machine() -> str:
    """Describe the machine."""
    return f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}"


def commit() -> str:
    """Name the commit of resilient-pip, with a word on changes since."""
    words = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
