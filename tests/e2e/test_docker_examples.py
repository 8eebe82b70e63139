"""The Dockerfiles of docker/examples are what they say, as far as that can be told without an engine."""

from __future__ import annotations

import re

import pytest

from benchmarks.ml_network import GROUP_SIZE, wheels
from resilient_pip.lint_command.checking import check
from tests.docker.examples import FOLDER, REQUIREMENTS, example
from tests.support.environments import Environment, Workspace
from tests.support.faultserver import FaultyIndex

SMALL = 1000
"""By how much wheels, and what counts as small, are smaller here than on the real index."""
EXAMPLES = sorted(path.name.removesuffix(".Dockerfile") for path in FOLDER.iterdir())
TRAPS = {
    "redirection",
    "hidden-failure",
    "separate-installs",
    "cache-mount",
    "cache-purge",
    "read-timeout",
    "silence",
}


def test_each_example_is_explained() -> None:
    """docs/docker.md leads to each of them."""
    page = (FOLDER.parents[1] / "docs" / "docker.md").read_text()
    assert set(re.findall(r"\(\.\./docker/examples/([\w-]+)\.Dockerfile\)", page)) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_linter_finds_the_traps_of_one_alone(name: str) -> None:
    """before.Dockerfile has what it says; the others are what to write instead."""
    found = {finding.rule for finding in check(example(name))}
    assert found == (TRAPS if name == "before" else set())


def test_split_has_the_lines_that_plan_prints(
    workspace: Workspace, environment: Environment, index: FaultyIndex
) -> None:
    """Group for group, each with its files; only time-outs differ, which follow from sizes."""
    for wheel in wheels(SMALL):
        index.add(wheel)
    requirements = workspace.write("requirements.txt", *REQUIREMENTS.read_text().splitlines())
    words = ("plan", "--dockerfile", "--requirement", requirements, "--index-url", index.url)
    run = workspace.tool(environment, *words, "--group-size", f"{GROUP_SIZE // SMALL}")
    assert run.returncode == 0, run.output
    assert instructions(run.stdout) == instructions(example("split").partition("FROM ")[2])


def instructions(text: str) -> list[str]:
    """Give the RUN and COPY instructions of a Dockerfile, without what a time-out is."""
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    lines = re.findall(r"^(?:RUN|COPY) .*", joined, re.MULTILINE)
    return [re.sub(r"--deadline=\w+", "--deadline=", line) for line in lines]
