"""Index pages as values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from resilient_pip.index.pages import ListedFile, Page, PageError, parse_page
from resilient_pip.index.rewrite import HTML_TYPE, JSON_TYPE
from resilient_pip.model import ProjectName, RemoteFile, SafeUrl, redact

URL = "https://index.test/simple/demo/"
WHEEL = "demo-1.0-py3-none-any.whl"


def parse(body: str | dict[str, Any], content_type: str = JSON_TYPE, url: str = URL) -> Page:
    """Parse a page of the project demo."""
    text = body if isinstance(body, str) else json.dumps(body)
    return parse_page(
        text.encode(),
        content_type,
        url,
        project=ProjectName("demo"),
        index=SafeUrl("https://index.test/simple"),
    )


def remote(url: str, filename: str = WHEEL, **changes: Any) -> RemoteFile:
    """Describe a file of that page."""
    return RemoteFile(
        project=ProjectName("demo"),
        filename=filename,
        url=url,
        index=SafeUrl("https://index.test/simple"),
        **changes,
    )


def test_json_pages_are_read_and_kept() -> None:
    """Every attribute is read, and the object stays as it was, unknown keys too."""
    entry = {
        "filename": WHEEL,
        "url": f"../../files/{WHEEL}#sha256=aa",
        "hashes": {"sha256": "AB", "blake3": "cd", "md5": 7},
        "requires-python": ">=3.8",
        "core-metadata": {"sha256": "ef"},
        "yanked": "broken",
        "size": 12,
        "x-unknown": [1],
    }
    page = parse({"meta": {"api-version": "1.4"}, "files": [entry], "x-top": True})
    assert page == Page(
        document={"meta": {"api-version": "1.4"}, "x-top": True},
        files=(
            ListedFile(
                file=remote(f"https://index.test/files/{WHEEL}", hashes={"sha256": "ab"}, size=12),
                requires_python=">=3.8",
                yanked=True,
                metadata={"sha256": "ef"},
                raw=entry,
            ),
        ),
    )


@pytest.mark.parametrize(
    ("keys", "metadata"),
    [
        pytest.param({}, None, id="not-offered"),
        pytest.param({"core-metadata": False, "dist-info-metadata": True}, None, id="new-name-counts"),
        pytest.param({"dist-info-metadata": True}, {}, id="old-name"),
        pytest.param({"core-metadata": {"sha256": "aa"}}, {"sha256": "aa"}, id="hash"),
        pytest.param({"core-metadata": {"crc": "aa"}}, {}, id="unknown-hash"),
    ],
)
def test_offered_metadata(keys: dict[str, Any], metadata: dict[str, str] | None) -> None:
    """PEP 658's key is read by its new name, else by its old one."""
    page = parse({"files": [{"url": WHEEL, "hashes": {}, **keys}]})
    assert [listed.metadata for listed in page.files] == [metadata]


def test_html_becomes_the_shape_of_json() -> None:
    """Attributes of anchors become keys; the hash leaves the URL."""
    page = parse(
        f"""<!DOCTYPE html><html><head>
        <meta name="pypi:repository-version" content="1.1">
        <meta name="pypi:project-status" content="archived">
        <meta name="pypi:project-status-reason" content="old">
        <base href="/packages/"><base href="/ignored/"></head><body>
        <a href="{WHEEL}#sha256=AA" data-requires-python="&gt;=3.8" data-core-metadata="sha256=bb"
           data-dist-info-metadata="true" data-yanked="" data-gpg-sig="true" data-provenance="https://p">x</a>
        <a href="demo-1.0.tar.gz?sig=1&amp;e=2" data-yanked="bad" data-gpg-sig="false">y</a>
        <a>no target</a> <a href="../">up</a> <a href="http://[bad/x.whl">bad</a>
        </body></html>""",
        "text/html; charset=utf-8",
    )
    wheel: dict[str, Any] = {
        "filename": WHEEL,
        "url": f"https://index.test/packages/{WHEEL}",
        "hashes": {"sha256": "AA"},
        "requires-python": ">=3.8",
        "core-metadata": {"sha256": "bb"},
        "dist-info-metadata": True,
        "yanked": True,
        "gpg-sig": True,
        "provenance": "https://p",
    }
    sdist: dict[str, Any] = {
        "filename": "demo-1.0.tar.gz",
        "url": "https://index.test/packages/demo-1.0.tar.gz?sig=1&e=2",
        "hashes": {},
        "yanked": "bad",
        "gpg-sig": False,
    }
    assert page.document == {
        "meta": {"api-version": "1.0"},
        "name": "demo",
        "project-status": {"status": "archived", "reason": "old"},
    }
    assert [listed.raw for listed in page.files] == [wheel, sdist]
    assert [listed.file for listed in page.files] == [
        remote(wheel["url"], hashes={"sha256": "aa"}),
        remote(sdist["url"], "demo-1.0.tar.gz"),
    ]


@pytest.mark.parametrize(
    ("attribute", "yanked"),
    [
        pytest.param('data-yanked="bad"', True, id="reason"),
        pytest.param('data-yanked=""', True, id="empty"),
        pytest.param("data-yanked", False, id="no-value"),
    ],
)
def test_yanked_in_html(attribute: str, yanked: bool) -> None:  # noqa: FBT001 - a column
    """An attribute without a value counts for none, as with pip, and unlike PEP 592."""
    page = parse(f'<a href="{WHEEL}" {attribute}>x</a>', "text/html")
    assert [listed.yanked for listed in page.files] == [yanked]


def test_charset_of_the_header_counts() -> None:
    """HTML in another charset is decoded by its header; one that nobody knows is an error."""
    body = f'<a href="d\xe9mo/{WHEEL}">x</a>'.encode("latin-1")
    page = parse_page(body, "text/html; charset=latin-1", URL, project=ProjectName("demo"), index=SafeUrl(""))
    assert page.files[0].file.url == f"{URL}d%C3%A9mo/{WHEEL}"
    with pytest.raises(PageError, match="unknown charset"):
        parse("<html>", "text/html; charset=klingon")


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"url": "https://h/..%2F..%2Fx.whl"}, id="climbs"),
        pytest.param({"url": "https://h/x%00.whl"}, id="nul"),
        pytest.param({"url": "https://h/" + "x" * 252 + ".whl"}, id="too-long"),
        pytest.param({"url": "https://h/x.whl", "filename": "../x.whl"}, id="filename-climbs"),
        pytest.param({"url": "https://h/x.whl", "filename": 7}, id="filename-no-text"),
        pytest.param({"url": "file:///etc/x.whl"}, id="local-file"),
        pytest.param({"url": "ftp://h/x.whl"}, id="other-scheme"),
        pytest.param({"url": "http://[bad/x.whl"}, id="no-url"),
    ],
)
def test_harmful_entries_are_dropped_and_told(entry: dict[str, Any]) -> None:
    """What could lead out of a folder or read local files is left out, the rest stays."""
    page = parse({"files": [entry, {"url": f"https://h/{WHEEL}", "hashes": {}}, {"no": "url"}, 7]})
    assert [listed.file.filename for listed in page.files] == [WHEEL]
    name = entry.get("filename")
    assert page.dropped == (ascii(name if isinstance(name, str) else redact(entry["url"]))[:80],)


def test_of_many_harmful_entries_a_few_are_named() -> None:
    """Shortened, without a URL's credentials, and the rest counted."""
    files = [{"url": f"ftp://u:{'secret' * 20}@h/{number}.whl"} for number in range(9)]
    assert parse({"files": files}).dropped == (
        *(f"'ftp://h/{number}.whl'" for number in range(4)),
        "'ftp://h/4.whl' and 4 more",
    )


def test_an_impossible_size_is_none() -> None:
    """What computes with it need not bear it."""
    page = parse({"files": [{"url": WHEEL, "size": size} for size in (2**63 - 1, 2**63, 10**4000, -1, True)]})
    assert [listed.file.size for listed in page.files] == [2**63 - 1, None, None, None, None]


def test_local_pages_may_name_local_files() -> None:
    """A page that was read from disk may list what lies beside it."""
    page = parse(f'<a href="{WHEEL}">x</a>', "text/html", "file:///srv/simple/demo/index.html")
    assert [listed.file.url for listed in page.files] == [f"file:///srv/simple/demo/{WHEEL}"]


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        pytest.param("{}", "application/json", "not an index page, but application/json", id="type"),
        pytest.param("", "", "something without a Content-Type", id="no-type"),
        pytest.param("{", JSON_TYPE, "cannot be read", id="broken-json"),
        pytest.param("[" * 100_000, JSON_TYPE, "cannot be read", id="deep-json"),
        pytest.param("[]", JSON_TYPE, "no list of files", id="other-json"),
        pytest.param('{"files": {}}', JSON_TYPE, "no list of files", id="files-no-list"),
        pytest.param(
            '{"files": [], "meta": {"api-version": "2.0"}}', JSON_TYPE, "version 2.0", id="newer-version"
        ),
        pytest.param('{"files": [%s 1]}' % ("1," * 100_000), JSON_TYPE, "more than 100000", id="many-files"),
        pytest.param('{"files": [], "x": [%s 1]}' % ("1," * 2 * 10**6), JSON_TYPE, "more", id="many-values"),
        pytest.param("<a>" * 100_001, "text/html", "more than 100000 files", id="many-anchors"),
        pytest.param("<b>" * 10**6 + "<b>", "text/html", "more than 100000 files", id="many-tags"),
        pytest.param("<a " + "a " * 70_000, "text/html", "endless", id="endless-tag"),
        pytest.param("<base href='http://[x'>", "text/html", "<base> is no URL", id="base"),
        pytest.param("<html>", "text/html; charset=utf-16", "its own charset", id="no-byte-order"),
        pytest.param("<html>", "text/html; charset=punycode", "unknown charset", id="no-charset-of-pages"),
        pytest.param("<html>", "text/html; charset=zlib", "unknown charset", id="no-text"),
        pytest.param("<form><input></form>", "text/html", "captive portal", id="portal"),
        pytest.param("<html>Please log in.</html>", "text/html", "captive portal", id="plain-portal"),
        pytest.param("", "text/html", "captive portal", id="nothing"),
    ],
)
def test_what_is_no_index_page(body: str, content_type: str, message: str) -> None:
    """Anything else is an error that says what came instead."""
    with pytest.raises(PageError, match=message):
        parse(body, content_type)


def test_an_empty_page_is_a_page() -> None:
    """An index may list nothing, and spell the type of HTML as PEP 691 does."""
    assert parse("<html><a href='../'>up</a></html>", HTML_TYPE).files == ()
    assert parse("<title>Links for Demo</title>", "text/html").files == ()
    assert parse("<h1>demo</h1>", "text/html").files == ()
    assert parse({"files": [], "meta": 3}).files == ()
