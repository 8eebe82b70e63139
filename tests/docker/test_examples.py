"""The Dockerfiles of docker/examples can be built, and leave what they say."""

from __future__ import annotations

import pytest

from benchmarks.ml_network import GROUP_SIZE, wheels
from tests.docker.conftest import PYZ
from tests.docker.examples import REQUIREMENTS, example, private, required
from tests.docker.images import TRIXIE
from tests.docker.workbench import TOOL, Workbench
from tests.support.faultserver import FaultyIndex

SMALL = 1000
"""By how much wheels, and what counts as small, are smaller here than on the real index."""
PATIENCE_S = 300
"""Within which the split ends on a loaded machine: it starts the tool seven times, one after the other."""


@pytest.fixture
def base(workbench: Workbench, index: FaultyIndex) -> str:
    """Make a base image whose pip takes an index on loopback for the real one; it is Debian's own Python."""
    for wheel in wheels(SMALL):
        index.add(wheel)
    settings = f"ENV PIP_INDEX_URL={index.url} PIP_BREAK_SYSTEM_PACKAGES=1"
    settings += f" RESILIENT_PIP_GROUP_SIZE={GROUP_SIZE // SMALL}"
    built = workbench.build(TRIXIE.image, settings)
    assert built.exit_code == 0, built.whole.output
    return built.image


@pytest.mark.timeout(PATIENCE_S * 1.5)
@pytest.mark.parametrize("name", ["after", "venv", "non-root", "multi-stage", "split"])
def test_an_example_installs_what_is_required(workbench: Workbench, base: str, name: str) -> None:
    """On Debian's Python; the context holds the requirements file and, for a split, its plan files."""
    (workbench.folder / "requirements.txt").write_text(REQUIREMENTS.read_text())
    if name == "split":
        plan(workbench, base)
    dockerfile = workbench.folder / "example.Dockerfile"
    dockerfile.write_text(private(example(name), workbench))
    options = ("--build-arg", f"BASE={base}")
    started = workbench.start_file(dockerfile, f"{workbench.name}:example", *options)
    built = started.running.finish(PATIENCE_S)
    assert built.returncode == 0, built.output
    modules = ", ".join(requirement.name for requirement in required())
    run = workbench.run(started.image, "python3", "-c", f"import {modules}; print(protobuf.__version__)")
    assert run.stdout == "3.20.3\n", run.output


def plan(workbench: Workbench, base: str) -> None:
    """Write the plan files as docs/docker.md has it: by the tool, in a container of the base image."""
    volumes = (f"{PYZ}:{TOOL}", f"{workbench.folder}:/app")
    options = [word for volume in volumes for word in ("--volume", volume)]
    words = ("resilient-pip", "plan", "--dockerfile", "--requirement", "requirements.txt")
    run = workbench.run(base, *words, options=[*options, "--workdir", "/app"])
    assert run.returncode == 0, run.output
