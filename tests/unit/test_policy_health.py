"""When a host is taken for dead."""

from __future__ import annotations

import pytest

from resilient_pip.errors import BadContent, Dropped, Refused, ServerBusy, SourceError, Unreachable
from resilient_pip.model import SafeUrl
from resilient_pip.policy.health import Health

URL = SafeUrl("http://h/a")
BUSY = ServerBusy(url=URL, status=503)


def test_a_few_that_fail_are_enough_to_find_out() -> None:
    """Further requests may begin while fewer than four fail, and again when one of these is over."""
    health = Health()
    for request in range(4):
        assert health.takes_more
        health = health.after_failure(request, BUSY)
    assert not health.takes_more
    assert health.without(2).takes_more


@pytest.mark.parametrize(
    ("failures", "tries", "is_down"),
    [
        pytest.param(3, 3, True, id="all-its-tries"),
        pytest.param(2, 3, False, id="another-got-on-meanwhile"),
        pytest.param(0, 0, False, id="each-try-brought-something"),
    ],
)
def test_a_request_that_gives_up(failures: int, tries: int, is_down: bool) -> None:  # noqa: FBT001 - a row
    """The host is down if nothing came from it for as long as that request tried in vain."""
    health = Health()
    for _ in range(failures):
        health = health.after_failure("a", BUSY)
    assert health.after_giving_up("a", BUSY, tries=tries).down is (BUSY if is_down else None)


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        pytest.param(Unreachable(url=URL, kind="dns", reason=""), True, id="unreachable"),
        pytest.param(Dropped(url=URL, reason="", received=0, expected=None), True, id="dropped"),
        pytest.param(Refused(url=URL, status=404), False, id="404"),
        pytest.param(BadContent(url=URL, reason=""), False, id="bad-content"),
    ],
)
def test_what_speaks_against_a_host(error: SourceError, counts: bool) -> None:  # noqa: FBT001 - a row
    """An answer that is wrong for one request says nothing of the others."""
    health = Health().after_failure("a", error).after_giving_up("a", error, tries=1)
    assert (health.down is error) is counts
