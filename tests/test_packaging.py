"""What is installed is what pyproject.toml promises."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import resilient_pip

DISTRIBUTION = importlib.metadata.distribution("resilient-pip")


def test_the_version_has_one_source() -> None:
    """The metadata takes it from the package."""
    assert DISTRIBUTION.version == resilient_pip.__version__


def test_type_checkers_are_told() -> None:
    """py.typed lies in the package (PEP 561)."""
    assert (Path(resilient_pip.__file__).parent / "py.typed").is_file()


def test_every_dependency_is_here_in_a_version_that_fits() -> None:
    """Markers are those of this interpreter."""
    requirements = [Requirement(line) for line in DISTRIBUTION.requires or []]
    wanted = [each for each in requirements if not each.marker or each.marker.evaluate()]
    assert {each.name for each in wanted} >= {"pip", "httpx", "tenacity", "tqdm", "starlette", "uvicorn"}
    assert [str(each) for each in wanted if importlib.metadata.version(each.name) not in each.specifier] == []


@pytest.mark.parametrize(
    "command",
    [
        pytest.param([str(Path(sysconfig.get_path("scripts")) / "resilient-pip")], id="script"),
        pytest.param([sys.executable, "-m", "resilient_pip"], id="module"),
    ],
)
def test_both_ways_to_start_it(command: list[str]) -> None:
    """--version prints name and version and nothing else."""
    run = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.split()[:2] == ["resilient-pip", resilient_pip.__version__]


def test_help_lists_the_options_of_pip_and_ours() -> None:
    """--help exits 0 and knows both kinds."""
    run = subprocess.run(
        [sys.executable, "-m", "resilient_pip", "--help"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    for option in ("--stall-timeout", "--heartbeat", "--index-url", "--requirement"):
        assert option in run.stdout
