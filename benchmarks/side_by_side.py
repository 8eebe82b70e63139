"""Install one requirements file with resilient-pip, pip and uv in turn and print what each took.

    .venv/bin/python -m benchmarks.side_by_side examples/ml/requirements.txt --tools resilient-pip,pip,uv

Every tool gets a fresh environment and an empty cache; its output goes to a pipe and its defaults stay as
they are. Bytes are those that came in over all network interfaces but loopback while it ran, so nothing
else may use the network then. pip and uv are installed into an environment of their own beforehand.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import Installer, installers


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one run took."""

    tool: str
    exit_code: int
    wall_s: float
    received: int
    """Bytes over the network."""
    silence_s: float
    """The longest time without a line of output."""
    packages: int
    """Distributions in the environment afterwards."""
    installed: int
    """Bytes on disk in the environment afterwards."""


def main() -> None:
    """Measure what the command line names and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("requirements", type=Path)
    parser.add_argument("--tools", default="resilient-pip,pip,uv")
    parser.add_argument("--keep-logs", type=Path, help="folder for each tool's output")
    arguments = parser.parse_args()
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, {time.ctime()}"
    )
    with tempfile.TemporaryDirectory(prefix="side-by-side-") as folder:
        figures = [
            measure(tool, arguments.requirements.resolve(), Path(folder) / tool.name, arguments.keep_logs)
            for tool in installers(arguments.tools.split(","))
        ]
    print("\n| tool | exit | wall | received | longest silence | packages | on disk |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for figure in figures:
        print(
            f"| {figure.tool} | {figure.exit_code} | {figure.wall_s:.1f} s | {figure.received / 1e6:.0f} MB "
            f"| {figure.silence_s:.1f} s | {figure.packages} | {figure.installed / 1e6:.0f} MB |"
        )


def measure(tool: Installer, requirements: Path, folder: Path, logs: Path | None) -> Figure:
    """Run one tool on a fresh environment in `folder`."""
    folder.mkdir()
    target = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", target], check=True)
    python = target / "bin" / "python"
    command = tool.argv(python, ["-r", str(requirements)])
    env = {**os.environ, tool.cache_variable: str(folder / "cache")}
    before, started = received_bytes(), time.monotonic()
    exit_code, silence_s, output = _watch(command, env, folder)
    wall_s, received = time.monotonic() - started, received_bytes() - before
    if logs:
        logs.mkdir(parents=True, exist_ok=True)
        (logs / f"{tool.name}.log").write_text(output)
    site = next((target / "lib").glob("python3.*")) / "site-packages"
    figure = Figure(
        tool=tool.title,
        exit_code=exit_code,
        wall_s=wall_s,
        received=received,
        silence_s=silence_s,
        packages=len(list(site.glob("*.dist-info"))),
        installed=sum(path.stat().st_size for path in site.rglob("*") if path.is_file()),
    )
    shutil.rmtree(folder)
    print(f"{tool.title}: exit {exit_code} after {wall_s:.1f} s")
    return figure


def _watch(command: list[str], env: Mapping[str, str], folder: Path) -> tuple[int, float, str]:
    """Run a command with its output in a pipe; give exit code, longest silence and the output."""
    lines, silence_s, last = [], 0.0, time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, text=True, cwd=folder
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            now = time.monotonic()
            silence_s, last = max(silence_s, now - last), now
            lines.append(line)
    silence_s = max(silence_s, time.monotonic() - last)
    return child.returncode, silence_s, "".join(lines)


def received_bytes() -> int:
    """Sum what all interfaces but loopback have received (/proc/net/dev)."""
    total = 0
    for line in Path("/proc/net/dev").read_text().splitlines()[2:]:
        name, _, figures = line.partition(":")
        if name.strip() != "lo":
            total += int(figures.split()[0])
    return total


if __name__ == "__main__":
    main()
