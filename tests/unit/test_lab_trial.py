"""A trial sees what a tool does, whatever tool it is: here programs of a few lines."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from tests.lab.scenario import RESIDENT, Failure, Layout, Resource, Scenario, ToOtherHost, Trust
from tests.lab.trial import Errand, Tool, Trial, run_trial
from tests.support.environments import living
from tests.support.faults import Ok, Reset

KNOWN = Failure(exit_codes=frozenset({75}), words=("connection reset",))
SCENARIO = Scenario(
    name="file-reset-once",
    resource=Resource.FILE,
    summary="RST",
    story=(Reset(100_000), Ok()),
    failure=KNOWN,
)
FETCH = """
import http.client, sys, urllib.request
url = sys.argv[1].replace("/simple/", "/files/torch-1.0-py3-none-any.whl")
try:
    urllib.request.urlopen(url).read()
except (OSError, http.client.HTTPException):
    print("torch", url, "Connection reset")
urllib.request.urlopen(url).read()
raise SystemExit(int(sys.argv[2]))
"""


def tool(code: str, *words: str) -> Tool:
    """A program that knows nothing but the URL of the index."""

    def argv(errand: Errand) -> list[str]:
        return [sys.executable, "-c", code, errand.index_url, *words]

    return Tool(name="some", argv=argv)


def attempt(scenario: Scenario, some: Tool, tmp_path: Path, limit_s: float = 30) -> Trial:
    """Run it in a folder of its own."""
    return run_trial(scenario, some, tmp_path / "trial", limit_s=limit_s)


@pytest.mark.parametrize(
    ("code", "named"), [pytest.param(75, True, id="failure"), pytest.param(0, None, id="success")]
)
def test_what_a_tool_received_and_told(tmp_path: Path, code: int, named: bool | None) -> None:  # noqa: FBT001 - a column
    """Bytes that came twice are beyond the useful ones."""
    trial = attempt(SCENARIO, tool(FETCH, str(code)), tmp_path)
    assert (trial.exit_code, trial.named, trial.hung) == (code, named, False)
    assert trial.beyond_useful == 100_000
    assert 400_000 < trial.useful < 402_000
    assert (trial.installed, trial.importable) == (frozenset({RESIDENT}), True)
    assert trial.peak_memory > 1_000_000


def test_a_failure_that_says_too_little_is_not_named(tmp_path: Path) -> None:
    """All of package, URL and cause have to be there."""
    other = dataclasses.replace(SCENARIO, failure=dataclasses.replace(KNOWN, words=("stalled",)))
    assert attempt(other, tool(FETCH, "1"), tmp_path).named is False


def test_a_tool_that_hangs_is_killed_with_what_it_started(tmp_path: Path) -> None:
    """Also a child that left its process group."""
    code = "import subprocess as s, sys; s.Popen([sys.executable, '-c', 'input()'], start_new_session=True, "
    code += "stdin=s.PIPE); sys.stdin = None; import time; time.sleep(600)"
    trial = attempt(SCENARIO, tool(code), tmp_path, limit_s=1.0)
    assert (trial.hung, trial.exit_code) == (True, None)
    assert 0.9 < trial.longest_silence_s <= trial.elapsed_s
    assert living(str(tmp_path)) == {}


def test_credentials_that_reach_another_host_are_seen(tmp_path: Path) -> None:
    """A tool that takes them along over a redirect leaks them."""
    code = """
import base64, sys, urllib.request
from urllib.parse import urlsplit
parts = urlsplit(sys.argv[1])
login = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
url = f"http://{parts.hostname}:{parts.port}/files/torch-1.0-py3-none-any.whl"
urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": "Basic " + login})).read()
"""
    scenario = dataclasses.replace(SCENARIO, story=(ToOtherHost(),), layout=Layout(credentials=True))
    assert attempt(scenario, tool(code), tmp_path).leaked


def test_a_tool_is_told_whom_to_trust(tmp_path: Path) -> None:
    """The bundle of the authority that signed, where it is one of the laboratory's own."""
    code = """
import ssl, sys, urllib.request
urllib.request.urlopen(sys.argv[1] + "torch/", context=ssl.create_default_context(cafile=sys.argv[2])).read()
"""

    def argv(errand: Errand) -> list[str]:
        return [sys.executable, "-c", code, errand.index_url, str(errand.cert)]

    scenario = Scenario(name="tls", resource=Resource.HOST, summary="https", layout=Layout(tls=Trust.TRUSTED))
    trial = attempt(scenario, Tool(name="some", argv=argv), tmp_path)
    assert trial.exit_code == 0, trial.output
