"""One file into its partial: resumed where it broke, checked in the end."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import anyio
from anyio import to_thread

from resilient_pip.cache.origin import Origin
from resilient_pip.cache.partial import Partial
from resilient_pip.errors import (
    BadContent,
    DeadlineExceeded,
    Dropped,
    HashMismatch,
    SourceError,
    Stalled,
    TooSlow,
)
from resilient_pip.events import Emit, Subject, TransferWaiting
from resilient_pip.index.content_range import read_content_range
from resilient_pip.model import RemoteFile, Terms, redact
from resilient_pip.policy.deadlines import first_byte_timeout_s, idle_timeout_s
from resilient_pip.settings import Settings
from resilient_pip.transport.client import Answer, Client
from resilient_pip.transport.growth import Growth
from resilient_pip.transport.meter import Meter
from resilient_pip.transport.pace import Pace
from resilient_pip.transport.ranges import (
    content_length,
    origin_of,
    resume_headers,
    revalidation_headers,
    why_not_the_rest,
)
from resilient_pip.transport.retry import Series
from resilient_pip.transport.slots import Slots, Ticket
from resilient_pip.transport.status import refusal
from resilient_pip.transport.writer import writing
from resilient_pip.units import format_bytes

_PARTIAL_CONTENT = 206
_NOT_MODIFIED = 304
_SHORTEST_S = 0.001  # a time-out of 0 would end before it looked


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
        self._subject = subject
        self._partial = partial
        self._known = known
        self._terms = terms
        self._ticket = ticket
        self._meter = meter
        self._growth = growth
        self._around = around
        self._persistent = persistent
        self._pace = Pace(
            name=file.filename,
            limit_s=None if terms.hard else terms.limit_s,
            sharing=lambda: around.slots.active,
            settings=around.settings,
            emit=around.emit,
        )
        self._series = Series(
            subject=subject,
            tries=terms.tries,
            quiet_limit_s=around.settings.file_silence_s,
            settings=around.settings,
            emit=around.emit,
            hosts=around.client.hosts,
            kept=lambda: self._kept,
        )

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
        self._tell()
        limit_s = self._terms.limit_s if self._terms.hard else None
        with anyio.move_on_after(limit_s):
            return await self._series.run(self._try)
        raise DeadlineExceeded(scope=self._file.filename, limit_s=limit_s or 0.0, kept=self._kept)

    @property
    def _kept(self) -> int:
        return self._partial.kept if self._persistent else 0

    @property
    def _expected(self) -> int | None:
        return self._series.expected

    async def _try(self) -> bool:
        await self._ticket.acquire()
        self._pace.start(self._partial.received)
        try:
            changed = await self._try_once()
        except (Stalled, Dropped) as error:
            if isinstance(error, Dropped):
                self._around.slots.slow_down(self._ticket.host)
            # The client knows its answer only; people want to know how far the file is.
            raise replace(error, received=self._series.received, expected=self._expected) from error
        finally:
            self._pace.stop()
            self._series.overdue = self._pace.overdue
            self._ticket.release()
        self._around.slots.speed_up(self._ticket.host)
        return changed

    async def _try_once(self) -> bool:
        if self._expected is not None and self._partial.received > self._expected:
            await self._start_over()
        if self._partial.received and self._partial.received == self._expected:
            await self._check()
            return True
        settings = self._around.settings
        first_byte_s = first_byte_timeout_s(self._series.fruitless + 1, settings)
        first_byte_s = max(_SHORTEST_S, min(first_byte_s, self._series.quiet_left_s))
        self._around.emit(TransferWaiting(subject=self._subject, reason="first byte"))
        async with self._around.client.get(
            self._file.url, headers=self._request_headers(), first_byte_s=first_byte_s
        ) as answer:
            if answer.status == _NOT_MODIFIED and self._known is not None:
                return False
            await self._begin(answer)
            await self._receive(answer, first_byte_s)
        await self._check()
        return True

    def _request_headers(self) -> dict[str, str]:
        if self._partial.received:
            return resume_headers(self._partial.received, self._partial.origin)
        return {} if self._known is None else revalidation_headers(self._known)

    async def _begin(self, answer: Answer) -> None:
        """See that what follows is this file, from the byte that comes next; make room where it is not."""
        received = self._partial.received
        match answer.status:
            case 200:
                await self._begin_from_0(answer)
            case 206:
                reason = why_not_the_rest(
                    answer.headers, received=received, expected=self._expected, origin=self._partial.origin
                )
                if reason is not None:
                    await self._start_over()
                    raise BadContent(url=redact(answer.url), reason=reason)
                part = read_content_range(answer.headers)
                if self._expected is None and part is not None:
                    self._series.expected = self._growth.size = part.total
            case 416 if received:
                await self._start_over()
                raise BadContent(url=redact(answer.url), reason="HTTP 416: no such range, starting over")
            case _:
                raise refusal(answer)

    async def _begin_from_0(self, answer: Answer) -> None:
        length = content_length(answer.headers)
        size = self._file.size
        if length is not None and size is not None and length != size:
            is_page = answer.headers.get("Content-Type", "").lower().startswith("text/html")
            what = "a web page (of a login or proxy?)" if is_page else "another file"
            reason = f"{what} of {format_bytes(length)} instead of {format_bytes(size)}"
            raise BadContent(url=redact(answer.url), reason=reason)
        origin = origin_of(answer.headers, self._partial.url_digest, length)
        if self._partial.received and not origin.is_same_content(self._partial.origin):
            self._growth.generation += 1
        await self._partial.start_over(origin)
        self._series.advance(0)
        self._series.expected = length if size is None else size
        self._tell()

    async def _receive(self, answer: Answer, first_byte_s: float) -> None:
        start = received = self._partial.received
        before = self._meter.transferred
        resumable = answer.status == _PARTIAL_CONTENT or answer.headers.get("Accept-Ranges") == "bytes"

        def idle_s(body: int) -> float:
            if body == 0:
                return first_byte_s  # some proxies send headers at once and hold the body back
            limit_s = idle_timeout_s(start + body, self._expected, self._around.settings)
            return max(_SHORTEST_S, min(limit_s, self._series.quiet_left_s))

        try:
            async with (
                writing(self._partial, self._tell) as writer,
                aclosing(answer.chunks(idle_s)) as chunks,
            ):
                async for chunk in chunks:
                    received += len(chunk)
                    self._meter.transferred = before + answer.body_bytes
                    self._refuse_excess(received, answer)
                    await writer.put(chunk)
                    self._series.advance(received)
                    self._meter.advance(received, self._expected)
                    self._judge(received, resumable=resumable)
        except BadContent:
            await self._start_over()
            raise
        if self._expected is not None and received < self._expected:
            raise Dropped(
                url=redact(answer.url),
                reason="body ended early",
                received=received,
                expected=self._expected,
            )

    def _refuse_excess(self, received: int, answer: Answer) -> None:
        if self._expected is not None and received > self._expected:
            raise BadContent(url=redact(answer.url), reason="more bytes than announced")

    def _judge(self, received: int, *, resumable: bool) -> None:
        verdict = self._pace.judge(received, self._expected, resumable=resumable and self._partial.kept > 0)
        if verdict is not None:
            rate, reason = verdict
            raise TooSlow(
                url=self._subject.url,
                rate=rate,
                reason=reason,
                received=received,
                expected=self._expected,
            )

    async def _check(self) -> None:
        """See that the complete file is the right one; throw it away where it is not."""
        error: SourceError | None = None
        mismatch = self._partial.digests.mismatch(self._file.hashes)
        if mismatch is not None:
            algorithm, expected, actual = mismatch
            error = HashMismatch(url=self._subject.url, algorithm=algorithm, expected=expected, actual=actual)
        elif not self._file.hashes and self._file.is_wheel and not await self._is_zip():
            error = BadContent(url=self._subject.url, reason="not a wheel: no zip archive")
        if error is not None:
            await self._start_over()
            self._series.forget()
            raise error
        self._series.expected = self._partial.received
        self._meter.received = self._partial.received

    async def _is_zip(self) -> bool:
        return await to_thread.run_sync(_is_zip, self._partial.path)

    async def _start_over(self) -> None:
        self._growth.generation += 1
        await self._partial.start_over()
        self._series.received = 0
        self._tell()

    def _tell(self) -> None:
        """Let those who read along know how far it is."""
        self._growth.path = self._partial.path
        self._growth.available = self._partial.received
        self._growth.size = self._expected
        self._growth.tell()


def _is_zip(path: Path) -> bool:
    try:
        with ZipFile(path) as archive:
            return bool(archive.namelist())
    except (BadZipFile, OSError):
        return False
