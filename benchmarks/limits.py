"""What no tool can be faster than: the bytes on the wire, and the bytes on the disk."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.tags import parse_tag
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from benchmarks.sets import PackageSet
from tests.support.environments import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The least that an installation has to do, whatever the tool: no latency, no plan, no compiling."""

    packages: int
    wheels: int
    """Bytes of the wheels that were installed."""
    unpacked: int
    """Bytes of their files."""
    write_s: float
    """How long writing so many and so large files takes here, one after the other, from memory."""

    def seconds(self, bytes_per_second: int | None) -> float:
        """Give the time, as the network and the disk work side by side.

        Args:
            bytes_per_second: None: nothing is downloaded.
        """
        transfer_s = self.wheels / bytes_per_second if bytes_per_second else 0.0
        return max(transfer_s, self.write_s)


def limit_of(environment: Path, packages: PackageSet, scratch: Path) -> Limit:
    """Find the wheels of an environment in its mirror, and leave files like theirs in `scratch`."""
    installed = list(distributions(path=[str(Environment(root=environment).site_packages)]))
    files = [pair for each in installed for pair in _unpacked(each)]
    return Limit(
        packages=len(installed),
        wheels=sum(wheel.stat().st_size for wheel in _wheels(installed, packages)),
        unpacked=sum(size for _, size in files),
        write_s=_write(files, scratch),
    )


def _wheels(installed: Iterable[Distribution], packages: PackageSet) -> Iterator[Path]:
    """Give the wheel of each distribution; of several for one version, the one with its tags."""
    found: dict[tuple[str, Version], list[Path]] = {}
    folders = [folder for folder in (packages.mirror / "files", packages.added) if folder]
    for path in (path for folder in folders for path in folder.rglob("*.whl")):
        name, version, _, _ = parse_wheel_filename(path.name)
        found.setdefault((name, version), []).append(path)
    for each in installed:
        paths = found[canonicalize_name(each.metadata["Name"]), Version(each.version)]
        text = each.read_text("WHEEL") or ""
        lines = [line.removeprefix("Tag: ") for line in text.splitlines() if line.startswith("Tag: ")]
        tags = frozenset(tag for line in lines for tag in parse_tag(line))
        fitting = [path for path in paths if parse_wheel_filename(path.name)[3] == tags]
        yield min(fitting or paths, key=lambda path: path.stat().st_size)


def _unpacked(distribution: Distribution) -> Iterator[tuple[str, int]]:
    """Give path and size of each file that came out of the wheel."""
    for path, _, size in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        if size and not path.endswith(".pyc"):
            yield path.replace("../", ""), int(size)


def _write(files: Iterable[tuple[str, int]], scratch: Path) -> float:
    """Write files of these sizes; give the time."""
    made: set[Path] = set()
    os.sync()
    began_s = time.monotonic()
    for name, size in files:
        path = scratch / name
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        path.write_bytes(bytes(size))
    return time.monotonic() - began_s
