"""Who may ask a host, so that a dead one costs the tries of one request and not those of every file."""

from __future__ import annotations

from collections.abc import Hashable

import anyio

from resilient_pip.errors import SourceError
from resilient_pip.events import Kind
from resilient_pip.policy.health import Health
from resilient_pip.urls import host_of

_WELL = Health()


class Host:
    """What the requests of one kind to one host know of each other.

    While several fail and none succeeds, further ones wait. Once one of them has used up its tries, the
    host is down: the others end with their next failure, and of those that wait one is let through as a
    probe, with a single try. If that succeeds, all is well again; if not, the others fail unasked.
    """

    def __init__(self) -> None:
        self._health = _WELL
        self._probe: Hashable | None = None
        self._refuted = 0  # probes that failed
        self._changed = anyio.Event()

    @property
    def takes_more(self) -> bool:
        """Whether a request may begin at once."""
        return self._health.takes_more

    @property
    def is_down(self) -> bool:
        """Whether another try is pointless."""
        return self._health.down is not None

    async def admit(self, request: Hashable) -> SourceError | None:
        """Wait until a request may begin; give why not, where the host turns out to be down meanwhile."""
        refuted = self._refuted
        while not self.takes_more:
            if self.is_down and self._refuted > refuted:
                return self._health.down
            if self.is_down and self._probe is None:
                self._probe = request
                return None
            await self._changed.wait()
        return None

    def brought(self, request: Hashable) -> None:
        """Note that a request got on. A probe has to come to its end: a host may always stop half way."""
        if self._health is not _WELL and request != self._probe:
            self.succeeded()

    def succeeded(self) -> None:
        """Note that a request came to its end, or was answered for good."""
        self._become(_WELL)

    def failed(self, request: Hashable, error: SourceError) -> None:
        """Note that a try brought nothing."""
        self._become(self._health.after_failure(request, error))

    def gave_up(self, request: Hashable, error: SourceError, *, tries: int) -> None:
        """Note that a request ends with an error, after so many tries that brought nothing."""
        if request == self._probe:
            self._refuted += 1
        self._become(self._health.after_giving_up(request, error, tries=tries))

    def leave(self, request: Hashable) -> None:
        """Note that a request is over here, however it went."""
        if request == self._probe:
            self._probe = None
        self._become(self._health.without(request))

    def _become(self, health: Health) -> None:
        self._health = health
        self._changed.set()
        self._changed = anyio.Event()


class Hosts:
    """The hosts of one run. What serves pages may not serve files: each kind of request has its own."""

    def __init__(self) -> None:
        self._hosts: dict[tuple[str, Kind], Host] = {}

    def of(self, url: str, kind: Kind) -> Host:
        """Give the host of a URL."""
        return self._hosts.setdefault((host_of(url), kind), Host())
