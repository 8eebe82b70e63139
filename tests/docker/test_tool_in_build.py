"""The tool comes into a build by COPY --from or by a bind mount, and leaves nothing of itself."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.docker.images import BOOKWORM, TRIXIE, Base
from tests.docker.workbench import CACHE, TOOL, Entry, Workbench
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import make_sdist, make_wheel

KB = 1000
DEMO = make_wheel("demo", "1.0", ["needed", "built"], size=300 * KB, entry_points={"demo": "demo:main"})
MOUNT_POINTS = {CACHE.rpartition("/")[0], CACHE}
"""Empty folders that BuildKit leaves where it mounted the cache."""
LITTLE = 60 * KB
"""More than metadata, bytecode and scripts of three small packages take in a layer."""


@pytest.fixture
def demo_index(index: FaultyIndex) -> FaultyIndex:
    """Serve a package that needs a wheel, and something that has to be built."""
    for distribution in (DEMO, make_wheel("needed", "1.0"), make_sdist("built", "1.0")):
        index.add(distribution)
    return index


@pytest.mark.parametrize("base", [pytest.param(base, id=base.suite) for base in (TRIXIE, BOOKWORM)])
def test_a_bind_mount_leaves_what_pip_leaves(
    workbench: Workbench, demo_index: FaultyIndex, base: Base
) -> None:
    """The image has the very files of a plain pip install, in one layer that is no larger than they are."""
    options = f"--no-cache-dir --break-system-packages --index-url {demo_index.url}"
    pip = workbench.build(base.image, f"RUN pip install {options} demo")
    assert pip.exit_code == 0, pip.whole.output
    ours = workbench.build(base.image, workbench.install(demo_index.url, "--break-system-packages", "demo"))
    assert ours.exit_code == 0, ours.whole.output
    added = workbench.added(base.image, ours.image)
    assert f"{base.packages}/demo/payload.bin" in added
    assert comparable(added) == comparable(workbench.added(base.image, pip.image))
    ((instruction, size),) = workbench.layers(ours.image)
    assert instruction.startswith("RUN ")
    assert DEMO.size <= size <= DEMO.size + LITTLE


def test_copy_leaves_one_file_more(workbench: Workbench, demo_index: FaultyIndex) -> None:
    """That file has a layer of its own; what a RUN line adds is packages alone."""
    options = f"--break-system-packages --index-url {demo_index.url} demo"
    copied = workbench.build(
        TRIXIE.image,
        f"COPY --from={workbench.tool} /resilient-pip.pyz {TOOL}",
        f"RUN {workbench.cache_mount} resilient-pip {options}",
    )
    assert copied.exit_code == 0, copied.whole.output
    added = workbench.added(TRIXIE.image, copied.image)
    outside = {path for path in added if not path.startswith(TRIXIE.packages)}
    assert outside - MOUNT_POINTS == {TOOL, "/usr/local/bin/demo"}
    (_, tool_size), (_, size) = workbench.layers(copied.image)
    assert tool_size == workbench.file_size(copied.image, TOOL)
    assert DEMO.size <= size <= DEMO.size + LITTLE


def test_a_stage_of_its_own_leaves_the_environment_alone(
    workbench: Workbench, demo_index: FaultyIndex
) -> None:
    """What the last stage copies from the one that installed has nothing of the tool."""
    built = workbench.build(
        f"{TRIXIE.image} AS installed",
        f"COPY --from={workbench.tool} /resilient-pip.pyz {TOOL}",
        "RUN python3 -m venv --without-pip /opt/app",
        f"RUN {workbench.cache_mount} resilient-pip --python /opt/app --index-url {demo_index.url} demo",
        f"FROM {TRIXIE.image}",
        "COPY --from=installed /opt/app /opt/app",
        "RUN /opt/app/bin/python -c 'import demo, needed, built'",
    )
    assert built.exit_code == 0, built.whole.output
    added = workbench.added(TRIXIE.image, built.image)
    assert {path for path in added if not path.startswith("/opt")} == set()
    assert [path for path in added if "resilient" in path] == []


def comparable(added: Mapping[str, Entry]) -> dict[str, Entry | None]:
    """Leave out the mount points, and what differs between two versions of pip, or two runs of one."""
    return {
        path: None if path.endswith((".pyc", "/RECORD", "/bin/demo")) else entry
        for path, entry in added.items()
        if path not in MOUNT_POINTS
    }
