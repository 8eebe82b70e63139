"""A layer for each install group: what a change rebuilds, and what it leaves as it is."""

from __future__ import annotations

import json
import os
import re

from tests.docker.examples import private
from tests.docker.images import TRIXIE
from tests.docker.workbench import TOOL, Build, Workbench
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import make_wheel

GROUPS = ["first", "second", "third"]
VERSIONS = {"early": "1.0", "middle": "1.0", "late": "1.0", "common": "1.0"}
"""What the first plan has: `early` 2.0 would do for the third group alone."""
SHOW = (
    "import importlib.metadata, json;"
    "found = importlib.metadata.distributions(path=['{folder}']);"
    "print(json.dumps({{each.name: each.version for each in found}}))"
)


def test_a_change_rebuilds_from_its_group_on(workbench: Workbench, index: FaultyIndex) -> None:
    """In the last group that layer alone, in an earlier one from there; what was pinned before holds."""
    for version in ("1.0", "2.0"):
        index.add(make_wheel("early", version))
        index.add(make_wheel("middle", version, ["early"]))
        index.add(make_wheel("late", version, ["early", "common"]))
    index.add(make_wheel("common", "1.0"))
    planner = workbench.build(TRIXIE.image, f"COPY --from={workbench.tool} /resilient-pip.pyz {TOOL}").image

    new = split_build(workbench, planner, index, middle="1.0", late="1.0")
    assert (groups(new.ran), groups(new.cached)) == (GROUPS, [])
    assert versions(workbench, new) == VERSIONS

    last = split_build(workbench, planner, index, middle="1.0", late="2.0")
    assert (groups(last.ran), groups(last.cached)) == (["third"], ["first", "second"])
    assert versions(workbench, last) == {**VERSIONS, "late": "2.0"}

    earlier = split_build(workbench, planner, index, middle="2.0", late="2.0")
    assert (groups(earlier.ran), groups(earlier.cached)) == (["second", "third"], ["first"])
    assert versions(workbench, earlier) == {**VERSIONS, "middle": "2.0", "late": "2.0"}


def split_build(bench: Workbench, planner: str, index: FaultyIndex, *, middle: str, late: str) -> Build:
    """Plan for the image's own Python, and build with the lines that this prints."""
    lines = (
        f"--index-url {index.url}",
        "early<2  # resilient-pip: group=first",
        f"middle=={middle}  # resilient-pip: group=second",
        f"late=={late}  # resilient-pip: group=third",
    )
    (bench.folder / "requirements.txt").write_text("\n".join(lines))
    planned = bench.run(
        planner,
        *("resilient-pip", "plan", "--dockerfile", "--requirement", "requirements.txt"),
        options=(
            *("--volume", f"{bench.folder}:/context", "--workdir", "/context"),
            *("--user", f"{os.getuid()}:{os.getgid()}"),
        ),
    )
    assert planned.returncode == 0, planned.output
    printed = private(planned.stdout, bench).splitlines()
    built = bench.build(TRIXIE.image, "ENV PIP_BREAK_SYSTEM_PACKAGES=1", *printed)
    assert built.exit_code == 0, built.whole.output
    return built


def groups(instructions: list[str]) -> list[str]:
    """Name the install groups of RUN lines."""
    return [name for text in instructions for name in re.findall(r"--install-group=(\w+)", text)]


def versions(bench: Workbench, build: Build) -> dict[str, str]:
    """Ask an image what is installed beside its distribution's packages."""
    run = bench.run(build.image, "python3", "-c", SHOW.format(folder=TRIXIE.packages))
    found: dict[str, str] = json.loads(run.stdout)
    return found
