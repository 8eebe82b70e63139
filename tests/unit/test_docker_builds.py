"""How tests/docker reads a build's log, and what it does without an engine; none of it needs one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docker.prepare import REQUIRED
from tests.docker.workbench import Build
from tests.support.environments import Line, Run

ROOT = Path(__file__).parents[2]
LOG = """\
#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 229B done
#1 DONE 0.0s

#5 [stage-0 2/4] RUN true
#5 CACHED

#6 [stage-0 3/4] RUN --mount=type=cache,target=/c   resilient-pip first
#6 0.113 resilient-pip: [   0 s] preparing
#6 9.420
#6 DONE 9.9s

#7 [stage-0 4/4] RUN resilient-pip second
#7 0.200 resilient-pip: FAILED  phase plan
#7 0.200   cause     no connection (refused): connection refused
#7 ERROR: executor failed running [/bin/sh -c resilient-pip second]: exit code: 69
------
 > [stage-0 4/4] RUN resilient-pip second:
------
executor failed running [/bin/sh -c resilient-pip second]: exit code: 69
"""


def test_a_log_is_read_step_by_step() -> None:
    """What commands printed stands apart from BuildKit's own lines."""
    lines = tuple(Line(float(at_s), "stderr", text) for at_s, text in enumerate(LOG.splitlines()))
    build = Build(image="some:1", whole=Run(returncode=1, elapsed_s=30.0, lines=lines))
    assert (build.exit_code, build.command_exit) == (1, 69)
    assert build.cached == ["true"]
    assert build.ran == ["--mount=type=cache,target=/c   resilient-pip first", "resilient-pip second"]
    assert [line.text for line in build.told.lines][:2] == ["resilient-pip: [   0 s] preparing", ""]
    assert build.told.block == {
        "": "resilient-pip: FAILED  phase plan",
        "cause": "no connection (refused): connection refused",
    }
    assert build.longest_silence_s == 4.0


@pytest.mark.parametrize(
    ("variables", "outcome"),
    [
        pytest.param({}, "1 skipped", id="skips"),
        pytest.param(dict([REQUIRED]), "1 error", id="fails-where-required"),
    ],
)
def test_without_an_engine(variables: dict[str, str], outcome: str) -> None:
    """Tests skip and say why, or fail where an engine is required."""
    nowhere = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/docker/test_build_log.py"],
        cwd=ROOT,
        env={**os.environ, **nowhere, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in run.stdout, run.stdout
    assert "no Docker" in run.stdout
