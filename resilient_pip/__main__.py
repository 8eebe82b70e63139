"""`python -m resilient_pip` and the entry point `resilient-pip`."""

import gc
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType


def _end(number: int, _: FrameType | None) -> None:
    """End at once with a line: there is nothing yet to tidy up."""
    with suppress(OSError):
        os.write(2, f"resilient-pip: interrupted by signal {number} before anything was begun\n".encode())
    os._exit(128 + number)


for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(_number) is not signal.SIG_IGN:
        signal.signal(_number, _end)

gc.disable()  # while modules are imported, all that is made stays
from resilient_pip.cli import main  # noqa: E402 - takes long enough to be interrupted

gc.freeze()
gc.enable()


def run() -> None:
    """End the process with the exit code of its command line."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed; the next files to be opened must not take its place
            setattr(sys, name, Path(os.devnull).open("r+"))  # noqa: SIM115 - open to the end, as the real ones
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
