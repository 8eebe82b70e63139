"""sdists whose build imports what they do not declare, as flash-attn's imports torch."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Sequence
from dataclasses import replace

from tests.support.wheels import Distribution, make_sdist


def make_undeclaring_sdist(
    name: str, version: str, requires: Sequence[str] = (), *, imports: Sequence[str], before_build: str = ""
) -> Distribution:
    """Make an sdist whose backend imports projects, for the metadata already, and declares none of them.

    Args:
        name: the project's name.
        version: its version.
        requires: Requires-Dist lines of the wheel that it builds.
        imports: the projects; the wheel's built.json tells with which versions it was built.
        before_build: Python code that the backend runs when it is asked for the wheel.
    """
    sdist = make_sdist(name, version, requires, build_requires=imports, before_build=before_build)
    buffer = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(sdist.content)) as source,
        tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as changed,
    ):
        for entry in source:
            file = source.extractfile(entry)
            data = file.read() if file else b""
            if entry.name.endswith("pyproject.toml"):
                data = b"[build-system]\nrequires = []\n" + data.partition(b"\n")[2].partition(b"\n")[2]
            changed_entry = tarfile.TarInfo(entry.name)
            changed_entry.size = len(data)
            changed.addfile(changed_entry, io.BytesIO(data))
    return replace(sdist, content=gzip.compress(buffer.getvalue(), mtime=0))
