"""What a status that is no success means."""

from __future__ import annotations

from datetime import datetime, timezone

from resilient_pip.errors import Refused, ServerBusy
from resilient_pip.model import redact
from resilient_pip.policy.retry_after import retry_after_s
from resilient_pip.policy.transient import TRANSIENT_STATUSES
from resilient_pip.transport.client import Answer

_OF_LOGINS = frozenset({401, 403})


def refusal(answer: Answer) -> ServerBusy | Refused:
    """Make the error for an answer whose status is not what was hoped for."""
    url = redact(answer.url)
    if answer.status not in TRANSIENT_STATUSES:
        detail = answer.login if answer.status in _OF_LOGINS else ""
        return Refused(url=url, status=answer.status, detail=detail)
    value = answer.headers.get("Retry-After")
    wait_s = None if value is None else retry_after_s(value, now=datetime.now(timezone.utc))
    return ServerBusy(url=url, status=answer.status, retry_after_s=wait_s)
