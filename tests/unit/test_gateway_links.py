"""The gateway's URLs."""

from __future__ import annotations

from resilient_pip.gateway.links import Links
from tests.support.wheels import make_wheel
from tests.unit.gateways import listed

BASE = "http://127.0.0.1:4711/token"


def test_urls_lead_back_to_files() -> None:
    """A URL ends in the file's own name, and stands for the file as long as nothing of it is changed."""
    links = Links(BASE)
    entry = listed(make_wheel("demo", "1.0+cpu"))
    url = links.file_url(2, entry)
    assert url.startswith(f"{BASE}/2/files/demo/")
    assert url.endswith("/demo-1.0%2Bcpu-py3-none-any.whl")
    assert links.index_url(2) == f"{BASE}/2/simple/"
    assert links.remote_file(url) == entry.file
    assert links.remote_file(url + "#sha256=aa") == entry.file
    strangers = [
        url.replace("token", "other"),
        url.replace("4711", "4712"),
        url.replace("/2/", "/3/"),
        url.replace("/2/", "/x/"),
        url.replace("/demo/", "/demon/"),
        url.replace("1.0", "1.1"),
        links.index_url(2),
        "https://files.test/demo-1.0.whl",
    ]
    assert [links.remote_file(stranger) for stranger in strangers] == [None] * len(strangers)


def test_a_text_names_files_as_upstream_does() -> None:
    """Credentials and the gateway's secret stay out; what is no file loses the secret only."""
    links = Links(BASE)
    entry = listed(make_wheel("demo", "1.0+cpu"), url="https://u:p@files.test/a/demo-1.0%2Bcpu.whl?sig=x")
    url = links.file_url(0, entry)
    upstream = "https://files.test/a/demo-1.0%2Bcpu.whl"
    assert links.in_upstreams_words(f"demo from {url}#sha256=aa (from -r x)") == (
        f"demo from {upstream} (from -r x)"
    )
    assert links.in_upstreams_words(f"Downloading {url}.metadata.") == f"Downloading {upstream}.metadata."
    assert links.in_upstreams_words(f"in {BASE}/0/simple/demo/: x") == "in gateway:/0/simple/demo/: x"
    assert links.in_upstreams_words(f"Looking in indexes: {BASE}") == "Looking in indexes: gateway:"
