"""Files that are on this machine already: nothing is copied, but their hashes are checked."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import anyio

from resilient_pip.cache.digests import digest_file
from resilient_pip.errors import Attempt, AttemptsExhausted, BadContent, HashMismatch, Refused, SourceError
from resilient_pip.model import RemoteFile

_NOT_FOUND = 404


async def check_local(file: RemoteFile) -> tuple[Path, str]:
    """Return path and SHA-256 of the file that a file:// URL names.

    Raises:
        AttemptsExhausted: it cannot be read.
        HashMismatch: it is not the file that the index names.
    """
    path = Path(url2pathname(urlsplit(file.url).path))
    try:
        digests = await digest_file(path, file.hashes)
    except FileNotFoundError:
        raise _once(file, Refused(url=file.safe_url, status=_NOT_FOUND)) from None
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise _once(file, BadContent(url=file.safe_url, reason=reason)) from error
    mismatch = digests.mismatch(file.hashes)
    if mismatch is not None:
        algorithm, expected, actual = mismatch
        raise HashMismatch(url=file.safe_url, algorithm=algorithm, expected=expected, actual=actual)
    return path, digests.sha256


def _once(file: RemoteFile, error: SourceError) -> AttemptsExhausted:
    attempt = Attempt(error=error, at_s=anyio.current_time(), received=0)
    return AttemptsExhausted(url=file.safe_url, last=error, attempts=(attempt,), elapsed_s=0.0)
