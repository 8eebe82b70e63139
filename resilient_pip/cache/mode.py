"""Whether what a run downloads stays for the next one: a rule on where the cache lies.

In an image layer a cache is dead weight, on a cache mount it is what makes the next build fast. Nothing tells
an image build from a container that runs: both have the container's own layer as their root, and the classic
builder and `docker run` (moby 20.10) show the same mounts. So in any container the cache has to lie on a
mount of its own.

That this is a container at all, two things tell without a look at names of engines: its root is stacked from
layers, or it was given an /etc/hosts of its own, as every engine gives it, whatever its root is made of (vfs,
btrfs, native snapshots). /.dockerenv tells neither: BuildKit makes none (moby/buildkit#4503), and a virtual
machine that was made from an image still has it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from resilient_pip.cache.place import FOLDER
from resilient_pip.disk.mounts import MOUNTINFO, Mount, mount_of, read_mounts

_LAYERED = frozenset({"overlay", "overlayfs", "fuse-overlayfs", "fuse.fuse-overlayfs", "aufs"})
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_ROOT = PurePosixPath("/")
_GIVEN = frozenset({PurePosixPath("/etc/hosts"), PurePosixPath("/run/.containerenv")})
"""What engines mount into a container: Docker, BuildKit, containerd and CRI-O the first, Podman and Buildah
both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Whether a folder keeps what a run downloads."""

    keeps: bool
    why: str
    """What comes behind "as"."""
    by_default: bool = False
    """Whether that is what everybody expects, and nothing to tell."""
    mount: PurePosixPath | None = None
    """Where a cache mount would change it."""


UNWRITABLE = Keeping(keeps=False, why="it cannot be written", by_default=True)
"""Of what should keep and cannot; the error says more."""


def look(mode: str, folder: Path, *, mountinfo: Path = MOUNTINFO) -> Keeping:
    """Decide on a folder, which need not be there yet.

    Args:
        mode: keep, discard or auto.
        folder: where the cache is or would be; symbolic links are followed.
        mountinfo: the file that tells what is mounted where.
    """
    return keeping(mode, PurePosixPath(os.path.realpath(folder)), read_mounts(mountinfo))


def keeping(mode: str, place: PurePosixPath, mounts: Sequence[Mount]) -> Keeping:
    """Decide on a place without symbolic links; pure."""
    if mode != "auto":
        return Keeping(keeps=mode == "keep", why=f"--cache-mode {mode} says")
    if not _are_of_a_container(mounts):
        return Keeping(keeps=True, why="this is no container", by_default=True)
    mount = mount_of(place, mounts)
    if mount is None or mount.point == _ROOT:
        why = "it is in the container's own layer"
    elif mount.type in _IN_MEMORY:
        why = f"{mount.point} is in memory and ends with the container"
    else:
        return Keeping(keeps=True, why=f"{mount.point} is a mount of its own")
    return Keeping(keeps=False, why=why, mount=place.parent if place.name == FOLDER else place)


def _are_of_a_container(mounts: Sequence[Mount]) -> bool:
    root = mount_of(_ROOT, mounts)
    return (root is not None and root.type in _LAYERED) or any(mount.point in _GIVEN for mount in mounts)
