"""What the children of a run printed, saved from its end: for --log and for who reads a failure."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resilient_pip.errors import StorageError


@contextmanager
def appending_logs(folder: Path, log: str | None) -> Iterator[None]:
    """Append each child's output to the file that --log names, once the children are over.

    The children do not write it themselves: pip would write the gateway's secret addresses into it.

    Args:
        folder: where each child's output is, one file each.
        log: the file; None: nothing is asked for.

    Raises:
        StorageError: the file cannot be written.
    """
    if log is None:
        yield
        return
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise StorageError(path=log, reason=error.strerror or str(error)) from error
    with os.fdopen(descriptor, "wb") as file:
        try:
            yield
        finally:
            for child in sorted(folder.iterdir()):
                file.write(f"== {child.stem}\n".encode())
                with child.open("rb") as output:
                    shutil.copyfileobj(output, file)


def keep_log(log: str) -> str:
    """Copy a child's log to where the end of the run does not take it away; its new path, "" without one.

    Only its owner may read it.
    """
    if not log:
        return ""
    try:
        descriptor, kept = tempfile.mkstemp(prefix="resilient-pip-", suffix=".log")
        with os.fdopen(descriptor, "wb") as file:
            file.write(Path(log).read_bytes())
    except OSError:
        return ""  # the failure block holds the lines that matter
    return kept
