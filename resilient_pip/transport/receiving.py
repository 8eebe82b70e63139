"""What one answer brings, into the partial: begun at the right byte, counted, checked in the end."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from shutil import disk_usage
from zipfile import BadZipFile, ZipFile

from anyio import to_thread

from resilient_pip.cache.origin import Origin, digest_url
from resilient_pip.cache.partial import Partial
from resilient_pip.disk.storing import storing
from resilient_pip.errors import BadContent, Dropped, Endless, HashMismatch, SourceError, TooSlow
from resilient_pip.index.content_range import read_content_range
from resilient_pip.model import RemoteFile, redact
from resilient_pip.policy.deadlines import idle_timeout_s
from resilient_pip.settings import Settings
from resilient_pip.transport.client import Answer, Client
from resilient_pip.transport.growth import Growth
from resilient_pip.transport.meter import Meter
from resilient_pip.transport.pace import Pace
from resilient_pip.transport.parts import Whole
from resilient_pip.transport.places import Place, Places
from resilient_pip.transport.ranges import content_length, origin_of, resume_headers, why_not_the_rest
from resilient_pip.transport.retry import Series
from resilient_pip.transport.segments import segmented
from resilient_pip.transport.slots import Slots, Ticket
from resilient_pip.transport.status import refusal
from resilient_pip.transport.writer import writing
from resilient_pip.units import format_bytes
from resilient_pip.urls import host_of

SHORTEST_S = 0.001
"""A time-out of 0 would end before it looked."""
_PARTIAL_CONTENT = 206


class Reception:
    """The bytes of one file as they arrive, whoever sends them."""

    def __init__(
        self,
        *,
        file: RemoteFile,
        partial: Partial,
        places: Places,
        series: Series,
        pace: Pace,
        meter: Meter,
        growth: Growth,
        client: Client,
        slots: Slots,
        ticket: Ticket,
        settings: Settings,
    ) -> None:
        self._file = file
        self._partial = partial
        self._places = places
        self._series = series
        self._pace = pace
        self._meter = meter
        self._growth = growth
        self._client = client
        self._slots = slots
        self._ticket = ticket
        self._settings = settings
        self._givers: dict[Place, None] = {}
        """The mirrors that gave bytes of what is there, in their order."""

    def resume_headers(self) -> dict[str, str]:
        """Ask for the rest. Only the place whose validators are noted can be asked whether it is the same."""
        return resume_headers(self._partial.received, self._origin)

    @property
    def _origin(self) -> Origin:
        """What is known of the bytes that are there from the place whose turn it is."""
        origin, url_digest = self._partial.origin, digest_url(self._places.current.url)
        return origin if origin.url_digest == url_digest else Origin(url_digest=url_digest)

    async def begin(self, answer: Answer) -> None:
        """See that what follows is this file, from the byte that comes next; make room where it is not.

        Raises:
            SourceError: it is not.
            StorageError: the disk refused.
        """
        received = self._partial.received
        expected = self._series.expected
        match answer.status:
            case 200:
                await self._begin_from_0(answer)
            case 206:
                reason = why_not_the_rest(
                    answer.headers, received=received, expected=expected, origin=self._origin
                )
                if reason is not None:
                    await self._give_up_on_the_rest(answer, reason)
                part = read_content_range(answer.headers)
                if expected is None and part is not None:
                    self._series.expected = self._growth.size = part.total
            case 416 if received:
                await self._give_up_on_the_rest(answer, "HTTP 416: no such range, starting over")
            case _:
                raise refusal(answer)
        if self._places.current.is_mirror:
            self._givers[self._places.current] = None
            if self._growth.certain is None:
                self._growth.certain = self._partial.received

    async def _give_up_on_the_rest(self, answer: Answer, reason: str) -> None:
        """Raise BadContent; what is there may be at fault too, unless a mirror says so."""
        if not self._places.current.is_mirror:
            await self.start_over()
        raise BadContent(url=redact(answer.url), reason=reason)

    async def _begin_from_0(self, answer: Answer) -> None:
        length = content_length(answer.headers)
        size = self._file.size
        if length is not None and size is not None and length != size:
            is_page = answer.headers.get("Content-Type", "").lower().startswith("text/html")
            what = "a web page (of a login or proxy?)" if is_page else "another file"
            reason = f"{what} of {format_bytes(length)} instead of {format_bytes(size)}"
            raise BadContent(url=redact(answer.url), reason=reason)
        origin = origin_of(answer.headers, digest_url(self._places.current.url), length)
        if self._partial.received and not origin.is_same_content(self._origin):
            self._growth.generation += 1
        self._forget_givers()
        await self._partial.start_over(origin)
        self._series.advance(0)
        self._series.expected = length if size is None else size
        self.tell()

    async def receive(self, answer: Answer, first_byte_s: float) -> None:
        """Append the body.

        Raises:
            SourceError: it does not come to its end.
            StorageError: the disk refused.
        """
        start = received = self._partial.received
        before, segments_before = self._meter.transferred, self._meter.segments
        resumable = answer.status == _PARTIAL_CONTENT or answer.headers.get("Accept-Ranges") == "bytes"
        longest = await self._longest()

        def idle_s(at: int) -> float:
            if at == start:
                return first_byte_s  # some proxies send headers at once and hold the body back
            limit_s = idle_timeout_s(at, self._series.expected, self._settings)
            return max(SHORTEST_S, min(limit_s, self._series.quiet_left_s))

        try:
            async with (
                writing(self._partial, self.tell) as writer,
                segmented(
                    whole=self._whole() if resumable else None,
                    received=start,
                    client=self._client,
                    slots=self._slots,
                    ticket=self._ticket,
                    idle_s=idle_s,
                    heard=lambda: self._series.advance(received),
                ) as segments,
                aclosing(segments.chunks(answer, answer.chunks(lambda body: idle_s(start + body)))) as chunks,
            ):
                async for chunk in chunks:
                    received += len(chunk)
                    self._meter.transferred = before + answer.body_bytes + segments.parts.body_bytes
                    self._meter.segments = segments_before + segments.parts.requested
                    self._refuse_excess(received, longest, answer)
                    await writer.put(chunk)
                    self._series.advance(received)
                    self._meter.advance(received, self._series.expected)
                    await self._judge(received, resumable=resumable)
        except (BadContent, Endless):
            await self.start_over()
            raise
        if self._series.expected is not None and received < self._series.expected:
            raise Dropped(
                url=redact(answer.url),
                reason="body ended early",
                received=received,
                expected=self._series.expected,
            )

    def _whole(self) -> Whole | None:
        """Say what other connections may bring segments of; None: nothing, as that is not sure to do good."""
        url, expected, origin = self._places.current.url, self._series.expected, self._origin
        host = host_of(url)
        is_sure = "sha256" in self._file.hashes or origin.if_range is not None
        is_plain = not (self._series.has_failed or self._places.current.is_mirror or self._givers)
        if expected is None or not (is_sure and is_plain):
            return None
        return Whole(url=url, host=host, origin=origin, size=expected)

    async def _longest(self) -> int:
        """Return how many bytes the file may have; where nobody tells, what leaves room for others."""
        if self._series.expected is not None:
            return self._series.expected
        with storing(self._partial.path):
            usage = await to_thread.run_sync(disk_usage, self._partial.path.parent)
        return min(self._settings.max_untold_size, (self._partial.received + usage.free) // 2)

    def _refuse_excess(self, received: int, longest: int, answer: Answer) -> None:
        if received <= longest:
            return
        if self._series.expected is None:
            raise Endless(url=redact(answer.url), received=received)
        raise BadContent(url=redact(answer.url), reason="more bytes than announced")

    async def _judge(self, received: int, *, resumable: bool) -> None:
        expected = self._series.expected
        verdict = await self._pace.judge(received, expected, resumable=resumable and self._partial.kept > 0)
        if verdict is not None:
            rate, reason = verdict
            raise TooSlow(
                url=self._file.safe_url, rate=rate, reason=reason, received=received, expected=expected
            )

    async def check(self) -> None:
        """See that the complete file is the right one; throw it away where it is not.

        Raises:
            HashMismatch, BadContent: it is not; a mirror that gave bytes of it is left.
        """
        error: SourceError | None = None
        mismatch = self._partial.digests.mismatch(self._file.hashes)
        if mismatch is not None:
            algorithm, expected, actual = mismatch
            error = HashMismatch(
                url=self._file.safe_url, algorithm=algorithm, expected=expected, actual=actual
            )
        elif not self._file.hashes and self._file.is_wheel and not await self._is_zip():
            error = BadContent(url=self._file.safe_url, reason="not a wheel: no zip archive")
        if error is not None:
            self._places.blame(self._givers)
            await self.start_over()
            self._series.forget()
            raise error
        self._series.expected = self._partial.received
        self._meter.received = self._partial.received

    async def _is_zip(self) -> bool:
        return await to_thread.run_sync(_is_zip, self._partial.path)

    async def start_over(self) -> None:
        """Throw away what is there."""
        self._growth.generation += 1
        self._forget_givers()
        await self._partial.start_over()
        self._series.received = 0
        self.tell()

    def _forget_givers(self) -> None:
        self._givers = {}
        self._growth.certain = None

    def tell(self) -> None:
        """Let those who read along know how far it is."""
        self._growth.path = self._partial.path
        self._growth.available = self._partial.received
        self._growth.size = self._series.expected
        self._growth.tell()


def _is_zip(path: Path) -> bool:
    try:
        with ZipFile(path) as archive:
            return bool(archive.namelist())
    except (BadZipFile, OSError):
        return False
