"""Pages from their sources, and what counts as absent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from resilient_pip.errors import AttemptsExhausted, Refused, ResilientPipError
from resilient_pip.events import Event, Noted
from resilient_pip.gateway.sources import Routes, Source, SourceKind
from resilient_pip.gateway.upstream import Upstream as Pages
from resilient_pip.model import ProjectName
from tests.support.wheels import make_sdist, make_wheel
from tests.unit.gateways import FILES, INDEX, Served, Upstream, run

TWO = "http://two.test/simple"
DEMO = ProjectName("demo")
OTHER = ProjectName("other")
BOTH = (Source(url=INDEX), Source(url=TWO))


class Reading:
    """Pages over an upstream, and what was told."""

    def __init__(self, pages: Pages, events: list[Event]) -> None:
        self.pages = pages
        self.events = events

    @property
    def notes(self) -> list[str]:
        """What the user is told."""
        return [event.message for event in self.events if isinstance(event, Noted)]

    async def names(self, number: int, project: ProjectName) -> list[str] | None:
        """The files that a source lists, None where it has no page."""
        page = await self.pages.page(number, project)
        return [listed.file.filename for listed in page.files] if page else None


@asynccontextmanager
async def reading(
    upstream: Upstream, sources: Sequence[Source] = BOTH, routes: Routes | None = None
) -> AsyncIterator[Reading]:
    """Open the sources; what a test leaves waiting is cancelled."""
    events: list[Event] = []
    failure: BaseException | None = None
    async with anyio.create_task_group() as tasks:
        pages = Pages(
            sources=sources, routes=routes or Routes(), reader=upstream, emit=events.append, tasks=tasks
        )
        try:
            yield Reading(pages, events)
        except (ResilientPipError, AssertionError) as error:
            failure = error
        tasks.cancel_scope.cancel()
    if failure:
        raise failure


def test_pages_are_read_once() -> None:
    """However many ask, and also where the answer is "not here"."""
    upstream = Upstream()
    url = upstream.project(make_wheel("demo", "1.0"))

    async def main() -> None:
        async with reading(upstream) as found:
            assert await found.names(0, DEMO) == ["demo-1.0-py3-none-any.whl"]
            assert await found.names(0, DEMO) == ["demo-1.0-py3-none-any.whl"]
            assert await found.names(1, DEMO) is None
            assert await found.names(1, DEMO) is None
            assert [len(page.files) for page in await found.pages.pages(DEMO)] == [1]
            assert found.pages.subject(0, DEMO).url == url

    run(main)
    assert upstream.reads == [(url, None), (f"{TWO}/demo/", None)]


def test_relative_urls_start_from_where_redirects_end() -> None:
    """Not from the URL that was asked for."""
    upstream = Upstream()
    upstream.served[f"{INDEX}/demo/"] = Served(
        body=b'<a href="x/demo-1.0.tar.gz">x</a>',
        content_type="text/html",
        url="http://moved.test/deep/demo/",
    )

    async def main() -> str:
        async with reading(upstream) as found:
            page = await found.pages.page(0, DEMO)
            assert page
            return page.files[0].file.url

    assert run(main) == "http://moved.test/deep/demo/x/demo-1.0.tar.gz"


def test_a_page_that_may_be_cut_is_no_page() -> None:
    """Where only the end of the connection ends a page, HTML without its end may lack the newest files."""
    upstream = Upstream()
    for project, end in (("demo", b""), ("other", b"</html>")):
        body = b'<html><a href="%s-1.0.tar.gz">x</a>' % project.encode() + end
        upstream.served[f"{INDEX}/{project}/"] = Served(
            body=body, content_type="text/html", tells_length=False
        )

    async def main() -> None:
        async with reading(upstream) as found:
            with pytest.raises(AttemptsExhausted, match="end is missing"):
                await found.pages.page(0, DEMO)
            assert await found.pages.page(0, OTHER)

    run(main)


def test_dropped_files_are_told_once() -> None:
    """A harmful entry is left out and the user hears of it."""
    upstream = Upstream()
    upstream.page("demo", {"url": "https://h/..%2Fx.whl"}, {"url": "https://h/..%2Fx.whl"})

    async def main() -> None:
        async with reading(upstream) as found:
            assert await found.names(0, DEMO) == []
            assert found.notes == [
                "an index lists the file 'https://h/..%2Fx.whl': left out, its name or URL could do harm"
            ]

    run(main)


@pytest.mark.parametrize(
    ("served", "error"),
    [
        pytest.param(Served(status=503), AttemptsExhausted, id="busy"),
        pytest.param(Served(status=401), AttemptsExhausted, id="unauthorised"),
        pytest.param(Served(body=b"<form>", content_type="text/html"), AttemptsExhausted, id="portal"),
    ],
)
def test_failures_are_errors_and_can_be_skipped(served: Served, error: type[Exception]) -> None:
    """An index that cannot be read is never taken for empty, unless the user says so."""
    upstream = Upstream(served={f"{INDEX}/demo/": served})

    async def main() -> None:
        async with reading(upstream) as found:
            for _ in range(2):
                with pytest.raises(error):
                    await found.pages.page(0, DEMO)
            assert await found.pages.pages(DEMO) == ()
        assert upstream.reads_of(f"{INDEX}/demo/") == 1
        async with reading(upstream, (Source(url=INDEX, skippable=True),)) as found:
            assert await found.pages.page(0, DEMO) is None
            assert await found.pages.page(0, DEMO) is None
            assert len(found.notes) == 1
            assert found.notes[0].startswith(f"{INDEX} is skipped: ")

    run(main)


def test_routes_decide_who_is_asked() -> None:
    """A routed project is asked for at its index alone, and that index for nothing else."""
    upstream = Upstream()
    upstream.project(make_wheel("demo", "1.0"))
    upstream.project(make_wheel("demo", "2.0"), index=TWO)
    upstream.project(make_wheel("other", "1.0"), index=TWO)
    sources = (Source(url=INDEX), Source(url=TWO, routed_only=True))

    async def main() -> None:
        async with reading(upstream, sources, Routes(names={DEMO: TWO})) as found:
            assert await found.names(0, DEMO) is None
            assert await found.names(1, DEMO) == ["demo-2.0-py3-none-any.whl"]
            assert await found.names(1, OTHER) is None

    run(main)
    assert upstream.reads == [(f"{TWO}/demo/", None)]


# --- 403 -------------------------------------------------------------------------------------------


def test_forbidden_everywhere_is_an_error() -> None:
    """An index that has served nothing and refuses a name that nobody has wants credentials."""
    upstream = Upstream(served={f"{INDEX}/demo/": Served(status=403), f"{TWO}/demo/": Served(status=403)})

    async def main() -> None:
        async with reading(upstream) as found:
            for number in (0, 1):
                with pytest.raises(Refused) as raised:
                    await found.pages.page(number, DEMO)
                assert raised.value.status == 403

    run(main)


def test_forbidden_is_absent_where_another_index_has_the_name() -> None:
    """That is noted once per index."""
    upstream = Upstream(served={f"{INDEX}/demo/": Served(status=403), f"{INDEX}/other/": Served(status=403)})
    upstream.project(make_wheel("demo", "1.0"), index=TWO)
    upstream.project(make_wheel("other", "1.0"), index=TWO)

    async def main() -> None:
        async with reading(upstream) as found:
            assert await found.names(0, DEMO) is None
            assert await found.names(0, OTHER) is None
            assert found.notes == [
                f"{INDEX} answers HTTP 403 for some names (first demo): taken as not there"
            ]

    run(main)


def test_forbidden_is_absent_where_this_index_has_served_a_page() -> None:
    """Also where that page is still on its way."""
    upstream = Upstream(served={f"{INDEX}/demo/": Served(status=403)})
    other = upstream.project(make_wheel("other", "1.0"))

    async def main() -> None:
        upstream.held[other] = anyio.Event()
        answers: list[list[str] | None] = []
        async with reading(upstream, (Source(url=INDEX),)) as found, anyio.create_task_group() as tasks:

            async def ask(project: ProjectName) -> None:
                answers.append(await found.names(0, project))

            tasks.start_soon(ask, OTHER)
            tasks.start_soon(ask, DEMO)
            await anyio.wait_all_tasks_blocked()
            assert answers == []
            upstream.held[other].set()
        assert sorted(answers, key=str) == [None, ["other-1.0-py3-none-any.whl"]]

    run(main)


def test_a_failing_index_has_no_name() -> None:
    """A 403 stays an error where the only other index fails."""
    upstream = Upstream(served={f"{INDEX}/demo/": Served(status=403), f"{TWO}/demo/": Served(status=503)})

    async def main() -> None:
        async with reading(upstream) as found:
            with pytest.raises(Refused):
                await found.pages.page(0, DEMO)

    run(main)


# --- local sources and find-links ------------------------------------------------------------------


def test_folders_are_read_in_place(tmp_path: Path) -> None:
    """An index folder and a folder of wheels, each file with the project that was asked for."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for file in (make_wheel("demo", "1.0"), make_sdist("python-dateutil", "2.0"), make_wheel("other", "1.0")):
        (wheels / file.filename).write_bytes(file.content)
    (tmp_path / "simple" / "demo").mkdir(parents=True)
    (tmp_path / "simple" / "demo" / "index.html").write_text('<a href="demo-3.0.tar.gz">x</a>')
    sources = (
        Source(url=str(wheels), kind=SourceKind.FIND_LINKS),
        Source(url=(tmp_path / "simple").as_uri()),
        Source(url="/nowhere", kind=SourceKind.FIND_LINKS),
        Source(url="file:///nowhere/simple"),
    )

    async def main() -> None:
        async with reading(Upstream(), sources) as found:
            assert await found.names(0, DEMO) == ["demo-1.0-py3-none-any.whl"]
            page = await found.pages.page(0, ProjectName("python-dateutil"))
            assert page
            assert [listed.file.project for listed in page.files] == ["python-dateutil"]
            assert await found.names(0, ProjectName("missing")) is None
            assert await found.names(1, DEMO) == ["demo-3.0.tar.gz"]
            assert [await found.names(number, OTHER) for number in (1, 2, 3)] == [None, None, None]
            assert found.notes == [
                "--find-links /nowhere does not exist",
                "the index file:///nowhere/simple does not exist",
            ]

    run(main)


def test_links_pages_are_read_once_for_all_projects() -> None:
    """A page of --find-links is filtered by project; a URL of a file is a page of one file."""
    upstream = Upstream()
    upstream.served[f"{FILES}/all.html"] = Served(
        body=b'<a href="demo-1.0.tar.gz">x</a><a href="other-1.0.tar.gz">x</a>', content_type="text/html"
    )
    sources = (
        Source(url=f"{FILES}/all.html", kind=SourceKind.FIND_LINKS),
        Source(url=f"{FILES}/demo-2.0-py3-none-any.whl", kind=SourceKind.FIND_LINKS),
        Source(url=f"{FILES}/missing.html", kind=SourceKind.FIND_LINKS),
    )

    async def main() -> None:
        async with reading(upstream, sources) as found:
            assert await found.names(0, DEMO) == ["demo-1.0.tar.gz"]
            assert await found.names(0, OTHER) == ["other-1.0.tar.gz"]
            assert await found.names(1, DEMO) == ["demo-2.0-py3-none-any.whl"]
            assert await found.names(1, OTHER) is None
            assert await found.names(2, DEMO) is None

    run(main)
    assert upstream.reads == [(f"{FILES}/all.html", None), (f"{FILES}/missing.html", None)]
