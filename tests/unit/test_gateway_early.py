"""Downloads before the plan is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import anyio
import pytest

from resilient_pip.events import EarlyDownloadsEnded
from resilient_pip.gateway.ahead import Ahead
from resilient_pip.gateway.early import MOST, EarlyDownloads
from resilient_pip.model import ProjectName, RemoteFile
from tests.support.wheels import Distribution, make_wheel
from tests.unit.gateways import TARGET, Stored, listed, run
from tests.unit.test_gateway_ahead import Network

FILES = {
    "app": [make_wheel("app", "1.0", ["lib<2"]), make_wheel("app", "0.9")],
    "lib": [make_wheel("lib", "1.0"), make_wheel("lib", "2.0")],
    "rival": [make_wheel("rival", "1.0", ["lib>=2"]), make_wheel("rival", "0.1")],
}


class Slow(Network):
    """A network whose downloads never end."""

    size = 1000

    def __init__(self, files: Mapping[str, Sequence[Distribution]]) -> None:
        super().__init__(files=files)
        self.running: list[str] = []

    async def fetch(self, file: RemoteFile) -> Stored:
        """Begin a download."""
        self.fetched.append(file.filename)
        self.running.append(file.filename)
        try:
            await anyio.sleep_forever()
        finally:
            self.running.remove(file.filename)
        raise AssertionError

    def received(self, file: RemoteFile) -> int:
        """Every download is at the same place."""
        return self.size * (file.filename in self.fetched)


def downloaded(
    requirements: Sequence[str], asked: Sequence[str], installed: Mapping[str, str] | None = None
) -> list[str]:
    """Let pip ask for metadata, and tell what is downloaded meanwhile."""
    network = Network(files=FILES)
    versions = {ProjectName(name): version for name, version in (installed or {}).items()}

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            early = EarlyDownloads(files=network, tasks=tasks, emit=network.events.append)
            ahead = Ahead(
                pages=network.read_pages,
                metadata=network.guess,
                files=network,
                target=TARGET,
                constraints={},
                tasks=tasks,
                emit=network.events.append,
                early=early,
            )
            ahead.start(requirements, installed=versions)
            await settled(ahead)
            for filename in asked:
                ahead.metadata_asked(listed(network.find(filename)))
                await settled(ahead)
            early.end(())

    run(main)
    return network.fetched


async def settled(ahead: Ahead) -> None:
    """Wait until no guess is under way, nor any task that could be."""
    await anyio.wait_all_tasks_blocked()
    while ahead.is_busy:  # noqa: ASYNC110 - threads are at work, and nobody tells
        await anyio.sleep(0.005)
    await anyio.wait_all_tasks_blocked()


APP, LIB, RIVAL = "app-1.0-py3-none-any.whl", "lib-1.0-py3-none-any.whl", "rival-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("requirements", "asked", "begun"),
    [
        pytest.param(["app"], [], [], id="a-guess-alone"),
        pytest.param(["app"], [APP], [], id="pip-looks-into-it"),
        pytest.param(["app"], [APP, LIB], [APP], id="pip-went-on"),
        pytest.param(["app"], ["app-0.9-py3-none-any.whl", LIB], [], id="not-what-would-be-chosen"),
        pytest.param(["app==1.0"], [], [APP], id="pinned"),
        pytest.param(["app==1.*"], [], [], id="not-quite-pinned"),
        pytest.param(["app", "rival"], [APP, RIVAL, LIB], [], id="they-contradict-each-other"),
    ],
)
def test_a_file_is_fetched_once_it_is_all_but_certain(
    requirements: list[str], asked: list[str], begun: list[str]
) -> None:
    """Pinned, or chosen by pip, which asks for something else by now, and nothing known speaks against it."""
    assert downloaded(requirements, asked) == begun


def test_what_is_installed_is_not_fetched() -> None:
    """Not even where it is pinned."""
    assert downloaded(["app==1.0"], [], {"app": "1.0"}) == []


@pytest.mark.parametrize(
    ("size", "planned", "in_vain"),
    [
        pytest.param(1000, {"http://files.test/" + APP}, 1000, id="one-is-not-in-the-plan"),
        pytest.param(1000, set(), 2000, id="none-is"),
    ],
)
def test_what_the_plan_does_not_have_ends_with_it(size: int, planned: set[str], in_vain: int) -> None:
    """And is counted; the rest goes on."""
    network = Slow(files=FILES)
    network.size = size

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            early = EarlyDownloads(files=network, tasks=tasks, emit=network.events.append)
            for name in (APP, LIB):
                early.begin(listed(network.find(name)).file)
            await anyio.wait_all_tasks_blocked()
            early.end(planned)
            await anyio.wait_all_tasks_blocked()
            assert len(network.running) == len(planned)
            tasks.cancel_scope.cancel()

    run(main)
    assert network.events == [EarlyDownloadsEnded(received=2 * size, in_vain=in_vain)]


def test_all_end_where_too_much_might_be_in_vain() -> None:
    """There is a limit to what is fetched before the plan is made."""
    network = Slow(files=FILES)
    network.size = MOST // 2

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            early = EarlyDownloads(files=network, tasks=tasks, emit=network.events.append)
            for name in (APP, LIB):
                early.begin(listed(network.find(name)).file)
            # Ends by itself: all transfers are ended, and nobody watches them any more.

    run(main)
    assert network.running == []


def test_what_pip_steps_back_from_ends() -> None:
    """As soon as pip asks for another file of the project."""
    network = Slow(files=FILES)

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            early = EarlyDownloads(files=network, tasks=tasks, emit=network.events.append)
            for name in (APP, LIB):
                early.begin(listed(network.find(name)).file)
            await anyio.wait_all_tasks_blocked()
            early.leave(ProjectName("app"), but="http://files.test/app-0.9-py3-none-any.whl")
            await anyio.wait_all_tasks_blocked()
            assert network.running == [LIB]
            tasks.cancel_scope.cancel()

    run(main)
