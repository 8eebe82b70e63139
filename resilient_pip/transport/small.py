"""Whole answers that fit in memory: index pages, metadata, pieces of wheels."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import anyio

from resilient_pip.cache.answers import Answers
from resilient_pip.events import Emit, Subject
from resilient_pip.settings import MIB, Settings
from resilient_pip.transport.client import Client
from resilient_pip.transport.meter import transferring
from resilient_pip.transport.places import Find, Places
from resilient_pip.transport.retry import Series
from resilient_pip.transport.small_reading import OK, Reading, SmallAnswer, Wanted

_AT_ONCE = 16
_PARTIAL = 206
ABSENT = frozenset({404, 410})


class SmallReader:
    """Reads small things, with retries, up to 16 at once."""

    def __init__(
        self, client: Client, settings: Settings, emit: Emit, *, answers: Answers | None = None
    ) -> None:
        self._client = client
        self._settings = settings
        self._emit = emit
        self._answers = answers
        self._turns = anyio.Semaphore(_AT_ONCE)

    async def read(
        self,
        url: str,
        *,
        subject: Subject,
        accept: str | None = None,
        byte_range: tuple[int, int | None] | int | None = None,
        limit: int = 64 * MIB,
        absent: frozenset[int] = ABSENT,
        mirrors: Sequence[Find] = (),
        hashes: Mapping[str, str] | None = None,
        check: Callable[[SmallAnswer], Awaitable[None]] | None = None,
    ) -> SmallAnswer:
        """Read `url` to the end; what an earlier run kept of it is asked about, and not read again.

        Args:
            url: absolute, http or https; may carry a login.
            subject: what the events name.
            accept: the Accept header.
            byte_range: (first, end) as in a slice, or a negative number of bytes from the end. Where the
                server ignores it (status 200, not 206), the body is not read and comes back empty.
            limit: the longest body that is taken, in bytes, after decoding.
            absent: statuses that come back as an answer, with an empty body.
            mirrors: where else it can be had, all of it.
            hashes: what a mirror's answer must have.
            check: looks at a whole answer, and raises BadContent where it is not what was asked for.

        Raises:
            AttemptsExhausted: it could not be read.
        """
        wanted = Wanted(
            headers=_request_headers(accept, byte_range),
            status=OK if byte_range is None else _PARTIAL,
            limit=limit,
            absent=absent,
            hashes=hashes or {},
            check=check,
        )
        # A part is no answer of its own, and what has a hash is kept by that.
        is_kept = self._answers is not None and byte_range is None and not hashes
        places = Places(url, mirrors)
        async with self._turns:
            with transferring(subject, self._emit) as meter:
                series = Series(
                    subject=subject,
                    places=places,
                    tries=self._settings.tries,
                    quiet_limit_s=self._settings.page_deadline_s,
                    settings=self._settings,
                    emit=self._emit,
                    hosts=self._client.hosts,
                    kept=lambda: 0,
                )
                reading = Reading(
                    wanted=wanted,
                    kind=subject.kind,
                    places=places,
                    series=series,
                    meter=meter,
                    client=self._client,
                    settings=self._settings,
                    answers=self._answers if is_kept else None,
                )
                return await series.run(reading.once)


def _request_headers(accept: str | None, byte_range: tuple[int, int | None] | int | None) -> dict[str, str]:
    headers = {} if accept is None else {"Accept": accept}
    match byte_range:
        case None:
            headers["Accept-Encoding"] = "gzip"
        case int():
            headers["Range"] = f"bytes={byte_range}"
        case (first, end):
            headers["Range"] = f"bytes={first}-{'' if end is None else end - 1}"
    return headers
