"""A RUN line that fails: what it says last, and what the next build need not fetch again."""

from __future__ import annotations

from tests.docker.images import TRIXIE
from tests.docker.workbench import Workbench
from tests.support.faults import Ok, Reset
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.wheels import make_wheel

MB = 1000 * 1000
TORCH = make_wheel("torch", "1.0", size=30 * MB)
BREAKS_AT = 20 * MB
WASTE = TORCH.size // 50
"""2 % of the file: what may cross the network twice."""
SCREEN = 24
"""Lines that a small terminal shows."""


def test_the_same_build_again_resumes(workbench: Workbench, index: FaultyIndex) -> None:
    """The partial file of the RUN line that failed is in the cache mount, and no byte of it is sent again."""
    index.add(TORCH)
    index.script(TORCH.path, [Reset(after=BREAKS_AT)])
    line = workbench.install(index.url, *QUICK, "--break-system-packages", "torch")
    broken = workbench.build(TRIXIE.image, line)
    assert (broken.exit_code, broken.command_exit) == (1, 75), broken.whole.output
    assert broken.told.block["kept"].endswith("the same command resumes there")
    assert 0 < index.sent(TORCH.path) <= BREAKS_AT + WASTE
    asked = len(index.requests_for(TORCH.path))

    index.script(TORCH.path, [Ok()])
    again = workbench.build(TRIXIE.image, line)
    assert again.exit_code == 0, again.whole.output
    (resumed,) = index.requests_for(TORCH.path)[asked:]
    assert resumed.start is not None
    assert BREAKS_AT - WASTE <= resumed.start <= BREAKS_AT
    assert index.sent(TORCH.path) <= TORCH.size + WASTE


def test_the_failure_is_what_docker_shows_last(workbench: Workbench, index: FaultyIndex) -> None:
    """The block ends what the RUN line printed, and is on the screen when `docker build` is over."""
    index.add(make_wheel("early", "1.0"))
    index.add(TORCH)
    index.script(TORCH.path, [Reset(after=BREAKS_AT)])
    line = workbench.install(
        index.url, *QUICK, "--group-size 1B --break-system-packages early torch", cached=False
    )
    broken = workbench.build(TRIXIE.image, line)
    assert broken.command_exit == 75, broken.whole.output
    block = broken.told.block
    assert block[""] == 'resilient-pip: FAILED  group 2/2 "torch"  phase download'
    assert block["package"].startswith("torch 1.0")
    assert block["from"] == index.url_of(TORCH.path)
    assert "reset" in block["cause"]
    assert block["installed"].startswith("early")
    screen = "\n".join(line.text for line in broken.whole.lines[-SCREEN:])
    assert all(text in screen for text in (block[""], block["from"], block["do"].splitlines()[0]))
