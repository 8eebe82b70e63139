"""Sources in order, and routes."""

from __future__ import annotations

import pytest

from resilient_pip.gateway.sources import Routes, Source, SourceKind, order_sources
from resilient_pip.model import ProjectName

PYPI = "https://pypi.test/simple"
TORCH = "https://torch.test/whl/cpu"
ROUTES = Routes(names={ProjectName("torch"): TORCH}, patterns=(("nvidia-*", TORCH), ("nvidia-pypi-*", PYPI)))


def test_order_is_that_of_pip() -> None:
    """find-links first, then the indexes, then what only routes name; nothing twice."""
    sources = order_sources(
        find_links=["/wheels", "/wheels"],
        index_urls=[PYPI, "https://user:pw@own.test/simple/", PYPI],
        routes=Routes(
            names={ProjectName("a"): PYPI + "/", ProjectName("torch"): TORCH}, patterns=(("n*", TORCH),)
        ),
        skippable=["https://own.test/simple"],
    )
    assert sources == (
        Source(url="/wheels", kind=SourceKind.FIND_LINKS),
        Source(url=PYPI),
        Source(url="https://user:pw@own.test/simple/", skippable=True),
        Source(url=TORCH, routed_only=True),
    )
    assert [source.safe_url for source in sources[2:]] == ["https://own.test/simple/", TORCH]
    assert "pw" not in repr(sources)


def test_what_is_found_as_files_comes_before_pages() -> None:
    """As pip lists it: files and folders by URL, the last first, then pages in the user's order."""
    places = [
        "/b.html",
        "/a",
        "file:///c",
        "http://h/a.html",
        "http://h/x-1.0.zip",
        "/d-1.0-py3-none-any.whl",
    ]
    sources = order_sources(find_links=places, index_urls=[PYPI], routes=Routes())
    assert [source.url for source in sources] == [
        *("http://h/x-1.0.zip", "/d-1.0-py3-none-any.whl", "file:///c", "/a"),
        *("/b.html", "http://h/a.html", PYPI),
    ]


@pytest.mark.parametrize(
    ("project", "index"),
    [
        pytest.param("torch", TORCH, id="by-name"),
        pytest.param("nvidia-cublas", TORCH, id="by-pattern"),
        pytest.param("nvidia-pypi-x", TORCH, id="first-pattern-counts"),
        pytest.param("numpy", None, id="not-routed"),
    ],
)
def test_routes(project: str, index: str | None) -> None:
    """Names beat patterns, the first pattern beats the others."""
    assert ROUTES.index_for(ProjectName(project)) == index


@pytest.mark.parametrize(
    ("source", "routed", "other"),
    [
        pytest.param(Source(url=PYPI), False, True, id="default"),
        pytest.param(Source(url=TORCH + "/", routed_only=True), True, False, id="target-of-routes"),
        pytest.param(Source(url=TORCH), True, True, id="both"),
        pytest.param(Source(url=TORCH, kind=SourceKind.FIND_LINKS), False, True, id="find-links"),
    ],
)
def test_routes_are_exclusive(source: Source, routed: bool, other: bool) -> None:  # noqa: FBT001 - columns
    """A routed project comes from its index alone; that index serves others only as a default."""
    allowed = [ROUTES.allow(source, ProjectName(name)) for name in ("torch", "numpy")]
    assert allowed == [routed, other]
