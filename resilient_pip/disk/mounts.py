"""What is mounted where, as /proc/self/mountinfo tells it (proc_pid_mountinfo(5))."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MOUNTINFO = Path("/proc/self/mountinfo")

_LINE = re.compile(r"(\d+) (\d+) \S+ \S+ (\S+) \S+.*? - (\S+) ")
"""Number, number of the parent, device, root, mount point, options, fields that may be missing, type."""
_ESCAPE = re.compile(r"\\([0-7]{3})")
"""How the kernel writes space, tab, line feed and backslash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One mount of this process's mount namespace."""

    number: int
    parent: int
    """The number of the mount that it lies on."""
    point: PurePosixPath
    type: str
    """Of its file system: "ext4", "overlay"…"""


def read_mounts(mountinfo: Path = MOUNTINFO) -> tuple[Mount, ...]:
    """Read what is mounted; nothing where no /proc tells it."""
    try:
        return parse_mounts(mountinfo.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return ()


def parse_mounts(text: str) -> tuple[Mount, ...]:
    """Read the text of a mountinfo file, in its order; lines of another form are passed over."""
    return tuple(
        Mount(
            number=int(found[1]),
            parent=int(found[2]),
            point=PurePosixPath(_ESCAPE.sub(lambda escape: chr(int(escape[1], 8)), found[3])),
            type=found[4],
        )
        for line in text.splitlines()
        if (found := _LINE.match(line))
    )


def mount_of(path: PurePosixPath, mounts: Sequence[Mount]) -> Mount | None:
    """Find the mount that a path lies on; None where none is known, as in a chroot.

    The way is the kernel's, from the root down: a mount that another one hides is listed as well.

    Args:
        path: absolute, without symbolic links; it need not be there.
        mounts: all mounts.
    """
    numbers = {mount.number for mount in mounts}
    above = [mount for mount in mounts if mount.parent not in numbers or mount.parent == mount.number]
    below = [mount for mount in mounts if mount not in above]
    found = _first(path, above)
    while found is not None and (upon := _first(path, [one for one in below if one.parent == found.number])):
        below.remove(upon)
        found = upon
    return found


def _first(path: PurePosixPath, mounts: Sequence[Mount]) -> Mount | None:
    """Choose the mount that somebody who walks down to `path` comes upon first."""
    passed = [mount for mount in mounts if path.is_relative_to(mount.point)]
    return min(passed, key=lambda mount: len(mount.point.parts), default=None)
