"""Files for whoever asks: from the cache, else over the network, each once however many ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import anyio
from anyio import Path as AsyncPath  # by name: anyio imports its parts when they are first touched

from resilient_pip.cache.partial import Partial
from resilient_pip.cache.store import Store
from resilient_pip.errors import AttemptsExhausted, HashMismatch, ResilientPipError
from resilient_pip.events import Emit, Kind, Subject, TransferWaiting
from resilient_pip.model import RemoteFile, Terms
from resilient_pip.policy.deadlines import usual_terms
from resilient_pip.settings import Settings
from resilient_pip.transport.client import Client
from resilient_pip.transport.download import Circumstances, Transfer
from resilient_pip.transport.following import Following
from resilient_pip.transport.growth import Growth
from resilient_pip.transport.local import check_local
from resilient_pip.transport.meter import Meter, transferring
from resilient_pip.transport.places import Find, Places
from resilient_pip.transport.slots import Slots, Ticket
from resilient_pip.units import format_bytes
from resilient_pip.urls import host_of

__all__ = ["Downloads", "Following", "StoredFile"]

_POLL_S = 0.25
_TELL_EVERY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A complete file whose hashes are right."""

    path: Path
    size: int
    sha256: str
    from_cache: bool
    """Whether nothing had to be transferred."""


class _Job:
    """One file that somebody wants. Who wants it first leads; if that one is cancelled, the next does."""

    def __init__(self, file: RemoteFile, terms: Terms, ticket: Ticket) -> None:
        self.file = file
        self.terms = terms
        self.ticket = ticket
        self.subject = Subject(kind=Kind.FILE, project=file.project, name=file.filename, url=file.safe_url)
        self.growth = Growth(file.size)
        self.is_led = False
        self.result: StoredFile | None = None

    @property
    def is_gone(self) -> bool:
        """Whether its file was there and was removed, as its group is installed."""
        return self.result is not None and not self.result.path.exists()

    def succeed(self, result: StoredFile) -> None:
        """Note where the complete file is."""
        self.result = result
        self.growth.path = result.path
        self.growth.size = self.growth.available = result.size
        self.growth.complete = True


class Downloads:
    """Fetches files within the limits of the settings, urgent ones first, else in the order asked for."""

    def __init__(
        self,
        *,
        client: Client,
        store: Store,
        settings: Settings,
        emit: Emit,
        places: Callable[[RemoteFile], Sequence[Find]] = lambda _: (),
        relisted: Callable[[RemoteFile], Find | None] = lambda _: None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._emit = emit
        self._places = places
        self._relisted = relisted
        self._slots = Slots(total=settings.parallel, per_host=settings.parallel_per_host)
        self._around = Circumstances(client=client, slots=self._slots, settings=settings, emit=emit)
        self._jobs: dict[str, _Job] = {}

    async def fetch(
        self, file: RemoteFile, *, terms: Terms | None = None, urgent: bool = False
    ) -> StoredFile:
        """Return the complete, checked file; callers that ask for the same URL share one transfer.

        What has come stays in the cache if this fails or is cancelled.

        Args:
            file: what to fetch.
            terms: how patient to be; counts where this call begins the transfer.
            urgent: a child waits for it.

        Raises:
            AttemptsExhausted: the source did not deliver.
            HashMismatch: what it delivered, twice, is another file.
            DeadlineExceeded: a hard limit is over.
            StorageError: the cache cannot be written to.
        """
        job = self._join(file, terms, urgent=urgent)
        await self._attend(job)
        if job.growth.error is not None:
            raise job.growth.error
        assert job.result is not None  # noqa: S101 - `_attend` returns when either is there
        return job.result

    def received(self, file: RemoteFile) -> int:
        """Say how many bytes of a file a download that is under way or done has brought; 0 from the cache."""
        job = self._jobs.get(file.url)
        if job is None or (job.result is not None and job.result.from_cache):
            return 0
        return job.growth.available

    @asynccontextmanager
    async def follow(self, file: RemoteFile) -> AsyncIterator[Following]:
        """Fetch a file urgently and read it as it grows, until the end of the block."""
        job = self._join(file, None, urgent=True)
        failure: Exception | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._attend, job)
            try:
                yield Following(job.growth, file.safe_url)
            except Exception as error:  # noqa: BLE001 - carried past the task group, which would wrap it
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure

    def _join(self, file: RemoteFile, terms: Terms | None, *, urgent: bool) -> _Job:
        job = self._jobs.get(file.url)
        if job is None or job.is_gone:
            ticket = self._slots.ticket(host_of(file.url), urgent=urgent, size=file.size or 0)
            job = _Job(file, terms or usual_terms(file.size, self._settings), ticket)
            self._jobs[file.url] = job
        elif terms is not None and not job.is_led:
            job.terms = terms  # who begins it again knows better
        job.ticket.urgent = job.ticket.urgent or urgent
        return job

    async def _attend(self, job: _Job) -> None:
        """Lead the job, or wait for whoever leads it and take over if need be."""
        while job.result is None and job.growth.error is None:
            if job.is_led:
                await job.growth.changed()
                continue
            job.is_led = True
            try:
                job.succeed(await self._obtain(job))
            except ResilientPipError as error:
                job.growth.error = error
                del self._jobs[job.file.url]  # who asks again gets new tries
            finally:
                job.is_led = False
                if job.result is None:
                    job.growth.available = 0  # the partial may be gone until somebody opens it again
                job.growth.tell()

    async def _obtain(self, job: _Job) -> StoredFile:
        file = job.file
        if urlsplit(file.url).scheme == "file":
            with transferring(job.subject, self._emit, expected=file.size) as meter:
                path, sha256 = await check_local(file)
                return await _cached(meter, path, sha256)
        found = await self._store.find(file.hashes)
        if found is not None:
            with transferring(job.subject, self._emit, expected=file.size) as meter:
                return await _cached(meter, found, file.hashes["sha256"])
        await job.ticket.acquire()
        try:
            partial = await self._store.open(file)  # None: another run writes it, what is there is not ours
            received = partial.received if partial else 0
            with transferring(job.subject, self._emit, received=received, expected=file.size) as meter:
                return await self._transfer(job, meter, partial or await self._wait_for(job))
        finally:
            job.ticket.release()

    async def _transfer(self, job: _Job, meter: Meter, partial: Partial) -> StoredFile:
        file = job.file
        try:
            found = await self._store.find(file.hashes)
            if found is not None:  # another run has finished it since we looked
                return await _cached(meter, found, file.hashes["sha256"])
            known = None if "sha256" in file.hashes else await self._store.recall(file)
            transfer = Transfer(
                file=file,
                places=Places(file.url, self._places(file), relisted=self._relisted(file)),
                subject=job.subject,
                partial=partial,
                known=known[0] if known else None,
                terms=job.terms,
                ticket=job.ticket,
                meter=meter,
                growth=job.growth,
                around=self._around,
                persistent=self._store.persistent,
            )
            changed = await _run(transfer)
            if known is not None and not changed:
                return await _cached(meter, known[1], known[0].sha256 or "")
            return await self._publish(file, partial)
        finally:
            partial.close()

    async def _wait_for(self, job: _Job) -> Partial:
        """Open the partial that another run writes, once that one is done or does not get on."""
        seen, seen_at, told_at = -1, 0.0, float("-inf")
        while True:
            partial = await self._store.open(job.file)
            if partial is not None:
                return partial
            job.ticket.release()
            now = anyio.current_time()
            size = self._store.size_of_partial(job.file)
            if size != seen:
                seen, seen_at = size, now
            elif now - seen_at >= self._settings.file_silence_s:
                break
            is_moving = size == 0 and told_at > 0  # to its place: it is complete
            if now - told_at >= _TELL_EVERY_S and not is_moving:
                told_at = now
                reason = f"another run downloads it, at {_progress(size, job.file.size)}"
                self._emit(TransferWaiting(subject=job.subject, reason=reason, other_run=True))
            await anyio.sleep(_POLL_S)
        partial = await self._store.open(job.file, private=True)
        assert partial is not None  # noqa: S101 - nobody else knows its name
        return partial

    async def _publish(self, file: RemoteFile, partial: Partial) -> StoredFile:
        path = await self._store.publish(partial)
        if "sha256" not in file.hashes:
            await self._store.remember(partial)
        return StoredFile(path=path, size=partial.received, sha256=partial.digests.sha256, from_cache=False)


def _progress(received: int, expected: int | None) -> str:
    """Say how far a download is, as in "12.3 MB of 60.0 MB (20 %)"."""
    if not expected:
        return format_bytes(received)
    return f"{format_bytes(received)} of {format_bytes(expected)} ({received * 100 // expected} %)"


async def _run(transfer: Transfer) -> bool:
    try:
        return await transfer.run()
    except AttemptsExhausted as error:
        if isinstance(error.last, HashMismatch):
            raise error.last from error
        raise


async def _cached(meter: Meter, path: Path, sha256: str) -> StoredFile:
    size = (await AsyncPath(path).stat()).st_size
    meter.received = size
    meter.from_cache = True
    return StoredFile(path=path, size=size, sha256=sha256.lower(), from_cache=True)
