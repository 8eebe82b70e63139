"""Two builds at a time with one cache mount."""

from __future__ import annotations

import threading

from tests.docker.images import TRIXIE
from tests.docker.workbench import BUILD_S, Workbench
from tests.support.faults import Hold
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import make_wheel

MB = 1000 * 1000
FILES = (make_wheel("large", "1.0", size=20 * MB), make_wheel("medium", "1.0", size=10 * MB))
OPTIONS = "--heartbeat 1s --stall-timeout 10min --break-system-packages"
SILENCE_S = 8.0
"""Longer than a heartbeat of 1 s on any machine, and shorter than the one of 10 s."""
BEATS = 4


def test_each_file_crosses_the_network_once(workbench: Workbench, index: FaultyIndex) -> None:
    """The second build waits for what the first one fetches, and both say all the time what they do."""
    waited = threading.Event()
    for file in FILES:
        index.add(file)
        index.script(file.path, [Hold(after=MB, until=waited)])
    install = workbench.install(index.url, OPTIONS, *(file.name for file in FILES))
    first = workbench.start(TRIXIE.image, "ENV BUILD=first", install)
    index.wait_until(lambda seen: all(seen.sent(file.path) for file in FILES), BUILD_S)
    second = workbench.start(TRIXIE.image, "ENV BUILD=second", install)
    second.wait_for_lines("another run downloads it", BEATS)
    waited.set()
    for build in (first.finish(), second.finish()):
        assert build.exit_code == 0, build.whole.output
        assert build.longest_silence_s <= SILENCE_S, build.whole.output
    assert {file.path: index.sent(file.path) for file in FILES} == {file.path: file.size for file in FILES}
