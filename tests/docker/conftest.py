"""What builds need: an engine with base images, the image that holds the tool, a folder to build in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.engine import Engine, Missing, find_engine
from tests.docker.images import missing_images
from tests.docker.prepare import REQUIRED
from tests.docker.workbench import Workbench

ROOT = Path(__file__).parents[2]
PYZ = ROOT / "dist" / "resilient-pip.pyz"


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Find the engine; where something is missing, tests skip, or fail where they are required."""
    try:
        return _ready_engine()
    except Missing as error:
        name, value = REQUIRED
        if os.environ.get(name) == value:
            pytest.fail(f"{name}={value}, but {error}")
        pytest.skip(f"{error}; `make docker` brings what is missing")


@pytest.fixture(scope="session")
def tool(engine: Engine) -> Iterator[str]:
    """Build docker/Dockerfile: the image that holds nothing but the tool."""
    name = f"resilient-pip-test-tool:{os.getpid()}"
    dockerfile = ROOT / "docker" / "Dockerfile"
    engine.run("build", "--quiet", "--file", str(dockerfile), "--tag", name, str(PYZ.parent))
    yield name
    engine.run("image", "rm", "--force", name)


@pytest.fixture
def workbench(engine: Engine, tool: str, tmp_path: Path) -> Iterator[Workbench]:
    """Give a folder to build in, and remove the images afterwards."""
    bench = Workbench(engine=engine, tool=tool, folder=tmp_path)
    yield bench
    bench.remove()


def _ready_engine() -> Engine:
    found = find_engine()
    if missing := missing_images(found):
        raise Missing(f"no base image {', '.join(missing)}")
    if not PYZ.exists():
        raise Missing(f"no {PYZ}")
    return found
