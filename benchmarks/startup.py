"""How long starting takes, out of the zip application and installed: `python -m benchmarks.startup`."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time

from tools.pyz import ARCHIVE

ROUNDS = 10
STARTS = {
    "resilient-pip.pyz --version": (sys.executable, str(ARCHIVE), "--version"),
    "resilient-pip.pyz --help": (sys.executable, str(ARCHIVE), "--help"),
    "resilient-pip --help": (sys.executable, "-m", "resilient_pip", "--help"),
}
"""`--help` imports everything that an installation needs."""


def main() -> None:
    """Print the fastest and the median start, and the CPU time of the latter, as rows of a table."""
    print("| start | fastest | median | CPU |\n| --- | --- | --- | --- |")
    for name, argv in STARTS.items():
        walls, cpus = zip(*(start(argv) for _ in range(ROUNDS)), strict=True)
        median_s, cpu_s = statistics.median(walls), statistics.median(cpus)
        print(f"| `{name}` | {min(walls):.2f} s | {median_s:.2f} s | {cpu_s:.2f} s |")


def start(argv: tuple[str, ...]) -> tuple[float, float]:
    """Run a program to its end and give its wall and CPU time in seconds."""
    before_s, began_s = used_s(), time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began_s, used_s() - before_s


def used_s() -> float:
    """Give the CPU time of all programs that were run up to now."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
