"""The boundary where the operating system's errors become ours."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from resilient_pip.errors import StorageError
from resilient_pip.units import format_bytes

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def storing(path: Path, *, missing: Callable[[], int] = lambda: 0) -> Iterator[None]:
    """Turn an OSError of the block into a StorageError about `path`.

    Args:
        path: what is written.
        missing: tells, when the disk is full, how many bytes still have to come.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _FULL and (needed := missing()):
            reason = f"{reason}: {format_bytes(needed)} more are needed, {_free(path)} are free"
        raise StorageError(path=str(path), reason=reason) from error


def _free(path: Path) -> str:
    return format_bytes(shutil.disk_usage(path.parent).free)
