"""The sets of packages that are installed, each with the mirror that serves it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import ROOT
from tests.support.graphs import random_graph, wheels_of

MIRROR = ROOT / ".run" / "mirror"
_GRAPH = ROOT / ".run" / "graph"
_GRAPH_COUNT = 300
_GRAPH_BYTES = 20_000
"""Of each wheel."""
_SEED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSet:
    """What is installed, and where it comes from."""

    requirements: Path
    mirror: Path
    """The folder of a `mirror.Mirror`."""
    added: Path | None
    """A folder of wheels that the index lists beside those of the mirror."""


def package_set(name: str, wheels: Path | None) -> PackageSet:
    """Give a set by its name, one of `cells.SETS`.

    Args:
        name: of the set.
        wheels: a folder of wheels for examples/ml (the CPU build of torch, which PyPI does not have).

    Raises:
        ValueError: examples/ml, and no torch is in the folder.
    """
    if name == "graph":
        return _graph()
    if name == "ml" and not (wheels and any(wheels.glob("torch-*.whl"))):
        raise ValueError("examples/ml needs a folder with a wheel of torch's CPU build (--wheels)")
    return PackageSet(
        requirements=ROOT / "examples" / name / "requirements.txt",
        mirror=MIRROR,
        added=wheels if name == "ml" else None,
    )


def _graph() -> PackageSet:
    """Write the generated graph unless it is there; the last project's page is written last."""
    wheels, pages = _GRAPH / "wheels", _GRAPH / "pages"
    graph = random_graph(_GRAPH_COUNT, seed=_SEED)
    if not (pages / f"{list(graph)[-1]}.json").exists():
        for folder in (wheels, pages):
            folder.mkdir(parents=True, exist_ok=True)
        for wheel in wheels_of(graph, size=_GRAPH_BYTES):
            (wheels / wheel.filename).write_bytes(wheel.content)
            page = {"meta": {"api-version": "1.1"}, "name": wheel.project, "versions": ["1.0"], "files": []}
            (pages / f"{wheel.project}.json").write_text(json.dumps(page))
        (_GRAPH / "requirements.txt").write_text(f"{next(iter(graph))}\n")
    return PackageSet(requirements=_GRAPH / "requirements.txt", mirror=_GRAPH, added=wheels)
