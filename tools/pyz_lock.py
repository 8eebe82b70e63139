"""Write the lock file of the zip application: `python -m tools.pyz_lock`.

The versions are those of the environment that this runs in, with which the tests have run; where one does not
run on the oldest supported Python, the newest that does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet

from tools.pyz import ANY_PYTHON, LOCK, OLDEST, ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONDITIONAL = ("exceptiongroup", "tomli", "typing-extensions")
"""What some of the supported Pythons need and others do not: pip resolves for the one that runs it alone."""

HEADER = """\
# What the zip application carries beside this project; python -m tools.pyz_lock writes this file.
# Wheels for every Python and platform alone, and what only some of the supported Pythons need too.
"""


def main() -> None:
    """Resolve with pip, and write what it chose."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*(line.partition(";")[0].strip() for line in project["dependencies"]), *CONDITIONAL]
    lines = sorted(locked(item) for item in resolve(wanted))
    LOCK.write_text(HEADER + "".join(lines), encoding="utf-8")


def resolve(requirements: list[str]) -> list[dict[str, Any]]:
    """Let pip choose wheels for any platform that Python 3.10 can use, in this environment's versions."""
    with tempfile.TemporaryDirectory() as folder:
        report, constraints = Path(folder, "report.json"), Path(folder, "constraints.txt")
        constraints.write_text("".join(tested()), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
        place = [f"--target={folder}", f"--constraint={constraints}", f"--report={report}"]
        argv = [*pip, *ANY_PYTHON, *place, *requirements]
        subprocess.run(argv, check=True)
        install: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
    return install


def tested() -> Iterator[str]:
    """Give constraints to what is installed here, where the oldest supported Python can use it."""
    for one in distributions():
        if SpecifierSet(one.metadata["Requires-Python"] or "").contains(OLDEST):
            yield f"{one.metadata['Name']}=={one.version}\n"


def locked(item: dict[str, Any]) -> str:
    """Write the line of one item of pip's report."""
    metadata, digest = item["metadata"], item["download_info"]["archive_info"]["hashes"]["sha256"]
    return f"{metadata['name'].lower()}=={metadata['version']} --hash=sha256:{digest}\n"


if __name__ == "__main__":
    main()
