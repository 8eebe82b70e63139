"""The page rewriter, for every page that an index could send."""

from __future__ import annotations

import encodings.aliases
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pip._internal.index.collector import IndexContent, parse_links

from resilient_pip.gateway.links import Links
from resilient_pip.index.pages import ListedFile, Page, PageError, parse_page
from resilient_pip.index.rewrite import HTML_TYPE, JSON_TYPE, OLD_HTML_TYPE, rewrite
from resilient_pip.model import SafeUrl, project_name

URL = "https://index.test/simple/demo/"
BASE = "http://127.0.0.1:4711/secret"
CHANGED = ("url", "core-metadata", "dist-info-metadata")
"""What a rewrite changes of a file."""

FILENAMES = st.sampled_from(
    ("demo-1.0-py3-none-any.whl", "demo-2.0-cp311-cp311-linux_x86_64.whl", "demo-1.0.tar.gz", "Demo_x-3.zip")
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
"""Any JSON value."""
WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["Cc"]), max_size=12)
HASHES = st.dictionaries(
    st.sampled_from(("sha256", "sha512", "md5")), st.text("0123456789abcdef", min_size=1, max_size=8)
)
UNKNOWN = st.dictionaries(st.text(max_size=8).map(lambda name: f"x-{name}"), VALUES, max_size=3)


@st.composite
def good_files(draw: st.DrawFn) -> dict[str, Any]:
    """A file as PEP 691 and 700 describe it, with keys that nobody knows."""
    filename = draw(FILENAMES)
    optional = st.fixed_dictionaries(
        {"filename": st.just(filename), "hashes": HASHES},
        optional={
            "requires-python": st.sampled_from((">=3.8", "<4,>3", None)),
            "yanked": st.booleans() | WORDS,
            "size": st.integers(0, 2**40),
            "core-metadata": st.booleans() | HASHES,
            "upload-time": st.just("2024-01-01T00:00:00.000000Z"),
            "gpg-sig": st.booleans(),
        },
    )
    folder = draw(st.sampled_from(("", "../../files/", "https://files.test/a/", "/b/")))
    query = draw(st.sampled_from(("", "?sig=a%2Fb&e=1")))
    return {**draw(UNKNOWN), **draw(optional), "url": f"{folder}{filename}{query}"}


GOOD_PAGES = st.builds(
    lambda unknown, files: {**unknown, "meta": {"api-version": "1.1"}, "name": "demo", "files": files},
    UNKNOWN,
    st.lists(good_files(), max_size=4),
)
BAD_FILES = st.fixed_dictionaries(
    {"url": FILENAMES | st.text(max_size=20) | VALUES},
    optional=dict.fromkeys(
        (
            "filename",
            "hashes",
            "requires-python",
            "yanked",
            "size",
            "core-metadata",
            "dist-info-metadata",
            "upload-time",
            "gpg-sig",
            "provenance",
        ),
        VALUES,
    ),
)
"""Known keys with values of any type."""


def parse(body: bytes, content_type: str = JSON_TYPE, url: str = URL) -> Page:
    """Read a page of the project demo."""
    return parse_page(body, content_type, url, project=project_name("demo"), index=SafeUrl(""))


def read(document: object) -> Page:
    """Read a document as a page."""
    return parse(json.dumps(document).encode())


def gateway(listed: ListedFile) -> str:
    """A URL of the gateway that depends on the file's name alone."""
    return f"{BASE}/{listed.file.filename}"


@given(GOOD_PAGES)
def test_only_urls_and_the_offer_of_metadata_change(document: dict[str, Any]) -> None:
    """Every other key of the page and of each file is what the index wrote, unknown ones too."""
    written = json.loads(rewrite(read(document), JSON_TYPE, gateway))
    assert {**written, "files": []} == {**document, "files": []}
    assert len(written["files"]) == len(document["files"])
    for new, old in zip(written["files"], document["files"], strict=True):
        assert {k: v for k, v in new.items() if k not in CHANGED} == {
            k: v for k, v in old.items() if k not in CHANGED
        }


@given(GOOD_PAGES)
def test_every_url_is_one_of_the_gateway(document: dict[str, Any]) -> None:
    """No URL leads pip elsewhere; the gateway finds again what each of its URLs stands for."""
    links = Links(BASE)
    page = read(document)
    written = json.loads(rewrite(page, JSON_TYPE, lambda listed: links.file_url(3, listed)))
    assert all(entry["url"].startswith(f"{BASE}/3/files/demo/") for entry in written["files"])
    found = [links.remote_file(entry["url"]) for entry in written["files"]]
    assert [file.url for file in found if file] == [listed.file.url for listed in page.files]


@given(GOOD_PAGES, st.sampled_from((HTML_TYPE, OLD_HTML_TYPE)))
def test_html_and_json_say_the_same(document: dict[str, Any], html_type: str) -> None:
    """What decides which file is chosen is the same in either; HTML has room for one hash."""

    def told(page: Page) -> list[tuple[object, ...]]:
        return [
            (file.file.filename, file.file.url, file.requires_python, file.yanked, file.metadata is not None)
            for file in page.files
        ]

    page = read(document)
    as_json = parse(rewrite(page, JSON_TYPE, gateway))
    as_html = parse(rewrite(page, html_type, gateway), HTML_TYPE)
    assert told(as_html) == told(as_json)
    for html, whole in zip(as_html.files, as_json.files, strict=True):
        assert html.file.hashes.items() <= whole.file.hashes.items()
        assert bool(html.file.hashes) == bool(whole.file.hashes)


@given(GOOD_PAGES, st.sampled_from((JSON_TYPE, HTML_TYPE)))
def test_a_second_rewrite_changes_nothing(document: dict[str, Any], content_type: str) -> None:
    """Reading and writing are each other's inverse from the first time on."""
    first = rewrite(read(document), content_type, gateway)
    assert rewrite(parse(first, content_type), content_type, gateway) == first


@given(
    st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode(errors="ignore")),
    st.sampled_from((JSON_TYPE, HTML_TYPE, OLD_HTML_TYPE)) | st.text(max_size=40),
)
@example(b"\xff", "text/html; charset=undefined")
@example(b"<base href='http://[x'><a href='a-1.zip'>", HTML_TYPE)
@example(b'{"files": [], "meta": {"api-version": ' + b"[" * 900 + b"]" * 900 + b"}}", JSON_TYPE)
def test_any_bytes_are_a_page_or_a_page_error(body: bytes, content_type: str) -> None:
    """Nothing that an index sends is a traceback."""
    with suppress(PageError):
        page = parse(body, content_type)
        rewrite(page, JSON_TYPE, gateway)
        rewrite(page, HTML_TYPE, gateway)


@pytest.mark.pips
@given(st.lists(BAD_FILES, max_size=4), VALUES)
def test_pip_can_read_what_is_made_of_any_file(files: list[dict[str, Any]], meta: object) -> None:
    """Values of any type in known keys end neither this program nor pip, which trusts them."""
    try:
        page = read({"files": files, "meta": meta, "name": meta})
    except PageError:
        return  # another version of the format, it says
    for content_type in (JSON_TYPE, HTML_TYPE):
        written = rewrite(page, content_type, gateway)
        content = IndexContent(written, content_type, "utf-8", f"{BASE}/demo/", cache_link_parsing=False)
        links = list(parse_links(content))
        assert [link.filename for link in links] == [listed.file.filename for listed in page.files]
        assert all(link.as_hashes() is not None for link in links)


@pytest.mark.parametrize(
    "charset", sorted({*encodings.aliases.aliases.values(), "idna", "undefined", "punycode"})
)
def test_every_charset_is_decoded_or_refused(charset: str) -> None:
    """A charset that is none ("zlib_codec" would unpack, "punycode" take for ever) is no reason to fail."""
    body = '<a href="demo-1.0.zip">x</a>'
    for data in (body.encode(), b"\xff\x00\x80" * 10):
        with suppress(PageError):
            parse(data, f"text/html; charset={charset}")
