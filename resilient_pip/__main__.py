"""`python -m resilient_pip` and the entry point `resilient-pip`."""

import os
import sys
from pathlib import Path

from resilient_pip.cli import main


def run() -> None:
    """End the process with the exit code of its command line."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed; the next files to be opened must not take its place
            setattr(sys, name, Path(os.devnull).open("r+"))  # noqa: SIM115 - open to the end, as the real ones
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
