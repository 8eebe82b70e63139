"""Build before.Dockerfile and after.Dockerfile on a network that fails, and write down what came of it.

    make pyz
    .venv/bin/python -m tests.docker.prepare .venv/bin/python -m benchmarks.docker

Writes the table in docs/docker.md when all is over. The logs of all builds stay in .run/docker.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks import sitting
from benchmarks.builds import Conditions, Recipe, Row, build
from benchmarks.docker_section import Sitting, section_of, table_of
from benchmarks.ml_network import CONDITIONS, newest_pip
from benchmarks.page import put, replaced
from benchmarks.peers import ROOT
from resilient_pip.units import format_seconds, parse_seconds
from tests.docker.engine import find_engine
from tests.docker.examples import example, required
from tests.docker.images import TRIXIE
from tests.docker.workbench import Workbench

PROGRAM = "benchmarks.docker"
PAGE = ROOT / "docs" / "docker.md"
FOLDER = ROOT / ".run" / "docker"
_TIME_OUT = " --default-timeout=1000"
_UPGRADE = "pip install --upgrade pip && \\\n    "


def main(argv: Sequence[str]) -> None:
    """Do what the command line asks for."""
    arguments = _parser().parse_args(argv)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with _common(arguments.cap) as common:
        rows = _all(common, arguments.jobs)
    made = Sitting(
        command=" ".join([f".venv/bin/python -m {PROGRAM}", *argv]),
        date=sitting.today(),
        machine=sitting.machine(),
        commit=sitting.commit(),
        jobs=arguments.jobs,
        cap_s=arguments.cap,
        wanted=required(),
        rows=rows,
    )
    print("\n".join(["", *table_of(made)]))
    put(PAGE, replaced(PAGE.read_text(), PROGRAM, section_of(made)).encode())


def recipes() -> list[Recipe]:
    """List what is compared: both examples, and the first without what makes pip wait long, or resume.

    Raises:
        ValueError: before.Dockerfile is not what this was written for.
    """
    before = example("before")
    default = _without(before, _TIME_OUT)
    return [
        Recipe(name="before", text=before),
        Recipe(name="before, default time-out", text=default),
        Recipe(name="before, default time-out, old pip", text=_without(default, _UPGRADE)),
        Recipe(name="after", text=example("after")),
    ]


def _without(text: str, part: str) -> str:
    if part not in text:
        raise ValueError(f"before.Dockerfile lacks {part!r}")
    return text.replace(part, "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", default=3, type=int, help="builds at a time; those that hang only wait")
    parser.add_argument("--cap", default=600.0, type=parse_seconds, help="end a build then; default: 600s")
    return parser


@contextmanager
def _common(cap_s: float) -> Iterator[Conditions]:
    """Make the images that all builds start from, and remove them in the end."""
    engine = find_engine()
    with tempfile.TemporaryDirectory(prefix="docker-") as name:
        bench = Workbench(engine=engine, tool="", folder=Path(name))
        tool, base = f"{bench.name}:tool", f"{bench.name}:python"
        bench.images.extend([tool, base])
        try:
            words = ("build", "--quiet", "--file", str(ROOT / "docker" / "Dockerfile"), "--tag", tool)
            engine.run(*words, str(ROOT / "dist"))
            (bench.folder / "Dockerfile").write_text(_PYTHON)
            engine.run("build", "--quiet", "--network=none", "--tag", base, name)
            yield Conditions(
                bench=Workbench(engine=engine, tool=tool, folder=bench.folder),
                base=base,
                pip=newest_pip(FOLDER),
                cap_s=cap_s,
                logs=FOLDER,
            )
        finally:
            bench.remove()


# As in python:*-slim, the Python that is found first is no distribution's, and its pip may upgrade itself.
_PYTHON = f"""\
FROM {TRIXIE.image}
RUN python3 -m venv /opt/python
ENV PATH=/opt/python/bin:$PATH
"""


def _all(common: Conditions, jobs: int) -> list[Row]:
    """Build everything under every condition; those first that may hang, as the others fit beside them."""
    order = list(itertools.product(recipes(), CONDITIONS))
    first = sorted(order, key=lambda errand: _TIME_OUT not in errand[0].text)
    found: dict[tuple[str, str], Row] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for row in pool.map(lambda errand: build(errand[0], errand[1], common), first):
            found[row.recipe, row.condition] = row
            print(f"{row.condition}: {row.recipe}: {format_seconds(row.elapsed_s)}", flush=True)
    return [found[recipe.name, condition.name] for recipe, condition in order]


if __name__ == "__main__":
    main(sys.argv[1:])
