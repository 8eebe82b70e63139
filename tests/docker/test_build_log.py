"""What the log of a build says while nothing moves."""

from __future__ import annotations

from tests.docker.images import TRIXIE
from tests.docker.workbench import Workbench
from tests.support.faults import Ok, SlowHeaders
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import make_wheel

SILENT_S = 22.0
HEARTBEAT_S = 10.0
GRACE_S = 5.0
"""How much later a line may come on a loaded machine."""


def test_no_silence_is_longer_than_the_heartbeat(workbench: Workbench, index: FaultyIndex) -> None:
    """A server that takes its time to answer is spoken of, with the tool's defaults and on a plain stream."""
    slow = index.add(make_wheel("slow", "1.0"))
    index.script(slow.path, [SlowHeaders(seconds=SILENT_S), Ok()])
    build = workbench.build(TRIXIE.image, workbench.install(index.url, "--break-system-packages", "slow"))
    assert build.exit_code == 0, build.whole.output
    assert build.longest_silence_s <= HEARTBEAT_S + GRACE_S, build.whole.output
    beats = [line.text for line in build.told.lines if "slow 0 %, waiting: first byte" in line.text]
    assert len(beats) > 1, build.whole.output
