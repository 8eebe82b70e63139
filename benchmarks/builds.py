"""One Dockerfile built on the stand-in network: what Docker says of it, and what is really in the image."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from benchmarks.ml_network import GROUP_SIZE, SCALE, Condition, network
from tests.docker.examples import REQUIREMENTS, private, required
from tests.docker.workbench import Build, Workbench
from tests.support.wheels import Distribution

_LOOK = """
import importlib, importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name.replace("-", "_"))
    except ImportError:
        continue
    found[name] = importlib.metadata.version(name)
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A Dockerfile that is compared."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One Dockerfile under one condition."""

    recipe: str
    condition: str
    exit_code: int | None
    """Docker's; None where the build was ended."""
    command_exit: int | None
    """Of the RUN line that ended it."""
    elapsed_s: float
    silence_s: float
    """The longest time without a line in the log."""
    sent: int
    """Bytes of bodies that the index sent."""
    importable: Mapping[str, str]
    """Required projects that can be imported in the image, with their versions; none without an image."""
    block: Sequence[str]
    """The lines of resilient-pip's failure block; none where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What all builds of a run have in common."""

    bench: Workbench
    base: str
    """The image to build on."""
    pip: Distribution
    cap_s: float
    """After which a build is ended."""
    logs: Path


def build(recipe: Recipe, condition: Condition, common: Conditions) -> Row:
    """Build one Dockerfile; its layers, cache mount and image are nobody else's."""
    folder = common.bench.folder / f"{recipe.name} {condition.name}".replace(" ", "-")
    folder.mkdir()
    bench = Workbench(engine=common.bench.engine, tool=common.bench.tool, folder=folder)
    shutil.copy(REQUIREMENTS, folder / "requirements.txt")
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(private(recipe.text, bench))
    try:
        with network(condition, common.pip) as index:
            base = _base(bench, common.base, index.url)
            built = _built(bench, dockerfile, base, common.cap_s)
            sent = index.sent()
        (common.logs / f"{folder.name}.log").write_text(built.whole.output)
        return Row(
            recipe=recipe.name,
            condition=condition.name,
            exit_code=built.exit_code if built.whole.elapsed_s < common.cap_s else None,
            command_exit=built.command_exit,
            elapsed_s=built.whole.elapsed_s,
            silence_s=built.whole.longest_silence_s,
            sent=sent,
            importable=_importable(bench, built, required()),
            block=_block(built),
        )
    finally:
        _empty_cache(bench, common.base)
        bench.remove()


def _base(bench: Workbench, base: str, index_url: str) -> str:
    """Make a base image whose pip takes the index on loopback for the real one."""
    name = f"{bench.name}:base"
    dockerfile = bench.folder / "base.Dockerfile"
    settings = f"PIP_INDEX_URL={index_url} RESILIENT_PIP_GROUP_SIZE={GROUP_SIZE // SCALE}"
    dockerfile.write_text(f"FROM {base}\nENV {settings} BENCHMARK={bench.name}\n")
    bench.engine.run("build", "--quiet", "--tag", name, "--file", str(dockerfile), str(bench.folder))
    bench.images.append(name)
    return name


def _built(bench: Workbench, dockerfile: Path, base: str, cap_s: float) -> Build:
    started = bench.start_file(dockerfile, f"{bench.name}:1", "--build-arg", f"BASE={base}")
    try:
        started.running.process.wait(cap_s)
    except subprocess.TimeoutExpired:
        started.running.kill()
    return started.finish()


def _block(built: Build) -> Sequence[str]:
    lines = [line.text for line in built.told.lines]
    heads = [at for at, line in enumerate(lines) if line.startswith("resilient-pip: FAILED")]
    return lines[heads[-1] :] if heads else []


def _importable(bench: Workbench, built: Build, wanted: Sequence[Requirement]) -> Mapping[str, str]:
    if built.exit_code != 0:
        return {}
    names = [requirement.name for requirement in wanted]
    looked = bench.run(built.image, "python3", "-c", _LOOK, *names)
    found: Mapping[str, str] = json.loads(looked.stdout)
    return found


def _empty_cache(bench: Workbench, base: str) -> None:
    """Leave no downloaded files in the engine: a cache mount has no name that it could be removed by."""
    dockerfile = bench.folder / "empty.Dockerfile"
    mount = f"--mount=type=cache,id={bench.name},target=/cache"
    dockerfile.write_text(f"FROM {base}\nRUN {mount} find /cache -mindepth 1 -delete\n")
    name = f"{bench.name}:empty"
    words = ("build", "--quiet", "--network=none", "--tag", name, "--file", str(dockerfile))
    bench.engine.run(*words, str(bench.folder))
    bench.images.append(name)
