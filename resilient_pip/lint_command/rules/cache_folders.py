"""Where an install keeps what it downloads, and which cache mounts are there."""

from __future__ import annotations

from pathlib import PurePosixPath

from resilient_pip.lint_command.calls import Call
from resilient_pip.lint_command.stages import Mount, Run
from resilient_pip.lint_command.wrappers import base_name

ROOT = frozenset({"", "root", "0"})
"""What USER says of root; without a word the base image decides, mostly for root."""
ROOTS_CACHE = "/root/.cache/pip"
NO_CACHE_VARIABLE = "PIP_NO_CACHE_DIR"
FOLDER_VARIABLES = {
    "pip": ("PIP_CACHE_DIR",),
    "resilient-pip": ("RESILIENT_PIP_FILE_CACHE", "PIP_CACHE_DIR"),
}
"""The variables of each tool that say where its cache is."""
_OTHER_USERS = frozenset({"sudo", "gosu"})
"""Programs that run another as somebody else."""
_HOMES = ("/root", "/home")
_SYSTEM = "/var"
"""Where package managers of the system have their caches."""


def mounts_of(run: Run, call: Call) -> list[Mount]:
    """The cache mounts where a call keeps its downloads; all, where nobody can tell where that is."""
    caches = [mount for mount in run.mounts if mount.kind == "cache"]
    folder = cache_folder(run, call)
    if folder is None:
        return [mount for mount in caches if not is_in(mount.target, _SYSTEM)]
    return [
        mount
        for mount in caches
        if is_in(folder, mount.target)
        or is_in(mount.target, folder)
        or "$" in mount.target
        or _is_somebodys(mount)
    ]


def _is_somebodys(mount: Mount) -> bool:
    """Whether a mount is where the cache of a user is whom the base image may have chosen."""
    return mount.target.startswith(_HOMES) and "/.cache" in mount.target


def cache_folder(run: Run, call: Call) -> str | None:
    """Where a call keeps its downloads; None where that is not to be seen here."""
    given = call.value("--file-cache") or call.value("--cache-dir")
    given = given or next(
        (value for name in FOLDER_VARIABLES[call.tool] if (value := run.variable(call, name))), None
    )
    if not given and (base := run.variable(call, "XDG_CACHE_HOME")):
        given = f"{base}/pip"
    if given:
        return None if "$" in given or not given.startswith("/") else given
    if not is_roots(run, call) or run.variable(call, "HOME") is not None:
        return None
    return ROOTS_CACHE


def is_roots(run: Run, call: Call) -> bool:
    """Whether a call runs as root; sudo and gosu may say otherwise."""
    return run.setting.user in ROOT and _OTHER_USERS.isdisjoint(map(base_name, call.wrappers))


def home_of(run: Run) -> str:
    """The home folder in a RUN, as far as the lines above it tell."""
    home = run.variable(None, "HOME")
    return home or ("/root" if run.setting.user in ROOT else f"/home/{run.setting.user}")


def is_in(path: str, folder: str) -> bool:
    """Whether a path is a folder or in it."""
    return bool(folder) and PurePosixPath(path).is_relative_to(PurePosixPath(folder))


def is_disabled(run: Run, call: Call) -> bool:
    """Whether a call keeps nothing, by an option or a variable."""
    # Any value of PIP_NO_CACHE_DIR does, "0" and "false" too (pip._internal.cli.cmdoptions).
    return call.value("--no-cache-dir") is not None or bool(run.variable(call, NO_CACHE_VARIABLE))
