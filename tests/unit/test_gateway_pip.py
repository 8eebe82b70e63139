"""A real pip, planning and downloading through the gateway from a real server."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from resilient_pip.gateway.server import Gateway
from resilient_pip.gateway.sources import Routes, order_sources
from tests.support.faults import Status
from tests.support.faultserver import FaultyIndex
from tests.support.pages import Shape
from tests.support.wheels import make_wheel
from tests.unit.gateways import TARGET
from tests.unit.transfers import Rig, run


def environment() -> dict[str, str]:
    """The environment of a child that talks to nobody but the gateway."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return kept | {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


@asynccontextmanager
async def gateway_to(index: FaultyIndex, folder: Path, *find_links: str) -> AsyncIterator[Gateway]:
    """A gateway over the real transport."""
    rig = Rig(folder / "cache")
    async with rig.downloads() as downloads, rig.reader() as reader:
        sources = order_sources(find_links=find_links, index_urls=[index.url], routes=Routes())
        async with Gateway(
            sources=sources,
            routes=Routes(),
            reader=reader,
            downloads=downloads,
            emit=rig.events.append,
            target=TARGET,
        ) as gateway:
            yield gateway


async def pip(gateway: Gateway, *words: str) -> tuple[int, str]:
    """Run pip; its exit code and everything that it printed."""
    first, *others = gateway.index_urls
    extra = [word for url in others for word in ("--extra-index-url", url)]
    done = await anyio.run_process(
        [sys.executable, "-m", "pip", *words, "-i", first, *extra, "--retries", "0", "--no-cache-dir"],
        check=False,
        env=environment(),
        stderr=-2,
    )
    return done.returncode, done.stdout.decode()


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(Shape(), id="modern"),
        pytest.param(Shape(json=False, sizes=False, metadata=False), id="old"),
    ],
)
def test_pip_plans_without_downloading_wheels(tmp_path: Path, shape: Shape) -> None:
    """The report names the gateway's files, which stand for the index's; only metadata was read."""
    report = tmp_path / "report.json"

    async def main() -> dict[str, Any]:
        with FaultyIndex(shape) as index:
            app = index.add(make_wheel("app", "1.0", ["lib[fast]>=1"], size=3_000_000))
            index.add(make_wheel("lib", "2.0", extras={"fast": ["turbo"]}, size=3_000_000))
            index.add(make_wheel("turbo", "1.0+cpu"))
            async with gateway_to(index, tmp_path) as gateway:
                gateway.start(["app"])
                words = ("install", "--dry-run", "--ignore-installed", "--report", str(report), "app")
                code, output = await pip(gateway, *words)
                assert (code, gateway.failure) == (0, None), output
                installs = json.loads(report.read_text())["install"]
                files = [gateway.remote_file(entry["download_info"]["url"]) for entry in installs]
                assert files[0]
                assert files[0].url == index.url_of(app.path)
                assert files[0].hashes == {"sha256": app.sha256}
                assert await gateway.size_of(files[0]) == app.size
                assert index.sent() < 1_000_000
                return {file.filename: file.project for file in files if file}

    assert run(main) == {
        "app-1.0-py3-none-any.whl": "app",
        "lib-2.0-py3-none-any.whl": "lib",
        "turbo-1.0+cpu-py3-none-any.whl": "turbo",
    }


def test_pip_downloads_through_the_gateway(tmp_path: Path) -> None:
    """From the index and from a folder, the same bytes, each file once."""
    links = tmp_path / "links"
    links.mkdir()
    local = make_wheel("lib", "1.0")
    (links / local.filename).write_bytes(local.content)

    async def main() -> None:
        with FaultyIndex() as index:
            app = index.add(make_wheel("app", "1.0", ["lib"], size=1_000_000))
            async with gateway_to(index, tmp_path, str(links)) as gateway:
                for target in ("one", "two"):
                    code, output = await pip(gateway, "download", "-d", str(tmp_path / target), "app")
                    assert (code, gateway.failure) == (0, None), output
                    found = {path.name: path.read_bytes() for path in (tmp_path / target).iterdir()}
                    assert found == {app.filename: app.content, local.filename: local.content}
            assert len(index.requests_for(app.path)) == 1

    run(main)


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        pytest.param(lambda index: index.page_path("bbb"), "bbb", id="page"),
        pytest.param(
            lambda _: "/files/bbb-1.0-py3-none-any.whl.metadata", "bbb-1.0-py3-none-any.whl", id="metadata"
        ),
    ],
)
def test_what_pip_works_around_is_a_failure_all_the_same(
    tmp_path: Path, broken: Callable[[FaultyIndex], str], named: str
) -> None:
    """An older version instead, or no reason given: the gateway knows better."""

    async def main() -> None:
        with FaultyIndex() as index:
            index.add(make_wheel("aaa", "1.0"))
            index.add(make_wheel("aaa", "2.0", ["bbb"]))
            bbb = index.add(make_wheel("bbb", "1.0"))
            index.script(broken(index), [Status(503)])
            index.script(bbb.path, [Status(503)])
            async with gateway_to(index, tmp_path) as gateway:
                await pip(gateway, "install", "--dry-run", "--ignore-installed", "aaa")
                assert gateway.failure
                assert gateway.failure.subject.name == named

    run(main)
