"""Build the zip application, the whole program in one file: `python -m tools.pyz [FILE]`.

The same sources and lock file make the same bytes on every machine: members are sorted and carry no time, no
compiled files and no owner, and are stored as they are, because deflate's output depends on the zlib at hand.
"""

from __future__ import annotations

import hashlib
import io
import stat
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "resilient_pip"
MAIN = ROOT / "tools" / "pyz_main.py"
LOCK = ROOT / "tools" / "pyz-requirements.txt"
ARCHIVE = ROOT / "dist" / "resilient-pip.pyz"
WHEELS = ROOT / ".run" / "pyz-wheels"
"""Keeps what was downloaded: a network is needed only after the lock file has changed."""

OLDEST = "3.10"
ANY_PYTHON = (
    "--only-binary=:all:",
    "--platform=any",
    "--implementation=py",
    "--abi=none",
    f"--python-version={OLDEST}",
)
"""Let pip choose wheels for every supported Python and platform, whatever it runs on itself."""

SHEBANG = b"#!/usr/bin/env python3\n"
TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip archive can tell."""
MODE = stat.S_IFREG | 0o644


def main(argv: Sequence[str]) -> None:
    """Build it where the command line says, else as dist/resilient-pip.pyz."""
    path = Path(argv[0]) if argv else ARCHIVE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(archive(members()))
    path.chmod(0o755)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


def members() -> dict[str, bytes]:
    """Collect everything that goes in, by its name there: this project, then each wheel with its licences."""
    sources = [path for path in PACKAGE.rglob("*") if path.suffix in {".py", ".typed"}]
    collected = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sources}
    collected["__main__.py"] = MAIN.read_bytes()
    collected["LICENSE"] = (ROOT / "LICENSE").read_bytes()
    for wheel in wheels():
        with zipfile.ZipFile(wheel) as opened:
            # The programs are pip's launchers of scripts on Windows, half of its size.
            names = [name for name in opened.namelist() if not name.endswith(("/", ".exe"))]
            collected |= {name: opened.read(name) for name in names}
    return collected


def wheels() -> list[Path]:
    """Give the wheels that the lock file names, which pip downloads where they are not there yet."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    digests = [line.rpartition("sha256:")[2] for line in lines if not line.startswith("#")]
    if not present().keys() >= set(digests):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        subprocess.run([*pip, *ANY_PYTHON, f"--dest={WHEELS}", f"--requirement={LOCK}"], check=True)
    found = present()
    return [found[digest] for digest in digests]


def present() -> dict[str, Path]:
    """Find the wheels that were downloaded, by their hash."""
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in WHEELS.glob("*.whl")}


def archive(content: Mapping[str, bytes]) -> bytes:
    """Make a zip application of these members."""
    buffer = io.BytesIO()
    buffer.write(SHEBANG)
    with zipfile.ZipFile(buffer, "a") as writing:
        for name, data in sorted(content.items()):
            member = zipfile.ZipInfo(name, TIME)
            member.create_system = 3  # Unix, on whichever system this runs
            member.external_attr = MODE << 16
            writing.writestr(member, data)
    return buffer.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
