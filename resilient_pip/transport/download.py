"""One file into its partial: tried until it is there, each time from the byte where it broke."""

from __future__ import annotations

from dataclasses import dataclass, replace

import anyio

from resilient_pip.cache.origin import Origin
from resilient_pip.cache.partial import Partial
from resilient_pip.errors import DeadlineExceeded, Dropped, Stalled
from resilient_pip.events import Emit, Noted, Subject, TransferWaiting
from resilient_pip.model import RemoteFile, Terms
from resilient_pip.policy.deadlines import first_byte_timeout_s
from resilient_pip.settings import Settings
from resilient_pip.transport.client import Client
from resilient_pip.transport.growth import Growth
from resilient_pip.transport.meter import Meter
from resilient_pip.transport.pace import Pace
from resilient_pip.transport.places import Places
from resilient_pip.transport.ranges import revalidation_headers
from resilient_pip.transport.receiving import SHORTEST_S, Reception
from resilient_pip.transport.retry import Series
from resilient_pip.transport.slots import Slots, Ticket
from resilient_pip.urls import host_of

_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What all transfers of a run share."""

    client: Client
    slots: Slots
    settings: Settings
    emit: Emit


class Transfer:
    """The tries to complete one partial."""

    def __init__(
        self,
        *,
        file: RemoteFile,
        places: Places,
        subject: Subject,
        partial: Partial,
        known: Origin | None,
        terms: Terms,
        ticket: Ticket,
        meter: Meter,
        growth: Growth,
        around: Circumstances,
        persistent: bool,
    ) -> None:
        self._file = file
        self._places = places
        self._subject = subject
        self._partial = partial
        self._known = known
        self._terms = terms
        self._ticket = ticket
        self._around = around
        self._persistent = persistent
        self._pace = Pace(
            name=file.filename,
            limit_s=None if terms.hard else terms.limit_s,
            sharing=lambda: around.slots.active,
            places=places,
            settings=around.settings,
            emit=around.emit,
        )
        self._series = Series(
            subject=subject,
            places=places,
            tries=terms.tries,
            quiet_limit_s=around.settings.file_silence_s,
            settings=around.settings,
            emit=around.emit,
            hosts=around.client.hosts,
            kept=lambda: self._kept,
        )
        self._reception = Reception(
            file=file,
            partial=partial,
            places=places,
            series=self._series,
            pace=self._pace,
            meter=meter,
            growth=growth,
            client=around.client,
            slots=around.slots,
            ticket=ticket,
            settings=around.settings,
        )
        self._told = False

    async def run(self) -> bool:
        """Complete and check the partial.

        Returns:
            False where the server says that the file known from last time is still right.

        Raises:
            AttemptsExhausted: no try succeeded.
            DeadlineExceeded: the hard limit is over.
            StorageError: the disk refused.
        """
        size = self._partial.origin.size if self._file.size is None else self._file.size
        self._series.starts_from(self._partial.received, size)
        self._reception.tell()
        limit_s = self._terms.limit_s if self._terms.hard else None
        if not self._series.may_begin:
            self._ticket.release()  # those that it waits for need it
        with anyio.move_on_after(limit_s):
            return await self._series.run(self._try)
        raise DeadlineExceeded(scope=self._file.filename, limit_s=limit_s or 0.0, kept=self._kept)

    @property
    def _kept(self) -> int:
        return self._partial.kept if self._persistent else 0

    async def _try(self) -> bool:
        self._ticket.host = host_of(self._places.current.url)
        await self._ticket.acquire()
        self._pace.start(self._partial.received)
        try:
            changed = await self._try_once()
        except (Stalled, Dropped) as error:
            if isinstance(error, Dropped):
                self._around.slots.slow_down(self._ticket.host)
            # The client knows its answer only; people want to know how far the file is.
            raise replace(error, received=self._series.received, expected=self._series.expected) from error
        finally:
            self._pace.stop()
            self._series.overdue = self._pace.overdue
            self._ticket.release()
        self._around.slots.speed_up(self._ticket.host)
        return changed

    async def _try_once(self) -> bool:
        reception, expected = self._reception, self._series.expected
        if expected is not None and self._partial.received > expected:
            await reception.start_over()
        if self._partial.received and self._partial.received == expected:
            await reception.check()
            return True
        first_byte_s = first_byte_timeout_s(self._series.fruitless + 1, self._around.settings)
        first_byte_s = max(SHORTEST_S, min(first_byte_s, self._series.quiet_left_s))
        self._around.emit(TransferWaiting(subject=self._subject, reason="first byte"))
        async with self._around.client.get(
            self._places.current.url, headers=self._request_headers(), first_byte_s=first_byte_s
        ) as answer:
            if answer.status == _NOT_MODIFIED and self._known is not None:
                return False
            await reception.begin(answer)
            self._tell_of_mirror()
            await reception.receive(answer, first_byte_s)
        await reception.check()
        return True

    def _request_headers(self) -> dict[str, str]:
        if self._partial.received:
            return self._reception.resume_headers()
        # Files that may come from mirrors have a hash; what is known of the others is known of their URL.
        return {} if self._known is None else revalidation_headers(self._known)

    def _tell_of_mirror(self) -> None:
        mirror = self._places.current.mirror
        if mirror is not None and not self._told:
            self._told = True
            self._around.emit(Noted(message=f"{self._file.project}: continuing from {host_of(mirror)}"))
