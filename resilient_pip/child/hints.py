"""What may help where a build fails: a table of well-known texts."""

from __future__ import annotations

import re
from typing import NamedTuple


class Advice(NamedTuple):
    """A text that builds print, and what usually is the remedy."""

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
        r"No module named '(?:torch|numpy|Cython|pybind11|tensorflow)'",
        "it builds against a package that it does not declare: "
        "install that first, then it with --no-build-isolation",
    ),
)


def hint_for(text: str) -> str:
    """Find what may help against a failure that prints this; empty where nothing is known."""
    return next((advice.hint for advice in ADVICE if re.search(advice.pattern, text)), "")
