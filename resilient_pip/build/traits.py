"""What the wheel that a build makes depends on, beside the sources: the key under which it may be kept."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

COMPILER_VARIABLES = re.compile(
    r"(HOST_|BUILD_)?(CC|CXX|CPP|FC|F77|LD|AR|CFLAGS|CXXFLAGS|CPPFLAGS|FFLAGS|LDFLAGS|LDSHARED)"
    r"|ARCHFLAGS|_PYTHON_HOST_PLATFORM|CUDA_HOME|.*_CUDA_ARCH_LIST|CMAKE_.*|RUSTFLAGS|SETUPTOOLS_.*"
)
"""Environment variables that change what a build makes."""

_BUILD_CONSTRAINT = "--build-constraint="
_NO_ISOLATION = "--no-build-isolation"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildTraits:
    """What a built wheel depends on beside its sdist and its own options."""

    interpreter: str
    """Implementation and full version: "cpython 3.11.7"."""
    tag: str
    """The most specific wheel tag of the target; tells ABI, platform and libc."""
    os_release: str
    """Distribution and its version: a wheel may be linked against what that brings."""
    options: tuple[str, ...]
    """Words for every build: config settings, build constraints…"""
    constraints: str
    """The text of the build constraint files."""
    variables: Mapping[str, str]
    """What `compiler_variables` finds."""

    @property
    def are_complete(self) -> bool:
        """Whether nothing else counts: without isolation a build depends on whatever is installed."""
        return _NO_ISOLATION not in self.options


def compiler_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Pick the environment variables that change what a build makes."""
    return {name: value for name, value in environ.items() if COMPILER_VARIABLES.fullmatch(name)}


def cache_key(sdist_sha256: str, options: tuple[str, ...], traits: BuildTraits) -> str:
    """Name the place of a built wheel: everything that it depends on, digested."""
    # Build constraints count by what they say: a copy of them lies elsewhere in each run.
    words = [word for word in traits.options if not word.startswith(_BUILD_CONSTRAINT)]
    facts = {"sdist": sdist_sha256, "own options": options, **asdict(traits), "options": words}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def read_traits(
    *,
    environment: Mapping[str, str],
    tag: str,
    options: tuple[str, ...],
    environ: Mapping[str, str],
    cwd: Path,
) -> BuildTraits:
    """Collect the traits of the builds of one run.

    Args:
        environment: marker variables of the target (PEP 508).
        tag: the first of its wheel tags.
        options: words for every build.
        environ: the environment that builds get.
        cwd: the folder that relative build constraint files start from.
    """
    files = [
        option.removeprefix(_BUILD_CONSTRAINT) for option in options if option.startswith(_BUILD_CONSTRAINT)
    ]
    return BuildTraits(
        interpreter=f"{environment['implementation_name']} {environment['python_full_version']}",
        tag=tag,
        os_release=read_os_release(),
        options=options,
        constraints="".join(_read(cwd / file) for file in files),
        variables=compiler_variables(environ),
    )


def read_os_release(path: Path = Path("/etc/os-release")) -> str:
    """Read distribution and version of this system ("debian 12"); "" where nothing says so."""
    values = dict(line.split("=", 1) for line in _read(path).splitlines() if "=" in line)
    return " ".join(values.get(key, "").strip("\"'") for key in ("ID", "VERSION_ID")).strip()


def _read(path: Path) -> str:
    """Read what is there to read; of a build constraints file that is missing, pip's word counts."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
