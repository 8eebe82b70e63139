"""Whether a host serves anybody: judged by all requests to it together, so that a dead one fails once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace

from resilient_pip.errors import Dropped, ServerBusy, SourceError, Stalled, TooSlow, Unreachable

_ENOUGH = 4
"""So many requests that fail side by side find out as much as any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the requests to one host fare."""

    failing: Mapping[Hashable, int] = field(default_factory=dict)
    """Requests that go on trying, with their tries that failed since any request brought something."""
    down: SourceError | None = None
    """Why the host is taken for dead."""

    @property
    def takes_more(self) -> bool:
        """Whether further requests may begin; else they wait for what becomes of those that try."""
        return self.down is None and len(self.failing) < _ENOUGH

    def after_failure(self, request: Hashable, error: SourceError) -> Health:
        """A try brought nothing. What the host refuses, it has answered."""
        if not _is_of_host(error):
            return self
        return replace(self, failing={**self.failing, request: self.failing.get(request, 0) + 1})

    def after_giving_up(self, request: Hashable, error: SourceError, *, tries: int) -> Health:
        """A request ends after so many tries that brought nothing.

        The host is down where no other request brought anything since the first of them.
        """
        is_down = _is_of_host(error) and self.failing.get(request, 0) >= max(1, tries)
        return replace(self, down=error) if is_down else self

    def without(self, request: Hashable) -> Health:
        """A request ended, or goes on at another host."""
        return replace(
            self, failing={other: count for other, count in self.failing.items() if other != request}
        )


def _is_of_host(error: SourceError) -> bool:
    """Whether a failure speaks against the host and not against what was asked for."""
    return isinstance(error, (Unreachable, Stalled, TooSlow, Dropped, ServerBusy))
