"""An engine of the tests' own, where none answers: dockerd without a bridge or firewall rules.

Builds use the host's network, so that they reach the index on loopback and nothing else has to exist.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.docker.engine import Engine, Missing, find_engine

_START_S = 60.0
_STOP_S = 30.0


@contextmanager
def own_engine(data: Path, run: Path) -> Iterator[Engine]:
    """Start dockerd, and end it with the block; one that an earlier run left behind is used as it is.

    Args:
        data: folder for images and caches, kept from run to run.
        run: folder for its socket, process id and log.

    Raises:
        Missing: there is no dockerd, or it does not answer in time.
    """
    host = f"unix://{run}/docker.sock"
    run.mkdir(parents=True, exist_ok=True)
    try:
        left_behind = find_engine(host)
    except Missing:
        pass  # as it should be
    else:
        yield left_behind
        return
    log = run / "dockerd.log"
    daemon = _start(host, data, run, log)
    try:
        yield _answering(daemon, host, log)
    finally:
        daemon.terminate()
        try:
            daemon.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def _start(host: str, data: Path, run: Path, log: Path) -> subprocess.Popen[bytes]:
    argv = [
        *("dockerd", "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"),
        *("--host", host, "--data-root", str(data)),
        *("--exec-root", str(run / "exec"), "--pidfile", str(run / "docker.pid")),
    ]
    with log.open("wb") as output:
        try:
            # A session of its own: what is typed to end the tests must not end the engine before them.
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise Missing("no dockerd (Debian: apt-get install docker.io)") from error


def _answering(daemon: subprocess.Popen[bytes], host: str, log: Path) -> Engine:
    deadline_s = time.monotonic() + _START_S
    while True:
        try:
            return find_engine(host)
        except Missing as error:
            if daemon.poll() is not None or time.monotonic() > deadline_s:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
                raise Missing(f"dockerd does not answer: {error}\n{tail}") from error
        time.sleep(0.2)
