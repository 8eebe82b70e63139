"""The boundary where the operating system's errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resilient_pip.errors import StorageError


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn an OSError of the block into a StorageError about `path`."""
    try:
        yield
    except OSError as error:
        raise StorageError(path=str(path), reason=error.strerror or str(error)) from error
