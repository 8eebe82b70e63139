"""The Dockerfiles of docker/examples, made fit to be built beside others."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.requirements import Requirement

from tests.docker.workbench import Workbench

FOLDER = Path(__file__).parents[2] / "docker" / "examples"
REQUIREMENTS = FOLDER.parents[1] / "examples" / "ml" / "requirements.txt"
"""What the examples install."""


def example(name: str) -> str:
    """Read one."""
    return (FOLDER / f"{name}.Dockerfile").read_text()


def required() -> list[Requirement]:
    """Read what the examples install: the file holds nothing but requirements."""
    return [Requirement(line) for line in REQUIREMENTS.read_text().splitlines() if line]


def private(text: str, bench: Workbench) -> str:
    """Let a Dockerfile take the tool from the bench's image, and give it a cache mount of its own."""
    taken = re.sub(r"from=resilient-pip\b", f"from={bench.tool}", text)
    return taken.replace("type=cache,", f"type=cache,id={bench.name},")
