"""The Docker engine that builds the tests' images: how it is found, and what is asked of it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.environments import Running

CLIENT = Path("/usr/bin/docker")
"""The distribution's own: it builds with BuildKit, where another one in PATH may lack the plugin for that."""
DEFAULT_HOST = "unix:///var/run/docker.sock"
_ANSWER_S = 20.0
_COMMAND_S = 120.0


class Missing(Exception):
    """Something that real builds need is not there; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A Docker engine that answers."""

    host: str
    """Its address, as DOCKER_HOST has it."""

    def run(self, *words: str) -> str:
        """Run `docker WORDS` and return what it prints.

        Raises:
            AssertionError: it fails.
        """
        done = self.ask(_COMMAND_S, *words)
        assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr}"
        return done.stdout

    def ask(self, limit_s: float, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `docker WORDS`, however it ends.

        Raises:
            TimeoutExpired: it takes longer than `limit_s`.
        """
        argv = [str(CLIENT), *words]
        return subprocess.run(
            argv, env=self.environ(), capture_output=True, text=True, timeout=limit_s, check=False
        )

    def start(self, folder: Path, *words: str) -> Running:
        """Start `docker WORDS` in `folder`, to be read while it runs."""
        return Running([str(CLIENT), *words], env=self.environ(), cwd=folder)

    def has_image(self, name: str) -> bool:
        """Whether an image of this name is there."""
        return bool(self.run("image", "ls", "--quiet", name).strip())

    def environ(self) -> dict[str, str]:
        """Environment of every client: nothing of this machine's settings reaches a build."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "DOCKER_HOST": self.host,
            "DOCKER_BUILDKIT": "1",
        }


def find_engine(host: str | None = None) -> Engine:
    """Find the engine at `host`, by default where DOCKER_HOST or Docker's own default points.

    Raises:
        Missing: there is no client, or no engine answers it.
    """
    host = host or os.environ.get("DOCKER_HOST") or DEFAULT_HOST
    if not CLIENT.exists():
        raise Missing(f"no Docker: {CLIENT} is not there (Debian: apt-get install docker.io)")
    engine = Engine(host=host)
    try:
        answer = engine.ask(_ANSWER_S, "version", "--format", "{{.Server.Version}}")
    except subprocess.TimeoutExpired as error:
        raise Missing(f"no Docker engine: none answers at {host} within {_ANSWER_S:.0f} s") from error
    if answer.returncode:
        raise Missing(f"no Docker engine: {' '.join(answer.stderr.split())}")
    return engine
