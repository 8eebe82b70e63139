"""The tries of one request, at one place or several: tenacity loops, `policy` decides, the events tell."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import anyio
from tenacity import AsyncRetrying, RetryCallState
from tenacity.asyncio import retry_if_exception

from resilient_pip.errors import (
    Attempt,
    AttemptsExhausted,
    BadContent,
    HashMismatch,
    Refused,
    SourceError,
)
from resilient_pip.events import Emit, RetryScheduled, Subject, TransferWaiting
from resilient_pip.policy.backoff import backoff
from resilient_pip.policy.progress import is_progress
from resilient_pip.policy.transient import Verdict, decide
from resilient_pip.settings import Settings
from resilient_pip.transport.hosts import Hosts
from resilient_pip.transport.places import Places

T = TypeVar("T")

_TELLING = 0.1
"""Part of the time for all tries that one must have had, for its end to say more than the one before."""


class Series:
    """Counts the tries of one request that brought nothing, and ends when they are too many.

    Made inside the event loop, when the first try begins.
    """

    def __init__(
        self,
        *,
        subject: Subject,
        places: Places,
        tries: int,
        quiet_limit_s: float,
        settings: Settings,
        emit: Emit,
        hosts: Hosts,
        kept: Callable[[], int],
    ) -> None:
        self._subject = subject
        self._places = places
        self._tries = tries
        self._quiet_limit_s = quiet_limit_s
        self._settings = settings
        self._emit = emit
        self._hosts = hosts
        self._host = hosts.of(places.current.url, subject.kind)
        self._kept = kept
        self._failed: list[Attempt] = []
        self._best = 0
        self._mark = 0  # where progress was last counted from
        self._had_s = quiet_limit_s  # what was left of it when the latest try began
        self._started = self._quiet_since = anyio.current_time()
        self.fruitless = 0
        """Failed tries since the last progress."""
        self.received = 0
        self.expected: int | None = None
        self.overdue = False
        """Whether the next try without progress is the last."""

    @property
    def quiet_left_s(self) -> float:
        """Seconds until this has been without a byte for too long."""
        return max(0.0, self._quiet_since + self._quiet_limit_s - anyio.current_time())

    @property
    def has_failed(self) -> bool:
        """Whether a try failed."""
        return bool(self._failed)

    @property
    def may_begin(self) -> bool:
        """Whether nothing keeps the first try from its host."""
        return self._host.takes_more

    def starts_from(self, received: int, expected: int | None) -> None:
        """Note what is there before the first try."""
        self.received = self._best = self._mark = received
        self.expected = expected

    def advance(self, received: int) -> None:
        """Note that bytes came, and how many are there; progress is what exceeds the most there were."""
        if received > self._best:
            self._host.brought(self)
        self.received = received
        self._best = max(self._best, received)
        self._quiet_since = anyio.current_time()

    def earn(self, seconds: float) -> None:
        """Have so much more time: what comes fast enough is no silence, though none of it can be kept."""
        self._quiet_since = min(anyio.current_time(), self._quiet_since + seconds)

    def forget(self) -> None:
        """Note that what came was thrown away: from here on every byte is a new one."""
        self.received = self._best = self._mark = 0

    async def run(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Try until `operation` returns; where others find out whether the host is dead, wait for them first.

        Raises:
            AttemptsExhausted: no try succeeded and no further one is worth it.
        """
        try:
            down = await self._admitted()
            if down is not None:
                raise self._exhausted(replace(down, url=self._subject.url)) from down
            return await self._run(operation)
        finally:
            self._host.leave(self)

    async def _admitted(self) -> SourceError | None:
        """Wait until the first try may begin, at a mirror where that is sooner; give why not, if nowhere."""
        if not self.may_begin:
            await self._move_on(leave=False)
        if not self.may_begin:
            self._emit(TransferWaiting(subject=self._subject, reason="other requests to its host fail"))
        while (down := await self._host.admit(self)) is not None:
            if not await self._move_on(leave=True):
                break
        self._started = self._quiet_since = anyio.current_time()
        return down

    async def _run(self, operation: Callable[[], Awaitable[T]]) -> T:
        retrying = AsyncRetrying(
            retry=retry_if_exception(self._may_retry),
            wait=self._wait_s,
            stop=lambda state: state.upcoming_sleep >= self.quiet_left_s,
            before_sleep=self._announce,
            sleep=anyio.sleep,
            reraise=True,
        )

        async def once() -> T:
            self._had_s = self.quiet_left_s
            return await operation()

        try:
            result: T = await retrying(once)
        except SourceError as error:
            if not self.overdue:
                self._host.gave_up(self, error, tries=self._fruitless_here)
            raise self._exhausted(self._last(error)) from error
        self._host.succeeded()
        return result

    def _exhausted(self, last: SourceError) -> AttemptsExhausted:
        return AttemptsExhausted(
            url=self._subject.url,
            last=last,
            attempts=tuple(self._failed),
            elapsed_s=anyio.current_time() - self._started,
            kept=self._kept(),
            expected=self.expected,
        )

    @property
    def _fruitless_here(self) -> int:
        """How many of the tries since the last progress went to the current place."""
        since = self._failed[len(self._failed) - self.fruitless :]
        return sum(attempt.mirror == self._places.current.mirror for attempt in since)

    def _last(self, error: SourceError) -> SourceError:
        """Give what failed last at the file's own place: a mirror's failure is not what has to be mended.

        A try that began when the time was as good as over is passed by: that it had no answer says nothing.
        """
        own = [attempt.error for attempt in self._failed if attempt.mirror is None]
        is_telling = self._had_s >= _TELLING * self._quiet_limit_s
        return own[-1 if is_telling or len(own) == 1 else -2] if own else error

    async def _may_retry(self, error: BaseException) -> bool:
        # tenacity asks about every exception, cancellation and KeyboardInterrupt included.
        if not isinstance(error, SourceError):
            return False
        now = anyio.current_time()
        place = self._places.current
        previous = [attempt for attempt in self._failed if attempt.mirror == place.mirror]
        self._failed.append(Attempt(error=error, at_s=now, received=self.received, mirror=place.mirror))
        if is_progress(self._mark, self._best, self.expected):
            self._mark = self._best
            self.fruitless = 0
        else:
            self.fruitless += 1
        decision = decide(
            error,
            kind=self._subject.kind,
            previous=previous,
            since_start_s=now - self._started,
            settings=self._settings,
        )
        place.not_before = now + (decision.wait_s or 0.0)
        self._tell_host(error)
        is_useless = place.is_mirror and isinstance(error, (Refused, BadContent, HashMismatch))
        return await self._move_on(
            leave=decision.verdict is Verdict.GIVE_UP or self._host.is_down or is_useless,
            enough=self.fruitless >= self._tries or (self.overdue and self.fruitless > 0),
            afresh=isinstance(error, HashMismatch),
            refused=isinstance(error, Refused),
        )

    async def _move_on(
        self, *, leave: bool, enough: bool = False, afresh: bool = False, refused: bool = False
    ) -> bool:
        """Let the next place have its turn; False where none is left."""
        place = self._places.current
        goes_on = await self._places.turn(leave=leave, enough=enough, afresh=afresh, refused=refused)
        if self._places.current is not place:
            self._host.leave(self)
            self._host = self._hosts.of(self._places.current.url, self._subject.kind)
        return goes_on

    def _tell_host(self, error: SourceError) -> None:
        if isinstance(error, Refused):
            self._host.succeeded()  # it answers
        elif self.fruitless:
            self._host.failed(self, error)

    def _wait_s(self, _state: RetryCallState) -> float:
        place = self._places.current
        if not place.is_tried:
            return 0.0
        # A server that says "now", or whose clock is slow, is no reason to use up all tries at once.
        return max(place.not_before - anyio.current_time(), self._backoff_s())

    def _backoff_s(self) -> float:
        return backoff(
            self.fruitless,
            base_s=self._settings.backoff_base_s,
            cap_s=self._settings.backoff_cap_s,
            jitter=random.random(),  # noqa: S311 - spreads clients, keeps no secret
        )

    def _announce(self, state: RetryCallState) -> None:
        last = self._failed[-1]
        _let_go(last.error)
        self._emit(
            RetryScheduled(
                subject=self._subject,
                attempt=self.fruitless,
                attempts=self._tries,
                wait_s=state.upcoming_sleep,
                cause=last.cause,
                detail=str(last.error),
                received=self.received,
                mirror=last.mirror,
            )
        )


def _let_go(error: BaseException | None) -> None:
    """Drop the frames that an error came through: they hold the body of its answer, up to 64 MiB per try."""
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
