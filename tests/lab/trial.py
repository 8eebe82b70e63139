"""One scenario, one tool, one fresh environment: what came of it, in figures.

    trial = run_trial(scenario, tool, folder, limit_s=60)
    assert complaints(trial, scenario, heartbeat_s=10) == []

The tool is a program: it gets a requirements file and the URL of an index on loopback, and is watched
from outside.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import time
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.scenario import RESIDENT, Scenario
from tests.lab.staging import Staged, staged
from tests.support.environments import Environment, Run, Running, Workspace, kill_below
from tests.support.recording import useful_bytes
from tests.support.wheels import make_wheel

_GLANCE_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a tool is asked for: install `requirements` from `index_url` into the environment of `python`."""

    python: Path
    requirements: Path
    index_url: str
    """May carry a user and password."""
    folder: Path
    """Empty and the tool's own: caches go here."""
    cert: Path | None
    """The bundle that the index's certificate is to be checked against; None for the tool's default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program that installs packages."""

    name: str
    argv: Callable[[Errand], Sequence[str]]
    env: Callable[[Errand], Mapping[str, str]] = field(default=lambda _: {})
    """Variables beside PATH, HOME, TMPDIR and LANG, which are set anyway."""
    telling: Callable[[Run], str] = field(default=lambda run: run.output)
    """The part of its output in which a failure has to be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one tool made of one scenario."""

    scenario: str
    tool: str
    exit_code: int | None
    """None where it hung."""
    elapsed_s: float
    longest_silence_s: float
    """Between two lines of output, from the start to the end."""
    useful: int
    """Bytes that the servers sent for the first time."""
    beyond_useful: int
    """Bytes that they sent again, or that were nothing of what was asked for."""
    named: bool | None
    """Whether what it told of its failure names package, URL and cause; None where it did not fail."""
    installed: frozenset[str]
    """Projects in the environment afterwards, those that were there before included."""
    importable: bool
    """Whether each of them can be imported."""
    leaked: bool
    """Whether a host other than the index was sent the index's credentials."""
    peak_memory: int
    """Largest resident set of the tool's own process, in bytes."""
    output: str = field(repr=False)

    @property
    def hung(self) -> bool:
        """Whether it was still running at the scenario's limit, and was killed."""
        return self.exit_code is None


def run_trial(scenario: Scenario, tool: Tool, folder: Path, *, limit_s: float) -> Trial:
    """Stage a scenario on loopback and let a tool meet it in a fresh environment.

    Args:
        scenario: what goes wrong.
        tool: the program.
        folder: is made, and may be removed afterwards.
        limit_s: after which the tool counts as hung, and is killed.
    """
    folder.mkdir()
    environment = _environment(folder)
    with staged(scenario, folder) as stage:
        errand = _errand(stage, environment, folder)
        run, peak_memory = _watch(tool, errand, limit_s)
        requests = [list(host.requests) for host in (stage.index, stage.other)]
    useful = sum(map(useful_bytes, requests))
    sent = sum(request.sent for each in requests for request in each)
    names = frozenset(environment.versions())
    return Trial(
        scenario=scenario.name,
        tool=tool.name,
        exit_code=run.returncode if run.elapsed_s < limit_s else None,
        elapsed_s=run.elapsed_s,
        longest_silence_s=run.longest_silence_s,
        useful=useful,
        beyond_useful=sent - useful,
        named=_is_named(tool.telling(run), scenario, stage) if run.returncode else None,
        installed=names,
        importable=_can_import(environment, names),
        leaked=any(request.authorization for request in requests[1]),
        peak_memory=peak_memory,
        output=run.output,
    )


def _environment(folder: Path) -> Environment:
    environment = Workspace(root=folder).environment()
    with zipfile.ZipFile(io.BytesIO(make_wheel(RESIDENT, "1.0").content)) as wheel:
        wheel.extractall(environment.site_packages)
    return environment


def _errand(stage: Staged, environment: Environment, folder: Path) -> Errand:
    requirements = folder / "requirements.txt"
    requirements.write_text("".join(f"{line}\n" for line in stage.requirements))
    own = folder / "tool"
    own.mkdir()
    return Errand(
        python=environment.python,
        requirements=requirements,
        index_url=stage.index_url,
        folder=own,
        cert=stage.cert,
    )


def _watch(tool: Tool, errand: Errand, limit_s: float) -> tuple[Run, int]:
    """Run a tool to its end, or to its limit; give its peak memory, too."""
    running = Running(tool.argv(errand), env=_environ(tool, errand), cwd=errand.folder)
    deadline_s = time.monotonic() + limit_s
    peak_memory = 0
    while running.process.poll() is None:
        peak_memory = max(peak_memory, _peak_memory(running.process.pid))
        if time.monotonic() >= deadline_s:
            running.kill()
            kill_below(errand.folder.parent)
        time.sleep(_GLANCE_S)
    return running.finish(_GLANCE_S), peak_memory


def _environ(tool: Tool, errand: Errand) -> dict[str, str]:
    folders = {"HOME": errand.folder / "home", "TMPDIR": errand.folder / "tmp"}
    for folder in folders.values():
        folder.mkdir()
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "PIP_CONFIG_FILE": os.devnull,  # else this machine's settings count
        **{name: str(folder) for name, folder in folders.items()},
        **coverage,
        **tool.env(errand),
    }


def _peak_memory(process: int) -> int:
    """Read the largest resident set that a process had so far (Linux); 0 where it has just ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _is_named(told: str, scenario: Scenario, stage: Staged) -> bool:
    """Look for package, URL and cause; where no failure is expected, no words for its cause are known."""
    words = scenario.failure.words if scenario.failure else ("",)
    package = any(culprit in told for culprit in stage.culprits)
    return package and stage.url in told and any(word in told.lower() for word in words)


def _can_import(environment: Environment, names: Collection[str]) -> bool:
    modules = ", ".join(name.replace("-", "_") for name in names)
    argv = [str(environment.python), "-c", f"import {modules}"]
    return subprocess.run(argv, check=False, capture_output=True).returncode == 0
