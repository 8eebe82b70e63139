"""Where what was downloaded is after a build: in the cache mount, or nowhere."""

from __future__ import annotations

from tests.docker.images import TRIXIE
from tests.docker.workbench import CACHE, Workbench
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import make_wheel

MB = 1000 * 1000
FILES = (make_wheel("first", "1.0", size=2 * MB), make_wheel("second", "1.0", size=2 * MB))
NAMES = [file.name for file in FILES]
LITTLE = MB // 20


def test_without_a_mount_nothing_is_kept(workbench: Workbench, index: FaultyIndex) -> None:
    """The layer holds what was installed and no download, and the log says that it is so."""
    for file in FILES:
        index.add(file)
    line = workbench.install(index.url, "--break-system-packages", *NAMES, cached=False)
    built = workbench.build(TRIXIE.image, line)
    assert built.exit_code == 0, built.whole.output
    added = workbench.added(TRIXIE.image, built.image)
    assert f"{TRIXIE.packages}/second/payload.bin" in added
    assert [path for path in added if not path.startswith(TRIXIE.packages)] == []
    ((_, size),) = workbench.layers(built.image)
    assert size <= sum(file.size for file in FILES) + LITTLE
    assert "nothing is kept in /root/.cache/pip/resilient-pip" in built.told.output


def test_with_a_mount_the_cache_is_there(workbench: Workbench, index: FaultyIndex) -> None:
    """The next build has the files from the mount, and the image holds nothing but its empty folder."""
    for file in FILES:
        index.add(file)
    line = workbench.install(index.url, "--break-system-packages", *NAMES)
    built = workbench.build(TRIXIE.image, line)
    assert built.exit_code == 0, built.whole.output
    added = workbench.added(TRIXIE.image, built.image)
    assert "/root/.cache/pip/resilient-pip is kept for the next run" in built.told.output
    outside = [path for path in added if not path.startswith(TRIXIE.packages)]
    assert outside == [CACHE.rpartition("/")[0], CACHE]

    once = {file.path: index.sent(file.path) for file in FILES}
    assert once == {file.path: file.size for file in FILES}
    other = workbench.build(TRIXIE.image, "ENV BUILD=other", line)
    assert other.exit_code == 0, other.whole.output
    assert {file.path: index.sent(file.path) for file in FILES} == once
