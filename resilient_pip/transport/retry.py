"""The tries of one request: tenacity loops, `policy` decides, the events tell."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from resilient_pip.errors import Attempt, AttemptsExhausted, SourceError, Unreachable
from resilient_pip.events import Emit, RetryScheduled, Subject
from resilient_pip.policy.backoff import backoff
from resilient_pip.policy.progress import is_progress
from resilient_pip.policy.transient import Decision, Verdict, decide
from resilient_pip.settings import Settings
from resilient_pip.transport.hosts import Hosts

T = TypeVar("T")


class Series:
    """Counts the tries of one request that brought nothing, and ends when they are too many.

    Made inside the event loop, when the first try begins.
    """

    def __init__(
        self,
        *,
        subject: Subject,
        tries: int,
        quiet_limit_s: float,
        settings: Settings,
        emit: Emit,
        hosts: Hosts,
        kept: Callable[[], int],
    ) -> None:
        self._subject = subject
        self._tries = tries
        self._quiet_limit_s = quiet_limit_s
        self._settings = settings
        self._emit = emit
        self._hosts = hosts
        self._kept = kept
        self._failed: list[Attempt] = []
        self._decision = Decision(verdict=Verdict.GIVE_UP)
        self._best = 0
        self._mark = 0  # where progress was last counted from
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

    def starts_from(self, received: int, expected: int | None) -> None:
        """Note what is there before the first try."""
        self.received = self._best = self._mark = received
        self.expected = expected

    def advance(self, received: int) -> None:
        """Note that bytes came, and how many are there; progress is what exceeds the most there were."""
        self.received = received
        self._best = max(self._best, received)
        self._quiet_since = anyio.current_time()

    def forget(self) -> None:
        """Note that what came was thrown away: from here on every byte is a new one."""
        self.received = self._best = self._mark = 0

    async def run(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Try until `operation` returns.

        Raises:
            AttemptsExhausted: no try succeeded and no further one is worth it.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception(self._may_retry),
            wait=self._wait_s,
            stop=self._is_enough,
            before_sleep=self._announce,
            sleep=anyio.sleep,
            reraise=True,
        )
        try:
            result: T = await retrying(operation)
        except SourceError as error:
            if isinstance(error, Unreachable):
                self._hosts.mark_dead(error)
            raise AttemptsExhausted(
                url=self._subject.url,
                last=error,
                attempts=tuple(self._failed),
                elapsed_s=anyio.current_time() - self._started,
                kept=self._kept(),
                expected=self.expected,
            ) from error
        return result

    def _may_retry(self, error: BaseException) -> bool:
        # tenacity asks about every exception, cancellation and KeyboardInterrupt included.
        if not isinstance(error, SourceError):
            return False
        now = anyio.current_time()
        previous = tuple(self._failed)
        self._failed.append(Attempt(error=error, at_s=now, received=self.received))
        if is_progress(self._mark, self._best, self.expected):
            self._mark = self._best
            self.fruitless = 0
        else:
            self.fruitless += 1
        self._decision = decide(
            error,
            kind=self._subject.kind,
            previous=previous,
            since_start_s=now - self._started,
            settings=self._settings,
        )
        if isinstance(error, Unreachable) and self._hosts.is_dead(error):
            return False
        return self._decision.verdict is Verdict.RETRY

    def _wait_s(self, _state: RetryCallState) -> float:
        # A server that says "now", or whose clock is slow, is no reason to use up all tries at once.
        return max(self._decision.wait_s or 0.0, self._backoff_s())

    def _backoff_s(self) -> float:
        return backoff(
            self.fruitless,
            base_s=self._settings.backoff_base_s,
            cap_s=self._settings.backoff_cap_s,
            jitter=random.random(),  # noqa: S311 - spreads clients, keeps no secret
        )

    def _is_enough(self, state: RetryCallState) -> bool:
        return (
            self.fruitless >= self._tries
            or (self.overdue and self.fruitless > 0)
            or state.upcoming_sleep >= self.quiet_left_s
        )

    def _announce(self, state: RetryCallState) -> None:
        last = self._failed[-1]
        self._emit(
            RetryScheduled(
                subject=self._subject,
                attempt=self.fruitless,
                attempts=self._tries,
                wait_s=state.upcoming_sleep,
                cause=last.cause,
                detail=str(last.error),
                received=self.received,
            )
        )
