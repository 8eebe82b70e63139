"""Runs that stand still in a phase of one's choice, for what has to end them there."""

from __future__ import annotations

from resilient_pip.model import Phase
from tests.support.environments import Environment, Running, Workspace, eventually
from tests.support.faults import NeverAnswer, Stall
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import make_sdist, make_wheel

TORCH = make_wheel("torch", "1.0", size=400_000)
STALLED_AT = 100_000

DEAF = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
time.sleep(600)
"""
BUILD = """
import subprocess, sys, time
print("compiling part 1", flush=True)
subprocess.Popen([sys.executable, "-c", {deaf!r}, {mark!r}])
time.sleep(600)
"""


def stand_still(phase: Phase, index: FaultyIndex, workspace: Workspace, environment: Environment) -> Running:
    """Start an installation and return it once it is in this phase, with nothing that would move it on.

    PREPARE and INSTALL stand still in the interpreter of the environment, PLAN and DOWNLOAD at the index.
    BUILD does so in a build that has started a process that is deaf to SIGTERM.
    """
    mark = workspace.root / "standing-still"
    index.add(make_wheel("app", "1.0", ["torch"]))
    index.add(TORCH)
    requirement = "app"
    match phase:
        case Phase.PLAN:
            index.script(index.page_path("torch"), [NeverAnswer()])
        case Phase.DOWNLOAD:
            index.script(TORCH.path, [Stall(STALLED_AT)])
        case Phase.BUILD:
            index.add(make_sdist("built", "1.0", before_build=BUILD.format(deaf=DEAF, mark=str(mark))))
            requirement = "built"
        case _:
            only = "'--no-index' in sys.orig_argv" if phase is Phase.INSTALL else "True"
            line = f"import sys, time; {only} and (open({str(mark)!r}, 'w').close(), time.sleep(600))\n"
            (environment.site_packages / "hang.pth").write_text(line)
    running = workspace.start(environment, "install", "--index-url", index.url, requirement)
    match phase:
        case Phase.PLAN:
            index.wait_until(lambda seen: len(seen.requests_for(seen.page_path("torch"))) > 0, 30)
        case Phase.DOWNLOAD:
            index.wait_until(lambda seen: seen.sent(TORCH.path) == STALLED_AT, 30)
        case _:
            eventually(mark.exists, 30)
    return running
