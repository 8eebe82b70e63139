"""A plan as the lines of a Dockerfile: a plan file and a RUN line for each group. Pure.

The line of a group names its own file and those of the groups before it, so its layer stays cached until one
of these changes. Neither lines nor files of a group may say anything of later groups.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from resilient_pip.errors import UsageError
from resilient_pip.lines import counted, listed
from resilient_pip.model import Plan, Stage
from resilient_pip.policy.deadlines import group_limit_s
from resilient_pip.settings import Settings
from resilient_pip.units import format_bytes

FOLDER = "plan.d"
_THERE = PurePosixPath("/tmp/plan.d")  # noqa: S108 - inside the build's container, where nobody else is
_CACHE = "/root/.cache/pip"
_STEP = 10
_NAMES = 80
_HEAD = (
    "# Made by resilient-pip plan --dockerfile. The image resilient-pip holds the program and nothing else:",
    "# docker/Dockerfile in its repository makes it.",
    "COPY --from=resilient-pip /resilient-pip.pyz /usr/local/bin/resilient-pip",
)


def split(plan: Plan) -> dict[str, Plan]:
    """Divide a plan into one for each group, by the names of their files: "10-protobuf.json"."""
    return {
        f"{number * _STEP}-{_plain(group.name)}.json": replace(
            plan, stages=(Stage(groups=(group,)),), order=(group.name,)
        )
        for number, group in enumerate(plan.groups, 1)
    }


def dockerfile_lines(files: Mapping[str, Plan], folder: PurePosixPath, settings: Settings) -> list[str]:
    """Write the lines for the plan files of a split.

    Args:
        files: as `split` gives them.
        folder: where they are, relative to the folder of the build.
        settings: how long builds may take.

    Raises:
        UsageError: something cannot be said in a Dockerfile, or is not to be had inside of a build.
    """
    if not re.fullmatch(r"[\w./-]+", str(folder), re.ASCII) or folder.is_absolute() or ".." in folder.parts:
        message = (
            f"-o {folder}: --dockerfile needs a folder below this one, with a name of letters, digits, . _ -"
        )
        raise UsageError(message=message)
    for planned in (planned for plan in files.values() for planned in plan.files):
        if planned.file.url.startswith("file:"):
            message = (
                f"{planned.file.filename} lies on this machine, where no RUN line of a Dockerfile finds it"
            )
            raise UsageError(message=message)
    names = list(files)
    lines = [*_HEAD]
    for number, plan in enumerate(files.values(), 1):
        lines += ["", *_group_lines(plan, names[:number], folder, settings)]
    return lines


def _group_lines(
    plan: Plan, names: Sequence[str], folder: PurePosixPath, settings: Settings
) -> Iterator[str]:
    (group,) = plan.groups
    packages = listed([f"{planned.name} {planned.version}" for planned in group.files], _NAMES)
    size = f"{counted(len(group.files), 'package')}, {format_bytes(group.size)}"
    yield f"# {group.name}: {size}: {packages}"
    limit_s = group_limit_s(group, settings)
    deadline = [] if limit_s is None else [f"--deadline={math.ceil(limit_s / 60)}min"]
    words = [
        *(f"--mount=type=bind,source={folder / name},target={_THERE / name}" for name in names),
        f"--mount=type=cache,target={_CACHE}",
        shlex.join(["resilient-pip", f"--install-group={group.name}", *deadline]),
        *(f"--plan={_THERE / name}" for name in names),
    ]
    yield from " \\\n    ".join(["RUN " + words[0], *words[1:]]).splitlines()


def _plain(name: str) -> str:
    """Make a part of a file's name of a group's."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)
