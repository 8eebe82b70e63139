"""The folder of files: finished ones by content, partial ones under a lock, nothing taken on trust."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from resilient_pip.cache.digests import Digests
from resilient_pip.cache.origin import Origin, digest_url, load_origin
from resilient_pip.cache.partial import Partial
from resilient_pip.cache.place import Name, read_name
from resilient_pip.cache.pruning import DAY_S
from resilient_pip.cache.store import Store
from resilient_pip.disk.lock import hold_alone, try_lock
from resilient_pip.disk.storing import storing
from resilient_pip.errors import StorageError
from resilient_pip.model import RemoteFile, project_name
from tests.unit.transfers import remote, run

CONTENT = b"content" * 100
SHA256 = hashlib.sha256(CONTENT).hexdigest()
URL = "https://user:secret@host/demo-1.tar.gz?token=secret"
HASHED = remote(URL, CONTENT)
UNHASHED = remote(URL, None)


async def opened(store: Store, file: RemoteFile, *, private: bool = False) -> Partial:
    """Open a partial that nobody holds."""
    partial = await store.open(file, private=private)
    assert partial is not None
    return partial


async def publish(store: Store, file: RemoteFile, origin: Origin | None = None) -> Path:
    """Put the content into a store as a finished file."""
    partial = await opened(store, file)
    await partial.start_over(origin)
    await partial.write([CONTENT])
    path = await store.publish(partial)
    await store.remember(partial)
    partial.close()
    return path


def test_layout(tmp_path: Path) -> None:
    """Finished files are named by their hash; nothing in the folder tells a login or a query."""

    async def main() -> None:
        store = Store(tmp_path)
        path = await publish(store, HASHED, Origin(url_digest=digest_url(URL), etag='"1"'))
        assert path == tmp_path / "files" / "sha256" / SHA256[:2] / SHA256
        assert await store.find({"sha256": SHA256.upper()}) == path

    run(main)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    kinds = sorted(path.relative_to(tmp_path).parts[0] for path in files)
    assert kinds == ["files", "names", "urls"]
    assert read_name(tmp_path, SHA256) == Name(project=project_name("demo"), filename="demo-1.tar.gz")
    assert all("secret" not in f"{path}{path.read_bytes()!r}" for path in files)
    assert list((tmp_path / "partial").iterdir()) == []


@pytest.mark.parametrize(
    "hashes",
    [
        pytest.param({}, id="none"),
        pytest.param({"md5": "0" * 32}, id="other algorithm"),
        pytest.param({"sha256": "../../etc/passwd"}, id="no hash"),
        pytest.param({"sha256": "0" * 64}, id="not here"),
    ],
)
def test_find_nothing(tmp_path: Path, hashes: dict[str, str]) -> None:
    """What is no SHA-256 of a file here finds nothing and leads nowhere."""
    assert run(lambda: Store(tmp_path).find(hashes)) is None


def test_a_damaged_file_is_removed(tmp_path: Path) -> None:
    """Each run checks a file once; what is not what its name says goes."""

    async def main() -> None:
        path = await publish(Store(tmp_path), HASHED)
        assert await Store(tmp_path).find({"sha256": SHA256}) == path
        path.write_bytes(b"damaged")
        assert await Store(tmp_path).find({"sha256": SHA256}) is None
        assert not path.exists()

    run(main)


def test_what_still_has_to_come(tmp_path: Path) -> None:
    """All of a file, what its partial lacks, or nothing once it is finished or where no size is known."""
    sized = replace(HASHED, size=len(CONTENT))

    async def main() -> None:
        store = Store(tmp_path)
        assert (store.missing(sized), store.missing(UNHASHED)) == (len(CONTENT), 0)
        partial = await opened(store, sized)
        await partial.start_over()
        await partial.write([CONTENT[:100]])
        partial.close()
        assert store.missing(sized) == len(CONTENT) - 100
        await publish(store, sized)
        assert store.missing(sized) == 0

    run(main)
    assert Store(tmp_path).missing(replace(sized, url="file:///x-1.tar.gz")) == 0


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    """A second opener gets nothing until the first closes; a private one leaves nothing."""

    async def main() -> None:
        store = Store(tmp_path)
        first = await opened(store, HASHED)
        await first.start_over()
        await first.write([CONTENT[:100]])
        assert await store.open(HASHED) is None
        beside = await opened(store, HASHED, private=True)
        await beside.write([CONTENT[:50]])
        assert (beside.received, beside.kept, first.kept) == (50, 0, 100)
        beside.close()
        first.close()
        again = await opened(store, HASHED)
        assert (again.received, store.size_of_partial(HASHED)) == (100, 100)
        again.close()

    run(main)
    assert sorted(path.name for path in (tmp_path / "partial").iterdir()) == [SHA256, f"{SHA256}.json"]


def test_resuming_hashes_what_is_there(tmp_path: Path) -> None:
    """The hash of a resumed file covers its beginning too, in every algorithm asked for."""

    async def main() -> None:
        store = Store(tmp_path)
        file = remote(URL, CONTENT, hashes={"sha256": SHA256, "sha512": hashlib.sha512(CONTENT).hexdigest()})
        first = await opened(store, file)
        await first.write([CONTENT[:300]])
        first.close()
        second = await opened(store, file)
        await second.write([CONTENT[300:400], CONTENT[400:]])
        assert second.digests.mismatch(file.hashes) is None
        assert second.digests.mismatch({"sha512": "0" * 128}) is not None
        second.close()

    run(main)


@pytest.mark.parametrize(
    ("file", "sidecar", "received"),
    [
        pytest.param(HASHED, None, 10, id="hash, no sidecar"),
        pytest.param(HASHED, "{broken", 10, id="hash, broken sidecar"),
        pytest.param(UNHASHED, None, 0, id="no sidecar"),
        pytest.param(UNHASHED, {"etag": '"1"'}, 10, id="strong etag"),
        pytest.param(UNHASHED, {"etag": 'W/"1"'}, 0, id="weak etag"),
        pytest.param(UNHASHED, {"last_modified": "then"}, 10, id="date"),
        pytest.param(UNHASHED, {"etag": '"1"', "url_digest": "other"}, 0, id="other URL"),
        pytest.param(UNHASHED, {"etag": 7}, 0, id="wrong type"),
        pytest.param(UNHASHED, "[]", 0, id="no object"),
    ],
)
def test_which_beginnings_count(
    tmp_path: Path, file: RemoteFile, sidecar: dict[str, Any] | str | None, received: int
) -> None:
    """With a hash to come any beginning is tried; without one only what the server can be asked about."""
    key = SHA256 if file.hashes else f"url-{digest_url(URL)}"
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial" / key).write_bytes(b"0123456789")
    if sidecar is not None:
        whole = {
            "url_digest": digest_url(URL),
            "etag": None,
            "last_modified": None,
            "size": 5,
            "sha256": None,
        }
        text = sidecar if isinstance(sidecar, str) else json.dumps({**whole, **sidecar})
        (tmp_path / "partial" / f"{key}.json").write_text(text)

    async def main() -> int:
        partial = await opened(Store(tmp_path), file)
        partial.close()
        return partial.received

    assert run(main) == received


def test_recall(tmp_path: Path) -> None:
    """A URL's last content is offered with its validators, if it is unharmed and meets other hashes."""
    origin = Origin(url_digest=digest_url(URL), etag='W/"1"')

    async def main() -> None:
        store = Store(tmp_path)
        assert await store.recall(UNHASHED) is None
        path = await publish(store, UNHASHED, origin)
        recalled = await store.recall(UNHASHED)
        assert recalled is not None
        assert (recalled[0].etag, recalled[0].sha256, recalled[1]) == ('W/"1"', SHA256, path)
        assert await store.recall(remote(URL, None, hashes={"md5": "0" * 32})) is None
        path.write_bytes(b"damaged")
        assert await store.recall(UNHASHED) is None
        path.unlink()
        assert await store.recall(UNHASHED) is None
        await publish(store, UNHASHED, Origin(url_digest=digest_url(URL)))
        assert await store.recall(UNHASHED) is None

    run(main)


def test_prepare_tells_what_cannot_be_written(tmp_path: Path) -> None:
    """A folder that is none is told at once; a good one is left clean."""
    store = Store.temporary(tmp_path / "new")
    store.prepare()
    store.close()
    made = sorted(path.name for path in (tmp_path / "new").rglob("*"))
    assert made == ["files", "in-use", "partial", "urls"]
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as caught:
        Store(tmp_path / "file").prepare()
    assert caught.value.exit_code == 73


def test_a_file_in_the_way_is_a_storage_error(tmp_path: Path) -> None:
    """Opening and publishing fail with the path; the lock does not stay."""

    async def main() -> None:
        store = Store(tmp_path)
        (tmp_path / "partial" / SHA256).mkdir(parents=True)
        with pytest.raises(StorageError):
            await store.open(HASHED)
        (tmp_path / "partial" / SHA256).rmdir()
        partial = await opened(store, HASHED)
        await partial.write([CONTENT])
        (tmp_path / "files").touch()
        with pytest.raises(StorageError):
            await store.publish(partial)
        partial.close()

    run(main)
    assert (tmp_path / "partial" / SHA256).read_bytes() == CONTENT


def test_what_lies_in_a_folder_that_is_only_read(tmp_path: Path) -> None:
    """Finished files and what URLs served are found there; nothing is changed: no times, no damaged files."""

    async def main() -> None:
        theirs = await publish(
            Store(tmp_path / "theirs"), UNHASHED, Origin(url_digest=digest_url(URL), etag="1")
        )
        os.utime(theirs, (1000, 1000))
        store = Store.temporary(tmp_path / "own")
        store.look_in(tmp_path / "theirs")
        assert await store.find({"sha256": SHA256}) == theirs
        assert store.missing(replace(HASHED, size=len(CONTENT))) == 0
        recalled = await store.recall(UNHASHED)
        assert recalled is not None
        assert recalled[1] == theirs
        assert theirs.stat().st_mtime == 1000
        assert not (tmp_path / "theirs" / "in-use").exists()
        theirs.write_bytes(b"damaged")
        store = Store.temporary(tmp_path / "own")
        store.look_in(tmp_path / "theirs")
        assert await store.find({"sha256": SHA256}) is None
        own = await publish(store, HASHED)
        assert await store.find({"sha256": SHA256}) == own
        assert theirs.read_bytes() == b"damaged"

    run(main)


def test_a_folder_that_is_being_emptied_is_not_read(tmp_path: Path) -> None:
    """Whoever removes has it alone; a run that waited in vain does without."""
    alone = hold_alone(tmp_path)
    assert alone is not None
    with pytest.raises(StorageError, match="another process is removing files there"):
        Store(tmp_path).prepare(patience_s=0.0)
    with pytest.raises(StorageError, match="another process is removing files there"):
        Store.temporary(tmp_path / "own").look_in(tmp_path, patience_s=0.0)
    alone.release()
    store = Store(tmp_path)
    store.prepare()
    assert hold_alone(tmp_path) is None
    store.close()


def test_without_locks_every_download_is_private(tmp_path: Path) -> None:
    """Two runs get a partial each; both end well, and leave none."""

    async def main() -> None:
        store = Store(tmp_path)
        store.has_locks = False
        first, second = await opened(store, HASHED), await opened(store, HASHED)
        for partial in (first, second):
            await partial.write([CONTENT])
            assert partial.kept == 0
            assert (await store.publish(partial)).read_bytes() == CONTENT
            partial.close()

    run(main)
    assert list((tmp_path / "partial").iterdir()) == []


def test_use_is_noted(tmp_path: Path) -> None:
    """A file that a run finds counts as used now."""

    async def main() -> float:
        path = await publish(Store(tmp_path), HASHED)
        os.utime(path, (1000, 1000))
        await Store(tmp_path).find({"sha256": SHA256})
        return path.stat().st_mtime

    assert run(main) > 1000


def test_a_run_tidies_up_once_a_day(tmp_path: Path) -> None:
    """Old partials go when a run ends; what belongs to the last two weeks stays."""
    old, recent = (tmp_path / "partial" / (digit * 64) for digit in "ab")

    def end_a_run() -> list[bool]:
        store = Store(tmp_path)
        store.prepare()
        for path, age_s in ((old, 15 * DAY_S), (recent, 13 * DAY_S)):
            path.touch()
            os.utime(path, (time.time() - age_s,) * 2)
        store.close()
        return [old.exists(), recent.exists()]

    assert end_a_run() == [False, True]
    assert end_a_run() == [True, True]
    os.utime(tmp_path / "tidied", (time.time() - 2 * DAY_S,) * 2)
    assert end_a_run() == [False, True]


def test_a_full_disk_is_told_with_its_bytes(tmp_path: Path) -> None:
    """What is needed and what is free stand in the error of a write that failed."""
    with pytest.raises(StorageError) as caught, storing(tmp_path / "x", missing=lambda: 4_000_000):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert re.fullmatch(r"No space left on device: 4\.0 MB more are needed, .* are free", caught.value.reason)


def test_lock(tmp_path: Path) -> None:
    """One holder; released, the next gets in, and no lock file stays."""
    path = tmp_path / "x.lock"
    first = try_lock(path)
    assert first is not None
    assert try_lock(path) is None
    first.release()
    assert not path.exists()
    second = try_lock(path)
    assert second is not None
    path.unlink()  # somebody cleans up: the lock of the new file is another one
    third = try_lock(path)
    assert third is not None
    third.release()
    second.release()


def test_origin(tmp_path: Path) -> None:
    """Records survive the disk; two answers are the same content only if a validator says so."""
    origin = Origin(url_digest="u", etag='"1"', last_modified="then", size=5, sha256="s")
    origin.save(tmp_path / "new" / "x.json")
    assert load_origin(tmp_path / "new" / "x.json") == origin
    assert origin.is_same_content(origin)
    assert not origin.is_same_content(Origin(url_digest="u", etag='"2"', size=5))
    assert not origin.is_same_content(Origin(url_digest="u", etag='"1"', size=6))
    assert not Origin(url_digest="u", size=5).is_same_content(Origin(url_digest="u", size=5))


def test_digest_of_a_url_leaves_out_the_login_only() -> None:
    """Queries tell files apart, logins and fragments do not."""
    assert digest_url(URL) == digest_url("https://host/demo-1.tar.gz?token=secret#sha256=1")
    assert digest_url(URL) != digest_url("https://host/demo-1.tar.gz")


def test_unknown_algorithms_are_passed_over() -> None:
    """A hash that this Python cannot compute is no mismatch."""
    digests = Digests(["md9", "shake_128"])
    digests.update(CONTENT)
    assert digests.mismatch({"md9": "1", "shake_128": "2", "sha256": SHA256.upper()}) is None
