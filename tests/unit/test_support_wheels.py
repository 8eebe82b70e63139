"""Synthetic distributions are what pip and `installer` take for real ones."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from installer.sources import WheelFile

from tests.support.environments import Workspace
from tests.support.pages import write_files, write_index
from tests.support.wheels import make_sdist, make_wheel


def test_a_wheel_passes_installer(tmp_path: Path) -> None:
    """Every member stands in RECORD with its hash, and the metadata says what was asked for."""
    wheel = make_wheel(
        "My.Tool",
        "1.0+local",
        ["other>=2"],
        size=50_000,
        files={"my_tool/cli.py": "def main() -> int:\n    return 0\n"},
        entry_points={"my-tool": "my_tool.cli:main"},
        extras={"fast": ["speed"]},
        requires_python=">=3.8",
    )
    (tmp_path / wheel.filename).write_bytes(wheel.content)
    with WheelFile.open(tmp_path / wheel.filename) as source:
        source.validate_record()
        assert source.read_dist_info("entry_points.txt") == "[console_scripts]\nmy-tool = my_tool.cli:main\n"
        assert source.read_dist_info("METADATA").splitlines() == [
            "Metadata-Version: 2.1",
            "Name: My.Tool",
            "Version: 1.0+local",
            "Summary: synthetic",
            "Requires-Python: >=3.8",
            "Requires-Dist: other>=2",
            "Provides-Extra: fast",
            'Requires-Dist: speed; extra == "fast"',
        ]
    assert (wheel.filename, wheel.project) == ("my_tool-1.0+local-py3-none-any.whl", "my-tool")
    assert 50_000 < wheel.size < 53_000


def test_the_same_arguments_make_the_same_bytes() -> None:
    """Hashes of synthetic files hold from run to run."""
    assert make_wheel("a", "1", size=1000) == make_wheel("a", "1", size=1000)
    assert make_sdist("a", "1") == make_sdist("a", "1")


@pytest.mark.parametrize("name", ["plain", "With.Dots"])
def test_an_sdist_builds_offline(tmp_path: Path, name: str) -> None:
    """Pip makes a wheel of it without any index, and that wheel is whole."""
    sdist = make_sdist(name, "2.0", ["other"])
    write_files(tmp_path, [sdist])
    words = ["-q", "--no-index", "--no-deps", "--no-cache-dir", "-w", str(tmp_path / "out")]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *words, str(tmp_path / sdist.filename)], check=True)
    (built,) = (tmp_path / "out").iterdir()
    with WheelFile.open(built) as source:
        source.validate_record()
        assert "Requires-Dist: other" in source.read_dist_info("METADATA").splitlines()


def test_an_sdist_names_what_its_build_needs() -> None:
    """Build requirements stand in pyproject.toml and are imported by the backend."""
    sdist = make_sdist("native", "1.0", build_requires=["build-tool"])
    with tarfile.open(fileobj=io.BytesIO(sdist.content)) as archive:
        members = {entry.name: archive.extractfile(entry) for entry in archive.getmembers()}
        texts = {name: stream.read().decode() for name, stream in members.items() if stream}
    assert 'requires = ["build-tool"]' in texts["native-1.0/pyproject.toml"]
    assert "import build_tool\n" in texts["native-1.0/carried_backend.py"]


def test_pip_installs_from_a_file_index(workspace: Workspace) -> None:
    """`write_index` makes a folder that plain pip reads."""
    url = write_index(workspace.root / "index", [make_wheel("a", "1.0", ["b"]), make_wheel("b", "2.0")])
    environment = workspace.environment()
    run = workspace.pip(environment, "install", "--index-url", url, "a")
    assert run.returncode == 0, run.output
    assert environment.versions() == {"a": "1.0", "b": "2.0"}
    assert environment.requested() == {"a"}


def test_a_wheel_is_stored_uncompressed() -> None:
    """So that its size is the size of what was put into it."""
    with zipfile.ZipFile(io.BytesIO(make_wheel("a", "1", size=5000).content)) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
