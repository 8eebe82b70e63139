"""Requirements and constraints files behind URLs: the run's own transfers, one level of nesting at a time."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import replace

import anyio

from resilient_pip.errors import AttemptsExhausted, BadContent, ResilientPipError, SourceError, UsageError
from resilient_pip.events import Emit, Kind, Subject
from resilient_pip.failing import RunFailed
from resilient_pip.job import Job
from resilient_pip.model import Failure, Phase, ProjectName, UnreadFile, redact
from resilient_pip.settings import MIB
from resilient_pip.transport.access import make_client
from resilient_pip.transport.small import SmallReader
from resilient_pip.transport.small_reading import SmallAnswer

_LONGEST = 8 * MIB
_DEEPEST = 20
"""Levels of files that name one another; a server may make up a new name for ever."""
_CHARSET = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)


async def read_remote_files(job: Job, emit: Emit) -> Job:
    """Fetch what the command line and its files name by URL, and read it all as one command line.

    Proxies, certificates and credentials are those that the rest of the run uses; what only a fetched file
    says of them counts from the next level on.

    Raises:
        RunFailed: a file cannot be had.
        UsageError: what a file says is wrong, or files name each other for ever.
    """
    for _ in range(_DEEPEST):
        if not job.install.unread:
            return job
        fetched = {**job.fetched, **await _fetch(job, job.install.unread, emit)}
        # Not in a thread: pip's parser, and what keeps it quiet, change what belongs to the whole process.
        job = replace(job, install=job.reread(fetched, None), fetched=fetched)
    [first, *_] = job.install.unread
    message = f"{redact(first.url)}: the {_DEEPEST + 1}st of files that name one another"
    raise UsageError(message=message, source=first.source)


async def _fetch(job: Job, files: Iterable[UnreadFile], emit: Emit) -> dict[str, str]:
    install = job.install
    texts: dict[str, str] = {}
    failed: list[RunFailed] = []

    async def fetch(file: UnreadFile) -> None:
        try:
            texts[file.url] = await _read(reader, file.url)
        except ResilientPipError as error:
            # The first counts: the others end because of it.
            failed.append(_failure(file, error))
            tasks.cancel_scope.cancel()

    async with make_client(job, [*install.find_links, *install.index_urls], emit) as client:
        client.prepare(file.url for file in files)
        reader = SmallReader(client, job.settings, emit)
        async with anyio.create_task_group() as tasks:
            for file in files:
                tasks.start_soon(fetch, file)
    if failed:
        raise failed[0]
    return texts


async def _read(reader: SmallReader, url: str) -> str:
    safe = redact(url)
    subject = Subject(kind=Kind.PAGE, project=ProjectName(""), name=safe, url=safe)

    async def check(answer: SmallAnswer) -> None:
        _text(answer)

    return _text(await reader.read(url, subject=subject, limit=_LONGEST, absent=frozenset(), check=check))


def _text(answer: SmallAnswer) -> str:
    """Decode a file as its server says, else as UTF-8; pip takes Latin-1 for granted there."""
    charset = _CHARSET.search(answer.headers.get("content-type", ""))
    safe = redact(answer.url)
    try:
        text = answer.body.removeprefix(codecs.BOM_UTF8).decode(charset[1] if charset else "utf-8")
    except (LookupError, UnicodeDecodeError) as error:
        raise BadContent(url=safe, reason=f"no text: {error}") from error
    if text.lstrip().startswith("<"):  # which no line of a requirements file does
        raise BadContent(url=safe, reason="a web page (of a login or proxy?) instead of a requirements file")
    return text


def _failure(file: UnreadFile, error: ResilientPipError) -> RunFailed:
    failing = error.last if isinstance(error, AttemptsExhausted) else error
    url = failing.url if isinstance(failing, SourceError) else redact(file.url)
    return RunFailed(error, Failure(phase=Phase.PREPARE, url=url, source=file.source))
