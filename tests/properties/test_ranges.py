"""Ranges and resume: whatever happens on the way, what comes out is the content and nothing else."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import anyio
from hypothesis import example, given, settings
from hypothesis import strategies as st

from resilient_pip.cache.partial import Partial
from resilient_pip.cache.store import Store
from resilient_pip.index.byte_ranges import Unsatisfiable, read_range
from resilient_pip.index.content_range import ContentRange, read_content_range
from resilient_pip.index.wheel_metadata import Missing, SparseBytes
from resilient_pip.model import RemoteFile, project_name
from resilient_pip.transport.ranges import content_length, origin_of, resume_headers, why_not_the_rest

T = TypeVar("T")
SIZES = st.integers(0, 50)
OFFSETS = st.none() | st.integers(0, 60)


@given(SIZES, OFFSETS, OFFSETS)
def test_a_range_is_the_slice_that_it_names(size: int, first: int | None, last: int | None) -> None:
    """As RFC 9110 says it (14.1.2): from, from to, or the last ones."""
    everything = range(size)
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    if first is None:
        wanted = everything[max(0, size - last) :] if last is not None else None
    elif last is not None and last < first:
        wanted = None  # no range: the header does not count
    else:
        wanted = everything[first : None if last is None else last + 1]
    try:
        part = read_range(header, size)
    except Unsatisfiable:
        assert not wanted
        assert wanted is not None
    else:
        assert (part and everything[slice(*part)]) == wanted
        assert part is None or part[0] < part[1]


@given(st.none() | st.text(max_size=30) | st.from_regex(r"bytes=[0-9]*-[0-9]*(,.*)?", fullmatch=True), SIZES)
@example("bytes=" + "9" * 5000 + "-", 5)
@example("bytes=²-", 5)
def test_any_range_header_is_served(header: str | None, size: int) -> None:
    """A part that is there, all of it, or "not satisfiable"."""
    try:
        part = read_range(header, size)
    except Unsatisfiable:
        return
    assert part is None or 0 <= part[0] < part[1] <= size


@given(st.integers(0, 10**17), st.integers(1, 10**17), st.none() | st.integers(0, 10**17))
def test_a_content_range_is_read_as_it_was_written(start: int, length: int, total: int | None) -> None:
    """In full, or without a length."""
    header = f"bytes {start}-{start + length - 1}/{'*' if total is None else total}"
    assert read_content_range({"Content-Range": header}) == ContentRange(start=start, total=total)


@given(st.text(max_size=30) | st.from_regex(r"bytes [0-9²]+-[0-9]+/[0-9*]+", fullmatch=True))
def test_any_content_range_is_read_or_ignored(header: str) -> None:
    """Nonsense is no Content-Range."""
    found = read_content_range({"Content-Range": header})
    assert found is None or found.start >= 0


@given(
    st.binary(max_size=40), st.lists(st.tuples(st.integers(0, 45), st.integers(0, 20)), max_size=8), st.data()
)
def test_parts_of_a_file_are_the_file(
    content: bytes, parts: list[tuple[int, int]], data: st.DataObject
) -> None:
    """However parts touch or overlap, what is given out is right, and what is missing is named."""
    sparse = SparseBytes(len(content))
    for start, length in parts:
        sparse.add(min(start, len(content)), content[start : start + length])
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    try:
        found = sparse.require(start, end)
    except Missing as missing:
        named = (missing.start, missing.end)
        sparse.add(missing.start, content[missing.start : missing.end])
        found = sparse.require(start, end)
        assert start <= named[0] <= named[1] <= end
    assert found == content[start:end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a server holds at one time."""

    content: bytes
    etag: str | None

    def answer(self, headers: dict[str, str], astray: int) -> tuple[int, dict[str, str], bytes]:
        """Answer as RFC 9110 wants it: status, headers, body. A part may begin `astray`, and says so."""
        validators = {"ETag": self.etag} if self.etag else {}
        size = len(self.content)
        fresh = headers.get("If-Range", self.etag) == self.etag
        try:
            part = read_range(headers.get("Range"), size) if fresh else None
        except Unsatisfiable:
            return 416, {"Content-Range": f"bytes */{size}"}, b""
        if part is None:
            return 200, {**validators, "Content-Length": str(size)}, self.content
        start, end = min(max(part[0] + astray, 0), part[1] - 1), part[1]
        told = {"Content-Range": f"bytes {start}-{end - 1}/{size}", "Content-Length": str(end - start)}
        return 206, {**validators, **told}, self.content[start:end]


def wait(work: Coroutine[Any, Any, T]) -> T:
    """Run one step to its end."""

    async def main() -> T:
        return await work

    return anyio.run(main)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One try, and what happened before it."""

    before: str
    """ "nothing"; "end" of the run, in order; its "death"; "change": the server has another file."""
    cut: int
    """Bytes after which the connection breaks."""
    split: int
    """Bytes that are written at once."""
    astray: int
    """How far from where it should begin a part begins."""
    lost: int
    """Bytes at the end of the file that a death takes with it, as they were not on disk yet."""
    sidecar_lost: bool
    """Whether a death comes before the sidecar is written."""


STEPS = st.builds(
    Step,
    before=st.sampled_from(("nothing", "nothing", "end", "death", "change")),
    cut=st.integers(0, 25),
    split=st.integers(1, 20),
    astray=st.sampled_from((0, 0, -3, 2)),
    lost=st.integers(0, 9),
    sidecar_lost=st.booleans(),
)


class Fetching:
    """One file that is fetched through cuts, deaths, lost writes and changes of its server.

    A death is a copy of the folder as it is at that moment, with which the next run goes on: nothing that was
    in memory survives. Where neither a hash nor a validator tells one version from another, the server
    changes between runs only: a run trusts it for as long as it lasts.
    """

    def __init__(self, root: Path, server: Version, *, hashed: bool) -> None:
        self.root = root
        self.server = server
        self.versions = [server.content]
        hashes = {"sha256": hashlib.sha256(server.content).hexdigest()} if hashed else {}
        self.file = RemoteFile(
            project=project_name("x"), filename="x.whl", url="https://h/x.whl", hashes=hashes
        )
        self.runs = 0
        self.left: list[Partial] = []
        """What the dead had open, so that it can be closed in the end."""
        self.partial = self._open()

    def go(self, step: Step) -> None:
        """Let happen what happens, and try."""
        match step.before:
            case "end":
                self._end()
            case "death":
                self._die(step)
            case "change":
                self._change(step.split)
            case _:
                pass
        if not self.is_complete:
            self._try(step)
        on_disk = self.partial.path.read_bytes()
        assert len(on_disk) == self.partial.received
        assert hashlib.sha256(on_disk).hexdigest() == self.partial.digests.sha256
        if self.is_complete and self.partial.digests.mismatch(self.file.hashes) is None:
            assert on_disk in (self.versions[:1] if self.file.hashes else self.versions)

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing left to ask for."""
        return 0 < self.partial.received == self.expected

    def close(self) -> None:
        """Let go of every file."""
        for partial in (*self.left, self.partial):
            partial.close()

    def _open(self) -> Partial:
        partial = wait(Store(self.root / f"{self.runs}").open(self.file))
        assert partial is not None
        self.expected = partial.origin.size
        return partial

    def _try(self, step: Step) -> None:
        partial = self.partial
        asked = resume_headers(partial.received, partial.origin)
        status, headers, body = self.server.answer(asked, step.astray)
        wrong = status == 206 and why_not_the_rest(
            headers, received=partial.received, expected=self.expected, origin=partial.origin
        )
        if status == 416 or wrong:
            wait(partial.start_over())
            return
        if status == 200:
            self.expected = content_length(headers)
            wait(partial.start_over(origin_of(headers, partial.url_digest, self.expected)))
        for start in range(0, min(step.cut, len(body)), step.split):
            wait(partial.write([body[start : min(start + step.split, step.cut)]]))

    def _end(self) -> None:
        self.partial.close()
        self.partial = self._open()

    def _die(self, step: Step) -> None:
        before = self.root / f"{self.runs}"
        self.runs += 1
        after = self.root / f"{self.runs}"
        shutil.copytree(before, after)
        path = after / "partial" / self.partial.path.name
        with path.open("r+b") as file:
            file.truncate(max(0, path.stat().st_size - step.lost))
        if step.sidecar_lost:
            path.with_name(path.name + ".json").unlink(missing_ok=True)
        self.left.append(self.partial)
        self.partial = self._open()

    def _change(self, mask: int) -> None:
        if not self.file.hashes and not self.partial.origin.if_range:
            self._end()
        content = bytes(byte ^ mask for byte in self.server.content)  # as long as before: no length tells
        etag = self.server.etag and f'{self.server.etag[:-1]}{len(self.versions)}"'
        self.server = Version(content=content, etag=etag)
        self.versions.append(content)


@settings(max_examples=250)
@given(
    st.binary(min_size=1, max_size=40),
    st.sampled_from(('"a"', 'W/"a"', None)),
    st.booleans(),
    st.lists(STEPS, min_size=1, max_size=8),
)
def test_what_comes_out_is_the_content(
    content: bytes,
    etag: str | None,
    hashed: bool,  # noqa: FBT001 - drawn by hypothesis
    steps: list[Step],
) -> None:
    """What is on disk is what is hashed; a complete file is what its hash names, or one version, no mix."""
    with tempfile.TemporaryDirectory() as root:
        fetching = Fetching(Path(root), Version(content=content, etag=etag), hashed=hashed)
        try:
            for step in steps:
                fetching.go(step)
        finally:
            fetching.close()
