"""Whether a cache keeps: the rule, on what systems of all kinds say of their mounts.

Captured from moby 20.10.24: buildkit.txt (a RUN without mounts), buildkit-mounts.txt (with a cache mount, a
tmpfs and a bind mount), docker-run.txt (with a volume and a tmpfs; the classic builder shows the same); and
vm-of-an-image.txt from a virtual machine that still has the /.dockerenv of its image. The others are put
together from texts that people have published.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from resilient_pip.cache.mode import Keeping, keeping, look
from resilient_pip.disk.mounts import parse_mounts, read_mounts

TEXTS = Path(__file__).with_name("mountinfo")
CACHE = "/root/.cache/pip/resilient-pip"
LAYER = "it is in the container's own layer"


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        pytest.param("buildkit", CACHE, LAYER, id="BuildKit"),
        pytest.param(
            "buildkit-mounts",
            "/mytmp/x",
            "/mytmp is in memory and ends with the container",
            id="BuildKit, tmpfs",
        ),
        pytest.param("buildkit-mounts", "/cache", LAYER, id="BuildKit, beside the mount"),
        pytest.param("docker-run", "/home/app/.cache/pip/resilient-pip", LAYER, id="docker run"),
        pytest.param("podman-vfs", CACHE, LAYER, id="Podman, vfs"),
        pytest.param("kubernetes", CACHE, LAYER, id="a pod (Kaniko)"),
        pytest.param(
            "kubernetes",
            "/fast",
            "/fast is in memory and ends with the container",
            id="a pod, emptyDir in memory",
        ),
    ],
)
def test_discarded(text: str, place: str, why: str) -> None:
    """In a container without a mount that lasts nothing is kept, and it is said where one would help."""
    at = PurePosixPath(place.removesuffix("/resilient-pip"))
    assert _decide(text, place) == Keeping(keeps=False, why=why, mount=at)


@pytest.mark.parametrize(
    ("text", "place", "point"),
    [
        pytest.param("buildkit-mounts", CACHE, "/root/.cache/pip", id="BuildKit, cache mount"),
        pytest.param("buildkit-mounts", "/ctx/c", "/ctx", id="BuildKit, cache mount with from="),
        pytest.param("docker-run", CACHE, "/root/.cache/pip", id="docker run, volume"),
        pytest.param("kubernetes", "/cache/not/yet", "/cache", id="a pod, emptyDir"),
    ],
)
def test_kept_on_a_mount(text: str, place: str, point: str) -> None:
    """In a container a mount of the cache's own keeps it, and that is said."""
    assert _decide(text, place) == Keeping(keeps=True, why=f"{point} is a mount of its own")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("laptop-btrfs", "/home/me/.cache/pip/resilient-pip", id="laptop"),
        pytest.param("laptop-btrfs", CACHE, id="laptop, root"),
        pytest.param("laptop-btrfs", "/home/me/my disk/cache", id="laptop, tmpfs"),
        pytest.param("wsl2", CACHE, id="WSL"),
        pytest.param("github-runner", "/home/runner/.cache/pip/resilient-pip", id="GitHub runner"),
        pytest.param("vm-of-an-image", CACHE, id="a virtual machine made from an image"),
    ],
)
def test_kept_on_a_machine(text: str, place: str) -> None:
    """Where this is no container everything is as ever, and nothing is said of it."""
    assert _decide(text, place) == Keeping(keeps=True, why="this is no container", by_default=True)


def test_roots_that_are_layers_without_an_etc_hosts() -> None:
    """A build without network may have no /etc/hosts of its own; its root tells."""
    for type_ in ("overlay", "fuse.fuse-overlayfs"):
        mounts = parse_mounts(f"1 0 0:1 / / rw - {type_} none rw\n")
        assert not keeping("auto", PurePosixPath(CACHE), mounts).keeps


@pytest.mark.parametrize("text", [path.stem for path in sorted(TEXTS.iterdir())])
@pytest.mark.parametrize("mode", ["keep", "discard"])
def test_who_says_so_is_obeyed_everywhere(mode: str, text: str) -> None:
    """A mode that is named counts, and is given as the reason."""
    found = keeping(mode, PurePosixPath(CACHE), read_mounts(TEXTS / f"{text}.txt"))
    assert found == Keeping(keeps=mode == "keep", why=f"--cache-mode {mode} says")


def test_without_proc(tmp_path: Path) -> None:
    """Where nothing tells that this is a container (macOS, a chroot) the cache keeps."""
    assert look("auto", tmp_path, mountinfo=tmp_path / "none").keeps


def test_symbolic_links_are_followed(tmp_path: Path) -> None:
    """What counts is where the folder really is, or would be: a link away from a mount keeps nothing."""
    real = tmp_path.resolve()
    (real / "mount").mkdir()
    (real / "mount" / "out").symlink_to(real / "layer")
    (real / "in").symlink_to(real / "mount")
    mountinfo = real / "mountinfo"
    mountinfo.write_text(f"1 0 0:1 / / rw - overlay overlay rw\n2 1 8:1 / {real}/mount rw - ext4 /dev/a rw\n")
    places = ("in/not/yet", "mount/out/not/yet", "layer")
    assert [look("auto", real / place, mountinfo=mountinfo).keeps for place in places] == [True, False, False]


def _decide(text: str, place: str) -> Keeping:
    return keeping("auto", PurePosixPath(place), read_mounts(TEXTS / f"{text}.txt"))
