"""Install one requirements file with resilient-pip, pip and uv in turn and print what each took.

    .venv/bin/python -m benchmarks.side_by_side examples/ml/requirements.txt --tools resilient-pip,pip,uv

Every tool gets a fresh environment and an empty cache; its output goes to a pipe and its defaults stay as
they are. Bytes are those that came in over all network interfaces but loopback while it ran, so nothing
else may use the network then. pip and uv are installed into environments of their own beforehand.
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

PIP = "pip==26.3"
UV = "uv==0.13.9"


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
            measure(tool, arguments.requirements.resolve(), Path(folder) / tool, arguments.keep_logs)
            for tool in arguments.tools.split(",")
        ]
    print("\n| tool | exit | wall | received | longest silence | packages | on disk |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for figure in figures:
        print(
            f"| {figure.tool} | {figure.exit_code} | {figure.wall_s:.1f} s | {figure.received / 1e6:.0f} MB "
            f"| {figure.silence_s:.1f} s | {figure.packages} | {figure.installed / 1e6:.0f} MB |"
        )


def measure(tool: str, requirements: Path, folder: Path, logs: Path | None) -> Figure:
    """Run one tool on a fresh environment in `folder`."""
    folder.mkdir()
    target = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", target], check=True)
    python = target / "bin" / "python"
    command, env = _command(tool, folder, python, requirements)
    before, started = received_bytes(), time.monotonic()
    exit_code, silence_s, output = _watch(command, {**os.environ, **env}, folder)
    wall_s, received = time.monotonic() - started, received_bytes() - before
    if logs:
        logs.mkdir(parents=True, exist_ok=True)
        (logs / f"{tool}.log").write_text(output)
    site = next((target / "lib").glob("python3.*")) / "site-packages"
    figure = Figure(
        tool=tool,
        exit_code=exit_code,
        wall_s=wall_s,
        received=received,
        silence_s=silence_s,
        packages=len(list(site.glob("*.dist-info"))),
        installed=sum(path.stat().st_size for path in site.rglob("*") if path.is_file()),
    )
    shutil.rmtree(folder)
    print(f"{tool}: exit {exit_code} after {wall_s:.1f} s")
    return figure


def _command(
    tool: str, folder: Path, python: Path, requirements: Path
) -> tuple[list[str], Mapping[str, str]]:
    """Say how a tool is started, with a cache of its own in `folder`."""
    cache = str(folder / "cache")
    if tool == "resilient-pip":
        command = [sys.executable, "-m", "resilient_pip", "-r", str(requirements), "--python", str(python)]
        return command, {"PIP_CACHE_DIR": cache}
    peers = folder / "peers"
    subprocess.run([sys.executable, "-m", "venv", peers], check=True)
    subprocess.run(
        [peers / "bin" / "pip", "install", "-q", PIP, *([UV] if tool.startswith("uv") else [])], check=True
    )
    if tool == "pip":
        command = [str(peers / "bin" / "pip"), "--python", str(python), "install", "-r", str(requirements)]
        return command, {"PIP_CACHE_DIR": cache}
    command = [str(peers / "bin" / "uv"), "pip", "install", "--python", str(python), "-r", str(requirements)]
    if tool == "uv-compile":
        command.append("--compile-bytecode")
    return command, {"UV_CACHE_DIR": cache}


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
