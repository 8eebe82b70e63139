"""Pages as indexes write them, and several indexes at once: each means what it means to pip."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pytest

from tests.support.environments import Environment, Workspace
from tests.support.faults import Fault, Ok, RedirectTo, Reset, Status
from tests.support.faultserver import FaultyIndex
from tests.support.limits import QUICK
from tests.support.pages import JSON_TYPE, Shape, html_page, json_page, write_files, write_index
from tests.support.wheels import Distribution, make_sdist, make_wheel

HTML = "text/html; charset=utf-8"


@pytest.fixture
def second() -> Iterator[FaultyIndex]:
    """Another index, on another port."""
    with FaultyIndex() as running:
        yield running


# --- one page in its form --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How an index writes the page of one project."""

    name: str
    """The project that is asked for."""
    page: Callable[[str, FaultyIndex], str]
    """Writes it, given the project and the index: its files are those of `versions`."""
    versions: tuple[str, ...] = ("1.0",)
    taken: str = "1.0"
    """The version that is to be installed."""
    content_type: str = HTML
    pack: Callable[[bytes], bytes] | None = None
    encoding: str = ""
    moved: bool = False
    """Whether the page is elsewhere, where a redirect leads."""


def anchors(*attributes: str, path: str = "../../files/", before: str = "") -> Callable[..., str]:
    """Write an anchor for 1.0, with the n-th attributes for version n.0, below a path."""

    def page(project: str, index: FaultyIndex) -> str:
        place = path.format(index=index.host)
        links = [
            f'<a href="{place}{wheel(project, f"{number}.0").filename}" {more}>{number}.0</a>'
            for number, more in enumerate(attributes or ("",), 1)
        ]
        return f"<html>{before.format(index=index.host)}<body>{''.join(links)}</body></html>"

    return page


def names(*names: str) -> Callable[..., str]:
    """Write an anchor for 1.0, and one for each of other names, whose files nobody has."""

    def page(project: str, index: FaultyIndex) -> str:
        odd = "".join(f'<a href="../../files/{name.format(project)}">{escape(name)}</a>' for name in names)
        return anchors()(project, index).replace("<body>", f"<body>{odd}")

    return page


def objects(*more: dict[str, object], top: dict[str, object] | None = None) -> Callable[..., str]:
    """Write the JSON object of version n.0 with the n-th keys."""

    def page(project: str, _: FaultyIndex) -> str:
        files = []
        for number, keys in enumerate(more, 1):
            name = wheel(project, f"{number}.0").filename
            files.append({"filename": name, "url": f"../../files/{name}", "hashes": {}, **keys})
        return json.dumps({"meta": {"api-version": "1.0"}, "name": project, "files": files, **(top or {})})

    return page


def long(project: str, index: FaultyIndex) -> str:
    """Write a page of 5 MB."""
    old = (wheel(project, f"0.{number}").filename for number in range(25_000))
    rows = "".join(f'<a href="../../files/{name}#sha256={"0" * 64}">{name}</a><br>\n' for name in old)
    return anchors()(project, index).replace("<body>", f"<body>{rows}")


def wheel(project: str, version: str) -> Distribution:
    """Make the file of a version."""
    return make_wheel(project, version)


FORMS = (
    Form(name="relative", page=anchors()),
    Form(name="rooted", page=anchors(path="/files/")),
    Form(name="absolute", page=anchors(path="http://{index}/files/")),
    Form(name="based", page=anchors(path="", before='<head><base href="http://{index}/files/"></head>')),
    Form(
        name="based-twice",
        page=anchors(path="", before='<base href="http://{index}/files/"><base href="/no/">'),
    ),
    Form(name="moved", page=anchors(path="../../../../files/"), moved=True),
    Form(
        name="queried", page=lambda *given: anchors()(*given).replace(".whl", ".whl?token=a%2Fb&amp;x=%C3%A9")
    ),
    Form(name="sloppy", page=lambda *given: anchors()(*given).replace("<a ", "<A\n ").replace("</a>", "")),
    Form(
        name="entities",
        versions=("1.0", "2.0"),
        page=anchors('data-requires-python="&gt;=3.8,&lt;99"', 'data-requires-python="&gt;=99"'),
    ),
    Form(name="empty-python", page=anchors('data-requires-python=""')),
    Form(name="yanked", versions=("1.0", "2.0"), page=anchors("", 'data-yanked="it &quot;breaks&quot;"')),
    Form(name="yanked-without-reason", versions=("1.0", "2.0"), page=anchors("", 'data-yanked=""')),
    Form(
        name="yanked-without-value",
        versions=("1.0", "2.0"),
        page=anchors("", "data-yanked"),
        taken="2.0",  # an empty value counts, none does not, to pip
    ),
    Form(name="signed", page=anchors('data-gpg-sig="true"')),
    Form(name="metadata-true", page=anchors('data-dist-info-metadata="true"')),
    Form(
        name="metadata-new-name",
        page=anchors('data-core-metadata="true" data-dist-info-metadata="sha256=00"'),
    ),
    Form(name="metadata-strange", page=anchors('data-core-metadata="yes"')),
    Form(
        name="odd-files",
        page=names(
            *("{}-2.0-py3-none.whl", "{}-2.0-cp27-cp27mu-win32.whl", "{}-2.0.exe", "{}-2.0.tar.gz.asc"),
            *("other-2.0-py3-none-any.whl", "{}.tar.gz", "{}-.zip", "{}-2.0%00.zip", "", "?C=M;O=A", "../"),
            *("{}-two-py3-none-any.whl", "mailto:a@b"),
        ),
    ),
    Form(name="long", page=long),
    Form(name="gzipped", page=anchors(), pack=gzip.compress, encoding="gzip"),
    Form(name="deflated", page=anchors(), pack=zlib.compress, encoding="deflate"),
    Form(name="latin", page=anchors(), content_type="text/html; charset=ISO-8859-1"),
    Form(name="declared", page=anchors(), content_type="application/vnd.pypi.simple.v1+html"),
    Form(name="object", page=objects({}), content_type=JSON_TYPE),
    Form(
        name="object-of-later-version",
        page=objects({"x-new": {"deep": [1]}}, top={"meta": {"api-version": "1.9"}, "x-top": None}),
        content_type=JSON_TYPE,
    ),
    Form(
        name="object-yanked",
        versions=("1.0", "2.0"),
        page=objects({"yanked": False}, {"yanked": "bad"}),
        content_type=JSON_TYPE,
    ),
    Form(
        name="object-python",
        versions=("1.0", "2.0"),
        page=objects({"requires-python": None}, {"requires-python": ">=99"}),
        content_type=JSON_TYPE,
    ),
    Form(
        name="object-metadata",
        page=objects({"dist-info-metadata": True, "core-metadata": None}),
        content_type=JSON_TYPE,
    ),
)


@pytest.mark.timeout(240)
def test_a_page_means_what_it_means_to_pip(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Of each project the same version is taken, and its file is found."""
    for form in FORMS:
        for version in form.versions:
            file = wheel(form.name, version)
            index.put(file.path, file.content)
            index.put(f"{file.path}.metadata", file.metadata or b"")
        body = form.page(form.name, index).encode()
        path = f"/moved/deep/simple/{form.name}/" if form.moved else index.page_path(form.name)
        url = index.put(
            path, form.pack(body) if form.pack else body, form.content_type, encoding=form.encoding
        )
        if form.moved:
            index.script(index.page_path(form.name), [RedirectTo(url)])
    words = ("install", "--no-compile", "--index-url", index.url, *(form.name for form in FORMS))
    run = workspace.tool(environment, *words, timeout_s=100)
    assert run.returncode == 0, run.output
    by_pip = workspace.environment("by-pip")
    judge = workspace.pip(by_pip, *words, timeout_s=100)
    assert judge.returncode == 0, judge.output
    assert environment.versions() == by_pip.versions() == {form.name: form.taken for form in FORMS}


# --- several indexes -------------------------------------------------------------------------------


def from_place(project: str, version: str, place: str, *, yanked: str | None = None) -> Distribution:
    """Make a wheel that tells where it came from."""
    return make_wheel(project, version, files={f"{project}/origin.txt": place}, yanked=yanked)


def origins(environment: Environment) -> dict[str, str]:
    """Say of each project that is installed which version, and where it came from."""
    return {
        name: f"{version} of {(environment.site_packages / name / 'origin.txt').read_text()}"
        for name, version in environment.versions().items()
    }


def test_sources_are_merged_as_pip_merges_them(
    index: FaultyIndex, second: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The best file counts, wherever it is; of equal ones the last, in pip's order of places."""
    index.add(from_place("both", "1.0", "first"))
    second.add(from_place("both", "1.0", "second"))
    index.add(from_place("newer", "2.0", "first"))
    second.add(from_place("newer", "1.0", "second"))
    index.add(from_place("withdrawn", "1.0", "first"))
    second.add(from_place("withdrawn", "1.0", "second", yanked="bad"))
    index.add(from_place("built", "1.0", "first"))
    second.add(make_sdist("built", "1.0"))
    second.add(from_place("elsewhere", "1.0", "second"))  # the first answers 404
    second.add(from_place("forbidden", "1.0", "second"))
    index.script(index.page_path("forbidden"), [Status(403)])
    third = write_index(
        workspace.root / "third", [from_place(name, "1.0", "third") for name in ("both", "local")]
    )
    folders = [workspace.root / name for name in ("links-a", "links-b")]
    for folder in folders:
        write_files(
            folder, [from_place(name, "1.0", folder.name) for name in ("folders", "paged", "newer", "local")]
        )
    paged = [from_place(name, "1.0", "page") for name in ("paged", "newer")]
    write_files(workspace.root / "files", paged)
    (workspace.root / "page.html").write_bytes(
        html_page("all", paged, Shape(metadata=False)).replace(b"../../", b"")
    )
    single = from_place("single", "1.0", "url")
    words: list[str | Path] = [
        *("--index-url", index.url, "--extra-index-url", second.url, "--extra-index-url", third),
        *("--find-links", (workspace.root / "page.html").as_uri()),
        *("--find-links", folders[0], "--find-links", folders[1].as_uri()),
        *("--find-links", index.put(f"/away/{single.filename}", single.content)),
        *(
            "both",
            "newer",
            "withdrawn",
            "built",
            "elsewhere",
            "forbidden",
            "local",
            "folders",
            "paged",
            "single",
        ),
    ]
    run = workspace.tool(environment, "install", *words)
    assert run.returncode == 0, run.output
    by_pip = workspace.environment("by-pip")
    assert workspace.pip(by_pip, "install", *words).returncode == 0
    assert origins(environment) == origins(by_pip)
    assert origins(by_pip) == {
        "both": "1.0 of third",
        "newer": "2.0 of first",
        "withdrawn": "1.0 of first",
        "built": "1.0 of first",
        "elsewhere": "1.0 of second",
        "forbidden": "1.0 of second",
        "local": "1.0 of third",
        "folders": "1.0 of links-a",
        "paged": "1.0 of page",
        "single": "1.0 of url",
    }
    assert "HTTP 403 for some names (first forbidden): taken as not there" in run.output


def test_what_goes_with_a_route_is_asked_for_nowhere_else(
    index: FaultyIndex, second: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """What `also` fits comes from the route's index, dependency or not; no other index hears of it."""
    index.add(make_wheel("plain", "1.0"))
    for name in ("torch", "nvidia-one", "nvidia-two"):
        index.add(make_wheel(name, "9.0"))
    second.add(make_wheel("torch", "1.0", ["nvidia-one", "plain"]))
    second.add(make_wheel("nvidia-one", "1.0", ["nvidia-two"]))
    second.add(make_wheel("nvidia-two", "1.0"))
    file = workspace.write(
        "requirements.txt", f"# resilient-pip: index-url={second.url} also=nvidia-*", "torch", "", "plain"
    )
    with FaultyIndex() as mirror:
        words = ("--index-url", index.url, "--mirror", mirror.url, "-r", file)
        run = workspace.tool(environment, "install", *words)
        assert run.returncode == 0, run.output
        assert mirror.requests == []
    assert environment.versions() == {
        "torch": "1.0",
        "nvidia-one": "1.0",
        "nvidia-two": "1.0",
        "plain": "1.0",
    }
    assert {request.path for request in index.requests if request.path.startswith("/simple/")} == {
        index.page_path("plain")
    }
    assert second.requests_for(second.page_path("plain")) == []


# --- files behind URLs that do not last ------------------------------------------------------------


LARGE = make_wheel("large", "1.0", size=400_000)


def test_a_redirect_that_expires_is_followed_afresh(
    index: FaultyIndex, second: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The next try starts from the URL that the index gave, and goes on where the last one broke."""
    index.add(LARGE)
    stores = [second.put(f"/{number}/{LARGE.filename}", LARGE.content) for number in (1, 2)]
    index.script(
        LARGE.path, [RedirectTo(stores[0]), RedirectTo(stores[0]), RedirectTo(f"{stores[1]}?sig=s3cret")]
    )
    second.script(f"/1/{LARGE.filename}", [Reset(90_000), Status(403)])
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "large")
    assert run.returncode == 0, run.output
    assert asked(second, LARGE.filename) == [("/1/", None), ("/1/", "bytes=90000-"), ("/2/", "bytes=90000-")]
    assert "s3cret" not in run.output


def test_urls_of_a_page_that_expire_are_looked_up_again(
    index: FaultyIndex, second: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Each time one is refused, on its page, which is read anew; what has come stays."""
    stories: tuple[list[Fault], ...] = ([Reset(90_000), Status(403)], [Reset(180_000), Status(400)], [Ok()])
    pages = []
    for number, story in enumerate(stories, 1):
        store = f"/{number}/{LARGE.filename}"
        second.put(store, LARGE.content)
        second.put(f"{store}.metadata", LARGE.metadata or b"")
        second.script(store, story)
        url = f"{second.url_of(store)}?sig=s3cret"
        page = json_page("large", [LARGE], Shape()).replace(f"../..{LARGE.path}".encode(), url.encode())
        pages.append(index.put(f"/pages/{number}", page, JSON_TYPE))
    index.script(index.page_path("large"), [RedirectTo(page) for page in pages])
    run = workspace.tool(environment, "install", "--index-url", index.url, *QUICK, "large")
    assert run.returncode == 0, run.output
    assert asked(second, LARGE.filename) == [
        ("/1/", None),
        ("/1/", "bytes=90000-"),
        ("/2/", "bytes=90000-"),
        ("/2/", "bytes=180000-"),
        ("/3/", "bytes=180000-"),
    ]
    assert "s3cret" not in run.output


def asked(server: FaultyIndex, filename: str) -> list[tuple[str, str | None]]:
    """Say below which folders a file was asked for, in turn, and from which byte on."""
    return [
        (request.path.removesuffix(filename), request.range)
        for request in server.requests
        if request.path.endswith(filename)
    ]
