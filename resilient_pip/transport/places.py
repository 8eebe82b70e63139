"""Where one file can be had: at its own URL first, then at mirrors; and who is asked next.

A signed URL does not last: once one is refused, the index may list the file under another by now.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import anyio

from resilient_pip.model import SafeUrl, redact
from resilient_pip.policy.deadlines import SLOWEST_USEFUL

Find: TypeAlias = Callable[[], Awaitable["str | None"]]
"""Finds the URL of the file at another place, a mirror for example; None: it does not have it."""

GRACE_S = 3.0
"""How long a transfer that may go on elsewhere waits to hear whether a mirror has its file."""


@dataclass(slots=True, kw_only=True, eq=False)
class Place:
    """One URL under which a file can be had, and how it went there."""

    url: str
    """Empty as long as it was not found."""
    find: Find | None = None
    """None: this is the file's own URL."""
    is_late: bool = False
    """Whether it was asked for the URL and took too long."""
    is_tried: bool = False
    is_left: bool = False
    """Whether it is not to be asked again."""
    not_before: float = -math.inf
    """Monotonic time before which it wants no further request."""
    rate: float | None = None
    """Bytes a second at which it was left because another place may be faster."""

    @property
    def is_mirror(self) -> bool:
        """Whether this is another URL than the file's own."""
        return self.find is not None

    @property
    def mirror(self) -> SafeUrl | None:
        """The URL for messages; None: the file's own."""
        return redact(self.url) if self.is_mirror else None


class Places:
    """The places of one file, and the one whose turn it is."""

    def __init__(
        self,
        url: str,
        others: Iterable[Find] = (),
        *,
        relisted: Find | None = None,
        grace_s: float = GRACE_S,
    ) -> None:
        self._ring = [Place(url=url), *(Place(url="", find=find) for find in others)]
        self._relisted = relisted
        self._grace_s = grace_s
        self.current = self._ring[0]

    async def turn(self, *, leave: bool, enough: bool, afresh: bool, refused: bool = False) -> bool:
        """Choose who is asked after a failed try.

        Args:
            leave: the current place is not to be asked again.
            enough: no more tries, but of places that had none; these may take their time to be found.
            afresh: start from the file's own URL, not from the current place.
            refused: the current place does not give the file away; where it is listed by now is asked next.

        Returns:
            False where nobody is left.
        """
        failed = self.current
        failed.is_tried = True
        failed.is_left = failed.is_left or leave
        after = 0 if afresh else self._ring.index(self.current) + 1
        listed = {None, self._relisted}
        renewed = None
        if refused and not enough and self._relisted is not None and failed.find in listed:
            renewed = Place(url="", find=self._relisted)
            self._ring.insert(after, renewed)
        order = self._ring[after:] + self._ring[:after]
        grace_s = math.inf if all(place.find in listed for place in order) else self._grace_s
        chosen = None if enough else await self._first(order, grace_s)
        if chosen is None:
            chosen = await self._first([place for place in order if not place.is_tried], math.inf)
        if renewed is not None and renewed.is_left:
            self._relisted = None  # it is listed where it was
        elif renewed is not None and renewed.url:
            failed.is_left = True
        if chosen is not None:
            self.current = chosen
        return chosen is not None

    @property
    def has_untried(self) -> bool:
        """Whether there is a mirror that may still help: no reason to give the current place all the time."""
        return any(
            place.is_mirror
            and not (place is self.current or place.is_tried or place.is_left or place.is_late)
            for place in self._ring
        )

    async def may_be_faster(self, rate: float) -> bool:
        """Say whether to leave the current place, as it gives so few bytes a second, for another.

        Each place is left for this reason once at most.
        """
        if rate >= SLOWEST_USEFUL or self.current.rate is not None or len(self._ring) == 1:
            return False
        if not any(place.rate is not None and place.rate > rate for place in self._ring):
            untried = [place for place in self._ring if place is not self.current and not place.is_tried]
            if await self._first(untried, self._grace_s) is None:
                return False
        self.current.rate = rate
        return True

    def blame(self, givers: Iterable[Place]) -> None:
        """Leave the mirrors whose bytes are in a wrong file; the last of them counts as what failed."""
        for place in givers:
            place.is_left = True
            self.current = place

    async def _first(self, order: Sequence[Place], patience_s: float) -> Place | None:
        """Find the first place that has the file and may be asked now, else the one that may be soonest."""
        best: Place | None = None
        for place in order:
            if not await self._has_it(place, patience_s):
                continue
            if best is None or place.not_before < best.not_before:
                best = place
            if best.not_before <= anyio.current_time():
                break
        return best

    async def _has_it(self, place: Place, patience_s: float) -> bool:
        if place.find is not None and not (place.url or place.is_left):
            if place.is_late and patience_s < math.inf:
                return False  # what waits for it has waited once
            place.is_late = True
            with anyio.move_on_after(patience_s):
                found = await place.find() or ""
                place.url = "" if any(found == other.url for other in self._ring) else found
                place.is_left = not place.url
        return bool(place.url) and not place.is_left
