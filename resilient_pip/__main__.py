"""`python -m resilient_pip` and the entry point `resilient-pip`."""

import sys

from resilient_pip.cli import main


def run() -> None:
    """End the process with the exit code of its command line."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
