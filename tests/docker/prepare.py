"""Run a command with a Docker engine and the base images at hand: those that are there, or new ones.

    python -m tests.docker.prepare pytest tests/docker

The command finds the engine at DOCKER_HOST, and RESILIENT_PIP_TEST_DOCKER=required, with which tests that
need it fail rather than skip. An engine that was started for it ends with it; its images stay.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tests.docker.daemon import own_engine
from tests.docker.engine import Engine, Missing, find_engine
from tests.docker.images import make_images

REQUIRED = ("RESILIENT_PIP_TEST_DOCKER", "required")


def main() -> int:
    """Prepare, run the command, and return its exit code; 69 where something is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("/var/lib/resilient-pip-docker"))
    parser.add_argument("--run", type=Path, default=Path("/run/resilient-pip-docker"))
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _leave)
    try:
        with _engine(arguments.data, arguments.run) as engine:
            make_images(engine, _say)
            return _run(arguments.command, engine)
    except Missing as error:
        _say(str(error))
        return 69


@contextmanager
def _engine(data: Path, run: Path) -> Iterator[Engine]:
    try:
        found = find_engine()
    except Missing as error:
        _say(f"starting dockerd ({error})")
    else:
        yield found
        return
    with own_engine(data, run) as engine:
        yield engine
        engine.run("builder", "prune", "--all", "--force")  # what builds left; images stay


def _run(command: Sequence[str], engine: Engine) -> int:
    if not command:
        return 0
    name, value = REQUIRED
    process = subprocess.Popen(command, env={**os.environ, "DOCKER_HOST": engine.host, name: value})
    try:
        return process.wait()
    except BaseException:
        process.terminate()  # it ends what it started, and only then may the engine go
        process.wait()
        raise


def _leave(signum: int, _: FrameType | None) -> None:
    raise SystemExit(128 + signum)


def _say(text: str) -> None:
    print(f"docker: {text}", flush=True)  # noqa: T201 - a program


if __name__ == "__main__":
    sys.exit(main())
