"""Wheels that are too large to be made, or held, in memory."""

from __future__ import annotations

import mmap
import random
import zipfile
from pathlib import Path
from typing import cast

from tests.support.wheels import Distribution, make_wheel

_BLOCK = 2**20


def write_large_wheel(folder: Path, name: str, version: str, size: int) -> Distribution:
    """Make a wheel a little larger than `size` in a file below `folder`, which is mapped as its content.

    It holds one random MiB over and over, and no hash of that in RECORD (pip asks for none).
    """
    small = make_wheel(name, version)
    path = folder / small.filename
    path.write_bytes(small.content)
    block = random.Random(f"{name} {version}").randbytes(_BLOCK)  # noqa: S311 - padding
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
        payload = zipfile.ZipInfo(f"{small.project.replace('-', '_')}/payload.bin", (2020, 1, 1, 0, 0, 0))
        with archive.open(payload, "w", force_zip64=True) as file:
            for _ in range(0, size, _BLOCK):
                file.write(block)
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    # Whoever uses a content slices, measures and hashes it, which a mapped file understands as bytes do.
    return Distribution(
        name=name,
        version=version,
        filename=small.filename,
        content=cast("bytes", mapped),
        metadata=small.metadata,
    )
