"""Requirement files behind URLs, read with pip's session: its proxies, certificates and credentials count."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

from pip._internal.exceptions import PipError
from pip._internal.network.utils import raise_for_status
from pip._vendor.requests.exceptions import RequestException
from pip._vendor.urllib3.exceptions import MaxRetryError, ProtocolError, ReadTimeoutError

from resilient_pip.errors import Dropped, Refused, ServerBusy, SourceError, Stalled, Unreachable
from resilient_pip.model import redact
from resilient_pip.pip_adapter.quiet import sentence
from resilient_pip.policy.transient import TRANSIENT_STATUSES

READING_FAILED = (PipError, RequestException)
"""What pip raises where a URL cannot be read; since 26.2 it explains connections that fail."""

_RETRIED = re.compile(r"too many (\d{3}) error responses")
_KINDS = ((socket.gaierror, "dns"), (ConnectionRefusedError, "refused"), (ssl.SSLError, "tls"))
_BACKOFF_S = 0.25
"""As pip's own first wait between two tries."""


def read_url(url: str, session: Any, *, retries: int) -> str:
    """Read a file as pip does, but try again where it does not: after a broken or stalled body, or a 504.

    Raises:
        SourceError: it cannot be read; what pip raised is the cause.
        ValueError: the URL is none, or its bytes are no text.
    """
    number = 0
    while True:
        try:
            return _read(url, session)
        except (*READING_FAILED, ProtocolError) as error:
            found = _source_error(url, error, session.timeout)
            final = isinstance(found, (Refused, Unreachable)) or _was_retried(error)
            if final or number >= retries:
                raise found from error
        time.sleep(_BACKOFF_S * 2**number)
        number += 1


def _read(url: str, session: Any) -> str:
    """Read it once, as `pip._internal.req.req_file.get_file_content` does."""
    response = session.get(url)
    raise_for_status(response)
    # The urllib3 in pip before 26.2 takes a body that ends early for a whole one.
    if response.raw.tell() < int(response.headers.get("Content-Length", 0)):
        raise ProtocolError("body ended early")
    return str(response.text)


def _was_retried(error: BaseException) -> bool:
    """Whether pip's session has tried again by itself, which it does until an answer begins."""
    return any(isinstance(each, MaxRetryError) for each in _chain(error))


def _source_error(location: str, error: BaseException, timeout_s: float) -> SourceError:
    url = redact(location)
    chain = list(_chain(error))
    root = chain[-1]
    # urllib3 gives up some statuses itself, and says which in words only.
    retried = _RETRIED.search(str(error))
    status = int(retried[1]) if retried else getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        busy = status in TRANSIENT_STATUSES
        return ServerBusy(url=url, status=status) if busy else Refused(url=url, status=status)
    reason = getattr(root, "strerror", None) or sentence(str(root))
    if any(isinstance(each, ReadTimeoutError) for each in chain):
        return Stalled(url=url, silent_s=timeout_s, received=0, expected=None)
    if any(isinstance(each, ProtocolError) for each in chain):
        return Dropped(url=url, reason=reason, received=0, expected=None)
    kind = next((kind for class_, kind in _KINDS if isinstance(root, class_)), "network")
    return Unreachable(url=url, kind=kind, reason=reason)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give an error and what it came from, down to the root."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__
