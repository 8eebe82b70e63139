"""One small thing that is being read: what is asked for, each try, and what is kept for the next run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import TypedDict

import anyio
from anyio import to_thread

from resilient_pip.cache.answers import Answers, KeptAnswer
from resilient_pip.cache.digests import Digests
from resilient_pip.errors import BadContent, HashMismatch, Stalled, TooSlow
from resilient_pip.events import Kind
from resilient_pip.model import redact
from resilient_pip.policy.deadlines import first_byte_timeout_s
from resilient_pip.settings import Settings
from resilient_pip.transport.client import Answer, Client
from resilient_pip.transport.meter import Meter
from resilient_pip.transport.packing import unpack
from resilient_pip.transport.places import Place, Places
from resilient_pip.transport.ranges import content_length
from resilient_pip.transport.retry import Series
from resilient_pip.transport.status import refusal
from resilient_pip.units import format_seconds

OK = 200
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallAnswer:
    """An answer with its whole body."""

    status: int
    url: str
    """Where redirects ended; relative links of a page are relative to this."""
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for, and what is taken for an answer; `SmallReader.read` says more of each."""

    headers: Mapping[str, str]
    status: int
    """That of an answer whose body is read."""
    limit: int
    absent: frozenset[int]
    hashes: Mapping[str, str]
    check: Callable[[SmallAnswer], Awaitable[None]] | None


class _Asker(TypedDict):
    """What beside its URL an answer depends on."""

    accept: str
    authorization: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One small thing that is being read, in as many tries as that takes."""

    wanted: Wanted
    kind: Kind
    places: Places
    series: Series
    meter: Meter
    client: Client
    settings: Settings
    answers: Answers | None

    async def once(self) -> SmallAnswer:
        """Try once, at the place whose turn it is.

        Raises:
            SourceError: there was no answer, or none that is taken.
        """
        wanted, place = self.wanted, self.places.current
        kept = await self._kept(place)
        headers = {**wanted.headers, **kept.conditions} if kept else wanted.headers
        first_byte_s = first_byte_timeout_s(self.series.fruitless + 1, self.settings, kind=self.kind)
        async with self.client.get(
            place.url, headers=headers, first_byte_s=min(first_byte_s, self.series.quiet_left_s), raw=True
        ) as answer:
            packed = b""
            if answer.status == wanted.status or (kept and answer.status == _NOT_MODIFIED):
                packed = await self._body(answer)  # of a 304 to its end, which is its start
            elif place.is_mirror or (answer.status not in wanted.absent and answer.status != OK):
                raise refusal(answer)
        if kept and answer.status == _NOT_MODIFIED:
            whole = await self._unpacked(
                SmallAnswer(status=OK, url=kept.url, headers=kept.headers, body=kept.body)
            )
        else:
            came = SmallAnswer(status=answer.status, url=answer.url, headers=answer.headers, body=packed)
            whole = await self._unpacked(came)
        if place.is_mirror:
            _verify(place, whole.body, wanted.hashes)
        if whole.status in wanted.absent:
            return whole
        if wanted.check is not None:
            await self._check(wanted.check, whole, place)
        if kept is None or answer.status != _NOT_MODIFIED:
            await self._keep(replace(whole, body=packed), place)
        return whole

    async def _unpacked(self, answer: SmallAnswer) -> SmallAnswer:
        """Unpack what may have come packed."""
        if "Accept-Encoding" not in self.wanted.headers or not answer.body:
            return answer
        work = partial(unpack, answer.body, answer.headers, limit=self.wanted.limit, url=answer.url)
        return replace(answer, body=await to_thread.run_sync(work))

    async def _kept(self, place: Place) -> KeptAnswer | None:
        if self.answers is None or place.is_mirror:
            return None
        return await to_thread.run_sync(partial(self.answers.find, place.url, **self._asker(place)))

    async def _keep(self, answer: SmallAnswer, place: Place) -> None:
        if self.answers is None or place.is_mirror or answer.status != OK:
            return
        keep = partial(self.answers.keep, place.url, **self._asker(place))
        headers = {name.lower(): value for name, value in answer.headers.items()}
        await to_thread.run_sync(partial(keep, final_url=answer.url, headers=headers, body=answer.body))

    async def _check(
        self, check: Callable[[SmallAnswer], Awaitable[None]], answer: SmallAnswer, place: Place
    ) -> None:
        try:
            await check(answer)
        except BadContent:
            if self.answers is not None:  # else the next try would be told that nothing has changed
                await to_thread.run_sync(partial(self.answers.forget, place.url, **self._asker(place)))
            raise

    def _asker(self, place: Place) -> _Asker:
        """Say as whom and for what an answer is asked for."""
        accept = self.wanted.headers.get("Accept", "")
        return _Asker(accept=accept, authorization=self.client.authorization(place.url))

    async def _body(self, answer: Answer) -> bytes:
        settings, meter = self.settings, self.meter
        patience_s = settings.page_timeout_s if self.places.has_untried else settings.page_deadline_s
        before = meter.transferred
        parts: list[bytes] = []
        length = 0
        began = latest = anyio.current_time()
        with anyio.move_on_after(min(patience_s, self.series.quiet_left_s)) as scope:
            async with aclosing(answer.chunks(lambda _: settings.stall_timeout_s)) as chunks:
                async for chunk in chunks:
                    parts.append(chunk)
                    latest = anyio.current_time()
                    length += len(chunk)
                    earned_s = len(chunk) / settings.min_speed
                    self.series.earn(earned_s)
                    scope.deadline = min(scope.deadline + earned_s, latest + self.series.quiet_left_s)
                    meter.transferred = before + answer.body_bytes
                    meter.advance(answer.body_bytes, content_length(answer.headers))
                    if length > self.wanted.limit:
                        reason = f"longer than {self.wanted.limit} bytes"
                        raise BadContent(url=redact(answer.url), reason=reason)
            return b"".join(parts)
        now = anyio.current_time()
        if now - latest > (now - began) / 2:
            raise Stalled(
                url=redact(answer.url),
                silent_s=now - latest,
                received=answer.body_bytes,
                expected=content_length(answer.headers),
            )
        raise TooSlow(
            url=redact(answer.url),
            rate=length / (now - began),
            reason=f"not complete after {format_seconds(now - began)}",
            received=answer.body_bytes,
            expected=content_length(answer.headers),
        )


def _verify(place: Place, body: bytes, hashes: Mapping[str, str]) -> None:
    digests = Digests(hashes)
    digests.update(body)
    mismatch = digests.mismatch(hashes)
    if mismatch is not None:
        algorithm, expected, actual = mismatch
        raise HashMismatch(url=redact(place.url), algorithm=algorithm, expected=expected, actual=actual)
