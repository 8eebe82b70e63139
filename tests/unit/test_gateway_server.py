"""The gateway over real sockets, with an upstream made of values."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from pathlib import Path

import anyio
import httpx
import pytest
from packaging.version import Version

from resilient_pip.errors import AttemptsExhausted, BadContent
from resilient_pip.events import Kind
from resilient_pip.gateway.sources import Routes, Source
from resilient_pip.index.rewrite import HTML_TYPE, JSON_TYPE
from resilient_pip.model import ProjectName
from tests.support.wheels import make_sdist, make_wheel
from tests.unit.gateways import FILES, INDEX, TARGET, Served, Upstream, run, running

TWO = "http://two.test/simple"
WHEEL = make_wheel("demo", "1.0+cpu", size=100_000)
URL = f"{FILES}/{WHEEL.filename}"


def test_pages_are_copied_with_the_gateways_urls() -> None:
    """Everything stays but the URLs, and wheels get core metadata; HTML for who wants it."""
    upstream = Upstream()
    wheel = {"filename": WHEEL.filename, "url": URL, "hashes": {"sha256": WHEEL.sha256}, "x-unknown": [1]}
    sdist = {"filename": "demo-1.0.tar.gz", "url": "../demo-1.0.tar.gz", "hashes": {}, "yanked": "old"}
    upstream.page("demo", wheel, sdist, keys={"x-top": 1})

    async def main() -> None:
        async with running(upstream) as it:
            page = await it.get_page("Demo")
            assert (page.status_code, page.headers["content-type"]) == (200, JSON_TYPE)
            assert page.headers["content-length"] == str(len(page.content))
            first, second = page.json()["files"]
            assert page.json() == {
                "meta": {"api-version": "1.1"},
                "name": "demo",
                "files": [
                    {**wheel, "url": first["url"], "core-metadata": True, "dist-info-metadata": True},
                    {**sdist, "url": second["url"]},
                ],
                "x-top": 1,
            }
            assert first["url"].startswith(it.gateway.index_urls[0].removesuffix("simple/"))
            found = [it.gateway.remote_file(entry["url"]) for entry in (first, second)]
            assert [file and file.url for file in found] == [URL, f"{INDEX}/demo-1.0.tar.gz"]
            html = await it.get_page("demo", accept="text/html")
            assert html.headers["content-type"].startswith("text/html")
            assert f"{first['url']}#sha256={WHEEL.sha256}" in html.text
            newer = await it.get_page("demo", accept=HTML_TYPE)
            assert newer.headers["content-type"] == HTML_TYPE

    run(main)
    assert len(upstream.reads) == 1


def test_withheld_versions() -> None:
    """They are on no page while they are withheld; other versions are, for builds, and all are later."""
    upstream = Upstream()
    upstream.project(WHEEL, make_sdist("demo", "1.0+cpu"), make_wheel("demo", "2.0"))

    async def main() -> None:
        async with running(upstream) as it:
            assert len(await it.file_urls("demo")) == 3
            with it.gateway.withholding({ProjectName("demo"): Version("1.0+cpu")}):
                (url,) = await it.file_urls("demo")
            assert url.endswith("/demo-2.0-py3-none-any.whl")
            assert len(await it.file_urls("demo")) == 3

    run(main)


def test_what_is_not_there_is_404_and_no_failure() -> None:
    """Projects, sources, files and metadata that nobody has."""
    upstream = Upstream()
    upstream.project(WHEEL)
    upstream.project(make_sdist("source", "1.0"))

    async def main() -> None:
        async with running(upstream, (Source(url=INDEX), Source(url=TWO, routed_only=True))) as it:
            base = it.gateway.index_urls[0].removesuffix("0/simple/")
            (wheel,) = await it.file_urls("demo")
            (sdist,) = await it.file_urls("source")
            urls = [
                f"{base}0/simple/missing/",
                f"{base}1/simple/demo/",
                f"{base}2/simple/demo/",
                f"{base}x/simple/demo/",
                f"{base}0/",
                base.replace("/0/", "/"),
                wheel.replace("demo/", "demon/"),
                sdist + ".metadata",
                f"http://127.0.0.1:{httpx.URL(base).port}/other-token/0/simple/demo/",
            ]
            statuses = [(await it.client.get(url)).status_code for url in urls]
            assert statuses == [404] * len(urls)
            assert it.gateway.failure is None

    run(main)


def test_routed_projects_come_from_their_index_alone() -> None:
    """404 everywhere else."""
    upstream = Upstream()
    upstream.project(WHEEL)
    upstream.project(WHEEL, index=TWO)
    sources = (Source(url=INDEX), Source(url=TWO, routed_only=True))

    async def main() -> list[int]:
        routes = Routes(names={ProjectName("demo"): TWO})
        async with running(upstream, sources, routes=routes) as it:
            return [(await it.get_page("demo", number=number)).status_code for number in (0, 1)]

    assert run(main) == [404, 200]


def test_an_index_that_fails_is_424_and_the_failure() -> None:
    """The first one is remembered, names the index and hides its credentials."""
    private = "http://user:secret@private.test/simple"
    upstream = Upstream(
        served={f"{private}/demo/": Served(status=503), f"{private}/other/": Served(status=401)}
    )

    async def main() -> None:
        async with running(upstream, (Source(url=private),)) as it:
            answer = await it.get_page("demo")
            assert answer.status_code == 424
            assert answer.text == ("resilient-pip: demo from http://private.test/simple/demo/: HTTP 503\n")
            await it.get_page("other")
            failure = it.gateway.failure
            assert it.gateway.failed.is_set()
            assert failure
            assert (failure.subject.kind, failure.subject.project, failure.file) == (Kind.PAGE, "demo", None)
            assert isinstance(failure.error, AttemptsExhausted)
            assert "secret" not in repr(failure)

    run(main)


def test_an_index_that_may_be_skipped_is_404() -> None:
    """With a note to the user, and no failure."""
    upstream = Upstream(served={f"{INDEX}/demo/": Served(status=503)})

    async def main() -> None:
        async with running(upstream, (Source(url=INDEX, skippable=True),)) as it:
            assert (await it.get_page("demo")).status_code == 404
            assert it.notes == [f"{INDEX} is skipped: HTTP 503"]
            assert not it.gateway.failed.is_set()

    run(main)


# --- metadata --------------------------------------------------------------------------------------


def test_metadata_is_served_beside_every_wheel() -> None:
    """Out of the wheel where the index has none; it fits the hash where the index gives one."""
    upstream = Upstream()
    upstream.project(WHEEL, metadata=False)
    other = make_wheel("other", "1.0")
    upstream.project(other)

    async def main() -> None:
        async with running(upstream) as it:
            for wheel in (WHEEL, other):
                (url,) = await it.file_urls(wheel.project)
                answer = await it.client.get(url + ".metadata")
                assert answer.content == wheel.metadata
                assert answer.headers["content-length"] == str(len(answer.content))

    run(main)
    assert upstream.downloads == []


def test_metadata_that_cannot_be_had_is_the_failure(tmp_path: Path) -> None:
    """It names the file."""
    upstream = Upstream(folder=tmp_path)
    upstream.project(WHEEL, metadata=False)
    upstream.served[URL] = Served(body=b"no wheel")

    async def main() -> None:
        async with running(upstream) as it:
            (url,) = await it.file_urls("demo")
            assert (await it.client.get(url + ".metadata")).status_code == 424
            failure = it.gateway.failure
            assert failure
            assert failure.subject.kind is Kind.METADATA
            assert failure.file
            assert failure.file.url == URL
            assert isinstance(failure.error, BadContent)

    run(main)


# --- files -----------------------------------------------------------------------------------------


def test_files_are_streamed_whole_in_part_and_not_at_all() -> None:
    """GET, Range, If-Range and HEAD, always with the length."""
    upstream = Upstream()
    upstream.project(WHEEL)

    async def main() -> None:
        async with running(upstream) as it:
            (url,) = await it.file_urls("demo")
            whole = await it.client.get(url)
            assert (whole.status_code, whole.content) == (200, WHEEL.content)
            assert whole.headers["content-length"] == str(WHEEL.size)
            etag = whole.headers["etag"]
            part = await it.client.get(url, headers={"Range": "bytes=1500-4999", "If-Range": etag})
            assert (part.status_code, part.content) == (206, WHEEL.content[1500:5000])
            assert part.headers["content-range"] == f"bytes 1500-4999/{WHEEL.size}"
            other = await it.client.get(url, headers={"Range": "bytes=1500-", "If-Range": '"other"'})
            assert (other.status_code, other.content) == (200, WHEEL.content)
            outside = await it.client.get(url, headers={"Range": f"bytes={WHEEL.size}-"})
            assert (outside.status_code, outside.headers["content-range"]) == (416, f"bytes */{WHEEL.size}")
            before = len(upstream.downloads)
            head = await it.client.head(url)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == str(WHEEL.size)
            assert len(upstream.downloads) == before

    run(main)


def test_head_learns_a_length_that_the_index_does_not_tell() -> None:
    """From the download that it begins."""
    upstream = Upstream(served={URL: Served(body=WHEEL.content)})
    upstream.page("demo", {"filename": WHEEL.filename, "url": URL, "hashes": {}})

    async def main() -> None:
        async with running(upstream) as it:
            (url,) = await it.file_urls("demo")
            assert (await it.client.head(url)).headers["content-length"] == str(WHEEL.size)
            file = it.gateway.remote_file(url)
            assert file
            assert await it.gateway.size_of(file) == WHEEL.size
            upstream.served[URL + "x"] = Served(status=503)
            lost = file.__class__(project=file.project, filename=file.filename, url=URL + "x")
            assert await it.gateway.size_of(lost) is None

    run(main)


def test_a_file_that_fails_at_once_is_424() -> None:
    """And the failure, with the file."""
    upstream = Upstream()
    upstream.project(WHEEL)
    upstream.served[URL] = Served(status=403)

    async def main() -> None:
        async with running(upstream) as it:
            (url,) = await it.file_urls("demo")
            assert (await it.client.get(url)).status_code == 424
            failure = it.gateway.failure
            assert failure
            assert (failure.subject.kind, failure.subject.name) == (Kind.FILE, WHEEL.filename)
            assert failure.file == it.gateway.remote_file(url)

    run(main)


def test_a_file_that_fails_on_its_way_breaks_the_connection() -> None:
    """It never ends short of its length without the client noticing."""
    upstream = Upstream(broken_at={URL: 50_000})
    upstream.project(WHEEL)

    async def main() -> None:
        async with running(upstream) as it:
            (url,) = await it.file_urls("demo")
            with pytest.raises(httpx.RemoteProtocolError, match="complete"):
                await it.client.get(url)
            with anyio.fail_after(5):
                await it.gateway.failed.wait()
            failure = it.gateway.failure
            assert failure
            assert str(failure.error) == "connection reset at 0 B"
            assert (await it.client.get(it.gateway.index_urls[0] + "demo/")).status_code == 200

    run(main)


def test_bytes_are_passed_on_before_the_file_is_complete(capfd: pytest.CaptureFixture[str]) -> None:
    """And leaving the gateway ends open streams at once, quietly."""
    upstream = Upstream(broken_at={URL: 50_000})
    upstream.project(WHEEL)
    left_after_s = []

    async def main() -> None:
        upstream.held[URL] = anyio.Event()
        async with httpx.AsyncClient(trust_env=False) as client:
            async with running(upstream) as it:
                (url,) = await it.file_urls("demo")
                response = await client.send(client.build_request("GET", url), stream=True)
                received = b""
                chunks = response.aiter_raw()
                while len(received) < 50_000:
                    received += await anext(chunks)
                assert received == WHEEL.content[:50_000]
                before = anyio.current_time()
            left_after_s.append(anyio.current_time() - before)
            with pytest.raises(httpx.RemoteProtocolError):
                await anext(chunks)
        assert it.gateway.failure is None

    run(main)
    assert left_after_s[0] < 1.5
    assert capfd.readouterr() == ("", "")


def test_a_bug_is_the_failure_and_no_answer() -> None:
    """What nobody foresaw ends the run instead of leading pip astray."""

    class Buggy(Upstream):
        def follow(self, _: object) -> None:  # type: ignore[override]  # a bug
            raise RuntimeError("bug")

    upstream = Buggy()
    upstream.project(WHEEL)

    async def main() -> None:
        async with running(upstream) as it:
            (url,) = await it.file_urls("demo")
            assert (await it.client.get(url)).status_code == 500
            failure = it.gateway.failure
            assert failure
            assert repr(failure.error) == "RuntimeError('bug')"

    run(main)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make another user's socket")
def test_other_users_are_not_served() -> None:
    """Even where they know the path: nested pips show it to everyone in their argv."""
    upstream = Upstream()
    upstream.project(WHEEL)

    def ask(url: httpx.URL) -> bytes:
        with socket.socket() as theirs:
            os.fchown(theirs.fileno(), 65534, -1)
            theirs.settimeout(5)
            theirs.connect((url.host, url.port))
            theirs.sendall(b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % url.raw_path)
            return theirs.makefile("rb").read()

    async def main() -> bytes:
        async with running(upstream) as it:
            return await anyio.to_thread.run_sync(ask, httpx.URL(f"{it.gateway.index_urls[0]}demo/"))

    answer = run(main)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.endswith(b"\r\n\r\nnot yours\n")
    assert upstream.reads == []


# --- the whole -------------------------------------------------------------------------------------


def test_running_ahead_reads_what_will_be_asked_for() -> None:
    """Pages and metadata are there before anyone asks, and hold() ends that."""
    upstream = Upstream()
    demo = upstream.project(make_wheel("demo", "1.0", ["lib"]))
    lib = upstream.project(make_wheel("lib", "1.0"))
    upstream.project(make_wheel("late", "1.0"))

    async def main() -> None:
        async with running(upstream, target=TARGET) as it:
            it.gateway.start(["demo"])
            await upstream.until(lambda: len(upstream.reads) == 4)
            assert [url for url, _ in upstream.reads] == [
                demo,
                f"{FILES}/demo-1.0-py3-none-any.whl.metadata",
                lib,
                f"{FILES}/lib-1.0-py3-none-any.whl.metadata",
            ]
            (url,) = await it.file_urls("lib")
            await it.client.get(url + ".metadata")
            assert len(upstream.reads) == 4
            it.gateway.hold()
            it.gateway.start(["late"])
            assert await it.file_urls("late")
            assert (await it.get_page("missing")).status_code == 404
            assert len(upstream.reads) == 6

    run(main)


def test_failing_guesses_are_no_failure_until_pip_asks() -> None:
    """Then they are, without another try."""
    upstream = Upstream()
    upstream.project(make_wheel("demo", "1.0", ["lib"]))
    upstream.served[f"{INDEX}/lib/"] = Served(status=503)

    async def main() -> None:
        async with running(upstream, target=TARGET) as it:
            it.gateway.start(["demo"])
            await upstream.until(lambda: upstream.reads_of(f"{INDEX}/lib/") == 1)
            assert not it.gateway.failed.is_set()
            assert (await it.get_page("lib")).status_code == 424
            assert it.gateway.failure
            assert upstream.reads_of(f"{INDEX}/lib/") == 1

    run(main)


def test_without_a_target_nothing_is_guessed() -> None:
    """The two calls do nothing then."""
    upstream = Upstream()
    upstream.project(WHEEL)

    async def main() -> None:
        async with running(upstream) as it:
            it.gateway.start(["demo"])
            it.gateway.hold()
            assert (await it.get_page("missing")).status_code == 404

    run(main)
    assert upstream.reads == [(f"{INDEX}/missing/", None)]


def test_it_listens_on_loopback_under_a_long_token() -> None:
    """One URL per source, each with the same unguessable path."""

    async def main() -> list[httpx.URL]:
        async with running(Upstream(), (Source(url=INDEX), Source(url=TWO))) as it:
            return [httpx.URL(url) for url in it.gateway.index_urls]

    urls = run(main)
    assert {url.host for url in urls} == {"127.0.0.1"}
    tokens, numbers = zip(*[url.path.strip("/").split("/")[:2] for url in urls], strict=True)
    assert numbers == ("0", "1")
    assert len(set(tokens)) == 1
    assert len(tokens[0]) >= 22


def test_errors_of_the_body_leave_unwrapped() -> None:
    """The gateway's task group is its own business."""

    async def main() -> None:
        async with running(Upstream()):
            raise BadContent(url=WHEEL.filename, reason="mine")  # type: ignore[arg-type]  # any error would do

    with pytest.raises(BadContent, match="mine"):
        run(main)


def test_a_client_that_goes_away_does_not_end_the_work() -> None:
    """The page that it asked for is there for the next one."""
    upstream = Upstream()
    page = upstream.project(WHEEL)

    async def main() -> None:
        upstream.held[page] = anyio.Event()
        async with running(upstream) as it:
            assert not it.gateway.is_busy()
            with pytest.raises(httpx.ReadTimeout):
                await it.client.get(f"{it.gateway.index_urls[0]}demo/", timeout=0.2)
            upstream.held[page].set()
            assert (await it.get_page("demo")).status_code == 200

    run(main)
    assert upstream.reads_of(page) == 1


def test_hash_of_offered_metadata_stays() -> None:
    """It is what pip checks, so it is the index's own."""
    upstream = Upstream()
    upstream.project(WHEEL)

    async def main() -> object:
        async with running(upstream) as it:
            return json.loads((await it.get_page("demo")).content)["files"][0]["core-metadata"]

    assert run(main) == {"sha256": hashlib.sha256(WHEEL.metadata or b"").hexdigest()}
