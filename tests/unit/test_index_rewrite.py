"""Pages with other URLs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from resilient_pip.index.pages import Page, PageError, parse_page
from resilient_pip.index.rewrite import HTML_TYPE, JSON_TYPE, OLD_HTML_TYPE, negotiate, rewrite
from resilient_pip.model import ProjectName, SafeUrl

WHEEL = "demo-1.0-py3-none-any.whl"
DOCUMENT: dict[str, Any] = {
    "meta": {"api-version": "1.4", "_last-serial": 7},
    "name": "demo",
    "versions": ["1.0"],
    "files": [
        {
            "filename": WHEEL,
            "url": f"https://files.test/{WHEEL}",
            "hashes": {"sha256": "aa", "md5": "bb"},
            "requires-python": ">=3.8",
            "core-metadata": {"sha256": "cc"},
            "size": 7,
            "upload-time": "2024-01-01T00:00:00Z",
            "yanked": False,
            "provenance": "https://files.test/p",
            "x-unknown": {"a": 1},
        },
        {
            "filename": "demo-1.1-py3-none-any.whl",
            "url": "demo-1.1-py3-none-any.whl#sha256=dd",
            "yanked": "old",
        },
        {"url": "demo-1.0.tar.gz", "hashes": {}, "yanked": True, "gpg-sig": True},
    ],
    "x-top": [1],
}
PAGE = parse_page(
    json.dumps(DOCUMENT).encode(),
    JSON_TYPE,
    "https://index.test/simple/demo/",
    project=ProjectName("demo"),
    index=SafeUrl(""),
)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        pytest.param(
            "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0",
            JSON_TYPE,
            id="pip",
        ),
        pytest.param("text/html,application/xhtml+xml,*/*;q=0.8", OLD_HTML_TYPE, id="browser"),
        pytest.param("*/*", OLD_HTML_TYPE, id="anything"),
        pytest.param("", OLD_HTML_TYPE, id="nothing"),
        pytest.param("application/vnd.pypi.simple.v1+html", HTML_TYPE, id="new-html"),
        pytest.param("application/vnd.pypi.simple.latest+json", JSON_TYPE, id="latest"),
        pytest.param("application/vnd.pypi.simple.v1+json;q=0, text/html;q=x", OLD_HTML_TYPE, id="refused"),
    ],
)
def test_the_type_follows_accept(accept: str, content_type: str) -> None:
    """Clients that know JSON get it, all others HTML."""
    assert negotiate(accept) == content_type


def test_json_changes_urls_and_offers_metadata_only() -> None:
    """The object is copied; wheels get core metadata, with the index's hashes where it gives them."""
    first, second, third = DOCUMENT["files"]
    written = json.loads(rewrite(PAGE, JSON_TYPE, lambda listed: f"http://gw/{listed.file.filename}"))
    assert written == {
        **DOCUMENT,
        "files": [
            {**first, "url": f"http://gw/{WHEEL}", "dist-info-metadata": {"sha256": "cc"}},
            {
                **second,
                "url": "http://gw/demo-1.1-py3-none-any.whl",
                "hashes": {"sha256": "dd"},
                "core-metadata": True,
                "dist-info-metadata": True,
            },
            {**third, "url": "http://gw/demo-1.0.tar.gz"},
        ],
    }


def test_html_says_the_same() -> None:
    """Reading the HTML gives what pip needs of the JSON."""
    written = rewrite(PAGE, HTML_TYPE, lambda listed: f"http://gw/a&b/{listed.file.filename}")
    again = parse_page(written, HTML_TYPE, "http://gw/", project=ProjectName("demo"), index=SafeUrl(""))
    assert [
        (listed.file.url, listed.file.hashes, listed.requires_python, listed.metadata, listed.yanked)
        for listed in again.files
    ] == [
        (f"http://gw/a&b/{WHEEL}", {"sha256": "aa"}, ">=3.8", {"sha256": "cc"}, False),
        ("http://gw/a&b/demo-1.1-py3-none-any.whl", {"sha256": "dd"}, None, {}, True),
        ("http://gw/a&b/demo-1.0.tar.gz", {}, None, None, True),
    ]
    assert [listed.raw.get("yanked") for listed in again.files] == [None, "old", True]
    assert again.files[0].raw["provenance"] == "https://files.test/p"
    assert again.files[2].raw["gpg-sig"] is True
    assert b">demo-1.0.tar.gz</a>" in written


def test_unknown_metadata_hashes_are_not_passed_off() -> None:
    """A hash that nobody checks does not make the attribute wrong."""
    page = parse_page(
        json.dumps({"files": [{"url": WHEEL, "core-metadata": {"crc": "aa"}}]}).encode(),
        JSON_TYPE,
        "https://index.test/",
        project=ProjectName("demo"),
        index=SafeUrl(""),
    )
    assert b'data-core-metadata="true"' in rewrite(page, HTML_TYPE, lambda _: "http://gw/x")


def test_what_pip_cannot_bear_is_left_out() -> None:
    """Values of a wrong type in keys that pip trusts; the file itself stays."""
    entry = {
        "url": WHEEL,
        "hashes": {"sha256": "aa", "md5": 7},
        "requires-python": [3],
        "upload-time": "yesterday",
        "core-metadata": {"sha256": 7},
    }
    page = parse_page(
        json.dumps({"files": [entry, {"url": "demo-1.zip", "hashes": "aa"}]}).encode(),
        JSON_TYPE,
        "https://index.test/",
        project=ProjectName("demo"),
        index=SafeUrl(""),
    )
    assert json.loads(rewrite(page, JSON_TYPE, lambda _: "http://gw/x"))["files"] == [
        {
            "url": "http://gw/x",
            "hashes": {"sha256": "aa"},
            "core-metadata": True,
            "dist-info-metadata": True,
        },
        {"url": "http://gw/x", "hashes": {}},
    ]


def test_json_that_is_too_deep_to_be_written() -> None:
    """It is a page error, whatever could be read of it."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(PageError, match="nested too deeply"):
        rewrite(Page(document={"x": deep}, files=()), JSON_TYPE, lambda _: "")


def test_a_local_file_is_as_old_as_need_be() -> None:
    """When local files were uploaded does not matter to pip; behind the gateway they are local no more."""
    page = parse_page(
        f'<a href="{WHEEL}">x</a>'.encode(),
        "text/html",
        "file:///srv/simple/demo/index.html",
        project=ProjectName("demo"),
        index=SafeUrl(""),
    )
    (file,) = json.loads(rewrite(page, JSON_TYPE, lambda _: "http://gw/x"))["files"]
    assert file["upload-time"] == "1970-01-01T00:00:00Z"
