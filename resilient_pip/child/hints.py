"""What may help where a build fails: a table of well-known texts."""

from __future__ import annotations

import re
from typing import NamedTuple


class Advice(NamedTuple):
    """A text that builds print, and what usually is the remedy, with the groups of the pattern put in."""

    pattern: str
    hint: str


ADVICE = (
    Advice(
        r"Killed signal terminated|signal 9|MemoryError|bad_alloc",
        "the build ran out of memory: MAX_JOBS=1 and CMAKE_BUILD_PARALLEL_LEVEL=1 make it need less",
    ),
    Advice(
        r"[Pp]ython\.h: No such file",
        "the headers of Python are missing (Debian: apt-get install python3-dev)",
    ),
    Advice(
        r"ommand '?(?:gcc|cc|g\+\+|c\+\+|clang)\S* failed: No such file|nable to find a compiler|No CMAKE_C",
        "a C compiler is missing (Debian: apt-get install build-essential)",
    ),
    Advice(
        r"[Rr]ust compiler|cargo.*(?:not found|No such file)",
        "a Rust compiler is missing (https://rustup.rs)",
    ),
    Advice(r"CUDA_HOME|nvcc", "the build needs the CUDA toolkit (nvcc), and CUDA_HOME set to where it is"),
    Advice(
        r"Cannot import build backend '(\w+)[\w.]*'\.\n\s*ModuleNotFoundError: No module named '\1'",
        "what is built without isolation uses what is installed: require {0} too",
    ),
    Advice(
        # Not what left the standard library or is no package of its own, nor a broken Python ("_ctypes").
        r"ModuleNotFoundError: No module named '(?!_|distutils|imp'|pkg_resources|setuptools)(\w+)",
        "its build needs {0} and does not declare it: require {0} too, and write "
        "'# resilient-pip: no-build-isolation' behind the line that asks for what is built",
    ),
)


def hint_for(text: str) -> str:
    """Find what may help against a failure that prints this; empty where nothing is known."""
    for advice in ADVICE:
        if found := re.search(advice.pattern, text):
            return advice.hint.format(*found.groups())
    return ""
