"""Mounts as the kernel tells of them, and which of them a path lies on."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from resilient_pip.disk.mounts import MOUNTINFO, Mount, mount_of, parse_mounts, read_mounts

TEXTS = Path(__file__).with_name("mountinfo")


def mount(number: int, parent: int, point: str, type_: str = "ext4") -> Mount:
    """A mount."""
    return Mount(number=number, parent=parent, point=PurePosixPath(point), type=type_)


def test_lines() -> None:
    """Optional fields may be several or missing; escapes are undone; what has another form is passed over."""
    lines = [
        "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
        "97 30 259:1 / /boot/efi rw shared:52 master:3 propagate_from:4 - vfat /dev/a rw",
        r"41 36 0:33 / /a\040b\134\011c rw - fuse.x - rw",
        "124 30 8:49",
    ]
    assert parse_mounts("\n".join(lines)) == (
        mount(36, 35, "/mnt2", "ext3"),
        mount(97, 30, "/boot/efi", "vfat"),
        mount(41, 36, "/a b\\\tc", "fuse.x"),
    )


@pytest.mark.parametrize(
    ("path", "number"),
    [
        pytest.param("/", 2, id="the root on the first root"),
        pytest.param("/srv/x", 2, id="on the root"),
        pytest.param("/data/x/y", 3, id="below a mount"),
        pytest.param("/database", 2, id="names that begin alike"),
        pytest.param("/top/x", 5, id="one on another"),
        pytest.param("/root/.cache/pip/x", 7, id="hidden by a later one above it"),
    ],
)
def test_the_mount_of_a_path(path: str, number: int) -> None:
    """The way is that of the kernel, whatever the order of the lines."""
    mounts = (
        mount(5, 4, "/top", "tmpfs"),
        mount(4, 2, "/top"),
        mount(6, 2, "/root/.cache/pip"),
        mount(7, 2, "/root", "tmpfs"),
        mount(1, 1, "/", "rootfs"),
        mount(2, 1, "/"),
        mount(3, 2, "/data"),
    )
    found = mount_of(PurePosixPath(path), mounts)
    assert found is not None
    assert found.number == number


def test_a_chroot_shows_what_lies_in_it_only() -> None:
    """Its root is no mount: a path on none of the mounts has none."""
    mounts = (mount(3, 1, "/proc", "proc"), mount(4, 1, "/root/.cache"))
    assert mount_of(PurePosixPath("/srv"), mounts) is None
    assert mount_of(PurePosixPath("/root/.cache/pip"), mounts) == mounts[1]


@pytest.mark.parametrize("path", sorted(TEXTS.iterdir()), ids=lambda path: path.stem)
def test_every_line_of_real_texts_is_read(path: Path) -> None:
    """And each has a root."""
    mounts = read_mounts(path)
    assert len(mounts) == len(path.read_text().splitlines())
    assert mount_of(PurePosixPath("/"), mounts) is not None


def test_without_proc(tmp_path: Path) -> None:
    """Nothing is known then; that is no error."""
    assert read_mounts(tmp_path / "none") == ()


@pytest.mark.skipif(not MOUNTINFO.exists(), reason="no /proc here")
def test_this_machine() -> None:
    """What the kernel says here can be read: /proc is a mount of its own."""
    found = mount_of(PurePosixPath("/proc/self"), read_mounts())
    assert found is not None
    assert (found.point, found.type) == (PurePosixPath("/proc"), "proc")
