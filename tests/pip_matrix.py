"""Run what depends on pip against each pip that pyproject.toml admits: the tests marked `pips`.

`python -m tests.pip_matrix [VERSION…]`: one environment per version under .venvs/, made again only when what
belongs into it has changed. Needs a network (or an index that pip is configured for) for the first run only.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

VERSIONS = ("25.3", "26.0", "26.1", "26.2", "26.3")
ROOT = Path(__file__).parents[1]
PLACES = (
    "tests/unit/test_pip_adapter.py",
    "tests/unit/test_pip_options.py",
    "tests/unit/test_requirement_shapes.py",
    "tests/e2e",
)
TEST_TOOLS = ("pytest", "pytest-timeout", "trustme")
AGAIN = ("--last-failed", "--last-failed-no-failures", "none", "--maxfail", "1")
TRIES = 3
AT_ONCE = 2


def main(versions: Sequence[str]) -> int:
    """Run the tests with each version, say how each went, and give 1 where one failed."""
    failed = False
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for version, result in zip(versions or VERSIONS, pool.map(tested, versions or VERSIONS), strict=True):
            print(f"pip {version}: {' '.join(result.stdout.strip().splitlines()[-1:])}", flush=True)  # noqa: T201 - a program
            if result.returncode:
                failed = True
                print(result.stdout, result.stderr, flush=True)  # noqa: T201 - a program
    return int(failed)


def tested(version: str) -> subprocess.CompletedProcess[str]:
    """Run the tests with one version; what fails beside the other versions is judged once more."""
    python = environment(version)
    words = [str(python), "-m", "pytest", "-q", "-m", "pips", "-o", f"cache_dir={python.parents[1]}/pytest"]
    first = run([*words, *PLACES])
    if first.returncode == 0:
        return first
    print(first.stdout, flush=True)  # noqa: T201 - a program
    return run([*words, *AGAIN, *PLACES])


def environment(version: str) -> Path:
    """Make the environment with this pip unless it is there, and give its interpreter."""
    folder = ROOT / ".venvs" / f"pip-{version}"
    python = folder / "bin" / "python"
    packages = [f"pip=={version}", *dependencies()]
    # Written last: an environment that was left half made has none, and is made again.
    stamp = folder / "packages.txt"
    wanted = "\n".join((sysconfig.get_python_version(), *packages))
    if not (python.exists() and stamp.exists() and stamp.read_text() == wanted):
        check(run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)]))
        pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
        check(run([*pip, "install", "--quiet", f"--retries={TRIES}", *packages]))
        # As an editable installation would do it, without the tools to build one.
        (site_packages,) = folder.glob("lib/python*/site-packages")
        (site_packages / "resilient-pip.pth").write_text(f"{ROOT}\n")
        stamp.write_text(wanted)
    return python


def dependencies() -> list[str]:
    """List what this project needs at run time, but for pip, and what runs tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = [one for one in project["project"]["dependencies"] if not one.startswith("pip")]
    tools = [one for one in project["dependency-groups"]["dev"] if one.partition(">")[0] in TEST_TOOLS]
    return [*needed, *tools]


def run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program from the project's folder and keep what it prints."""
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def check(result: subprocess.CompletedProcess[str]) -> None:
    """Leave with what the program printed where it failed."""
    if result.returncode:
        raise SystemExit(f"{' '.join(result.args)}\n{result.stdout}{result.stderr}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
