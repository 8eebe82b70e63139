"""`exec`: which client a command is, what is refused, and what the environment says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from resilient_pip.exec_command.clients import Client, client_of
from resilient_pip.exec_command.environment import GatewayUrls, client_environment
from resilient_pip.exec_command.own_indexes import own_indexes
from resilient_pip.exec_command.refusals import refusal
from resilient_pip.model import Network

URLS = GatewayUrls(
    all_sources=("http://g/0/simple/", "http://g/1/simple/", "http://g/2/simple/"),
    indexes=("http://g/1/simple/", "http://g/2/simple/"),
    find_links=("http://g/0/links/",),
)


@pytest.mark.parametrize(
    ("command", "name", "plain"),
    [
        pytest.param(
            "/opt/bin/uv --directory x pip install a", "uv", ("pip", "install", "a"), id="options-first"
        ),
        pytest.param("python3.11 -m pip --python x wheel a", "pip", ("wheel", "a"), id="module"),
        pytest.param("pip3.12 lock", "pip", ("lock",), id="versioned"),
        pytest.param("python -m piptools compile -q a.in", "pip-compile", (), id="pip-tools"),
        pytest.param("/bin/uvx ruff -i x", "uv", ("tool", "run", "ruff", "x"), id="uvx"),
        pytest.param("python -m other compile", "", (), id="unknown-module"),
        pytest.param("./build.sh pip lock", "", (), id="script"),
        pytest.param("python", "", (), id="python-alone"),
    ],
)
def test_client_of(command: str, name: str, plain: tuple[str, ...]) -> None:
    """By its program's name or module; its command stands behind options."""
    client = client_of(command.split())
    assert client.name == name
    assert client.plain_words == plain


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("uv lock", "lock file"),
        ("uv sync --frozen", "lock file"),
        ("uv --project p add a", "lock file"),
        ("uv version --bump minor", "lock file"),
        ("uv run script.py", "lock file"),
        ("uv tool install ruff", "receipt"),
        ("uv pip compile -o pylock.toml a.in", "pylock.toml"),
        ("uv pip compile --format=pylock.toml a.in", "pylock.toml"),
        ("uv pip compile --emit-index-annotation a.in", "--emit-index-annotation"),
        ("uv pip install --default-index https://x/ a", "--default-index"),
        ("pip lock a", "pylock.toml"),
        ("pip install --report r.json a", "--report"),
        ("pip install -fhttps://x/ a", "-f"),
        ("pip-compile --emit-index-url a.in", "--emit-index-url"),
        ("pdm lock -S static_urls", "static_urls"),
        ("poetry -C p install", "pyproject.toml"),
    ],
)
def test_refused(command: str, why: str) -> None:
    """What would write the gateway's URL down, or cannot be led to it."""
    assert why in str(refusal(client_of(command.split())))


@pytest.mark.parametrize(
    "command",
    [
        *("uv pip install a", "uv pip compile a.in -o a.txt", "uv venv", "uvx ruff -i x", "uv version"),
        *("uv run --no-project --with a python -i", "uv tool run ruff --index x", "uv pip sync pylock.toml"),
        *("pip download -d x a", "pip wheel a", "pip-sync", "pdm lock", "pdm install", "poetry export"),
        *("pipenv lock", "make lock"),
    ],
)
def test_not_refused(command: str) -> None:
    """All that leaves no trace of it, and the options of what a client starts."""
    assert refusal(client_of(command.split())) is None


def test_environment() -> None:
    """Each client's variables lead to the gateway; none of what led elsewhere stays; all else does."""
    given = {
        "HOME": "/h",
        "HTTPS_PROXY": "http://old/",
        "NO_PROXY": "inside",
        "PIP_PROXY": "http://p/",
        "PIP_EXTRA_INDEX_URL": "http://e/",
        "UV_INDEX_URL": "http://u/",
        "UV_INDEX_CORP_PASSWORD": "s",
        "UV_CACHE_DIR": "/c",
    }
    env = client_environment(
        given,
        urls=URLS,
        pip={"PIP_PRE": "1"},
        pip_cache=None,
        network=Network(cert="/ca", proxy="http://new/"),
        at_once=4,
    )
    proxies = {
        name: "http://new/"
        for base in ("http", "https", "all")
        for name in (f"{base}_proxy", f"{base}_proxy".upper())
    }
    assert env == {
        **proxies,
        "HOME": "/h",
        "NO_PROXY": "inside,127.0.0.1,localhost,::1",
        "no_proxy": "inside,127.0.0.1,localhost,::1",
        "PIP_CERT": "/ca",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_EXTRA_INDEX_URL": "http://g/1/simple/ http://g/2/simple/",
        "PIP_INDEX_URL": "http://g/0/simple/",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_PRE": "1",
        "PIP_TIMEOUT": "3600",
        "PDM_CHECK_UPDATE": "0",
        "PDM_PYPI_URL": "http://g/1/simple/",
        "PDM_REQUEST_TIMEOUT": "3600",
        "PIPENV_PYPI_MIRROR": "http://g/1/simple",
        "UV_CACHE_DIR": "/c",
        "UV_CONCURRENT_DOWNLOADS": "4",
        "UV_DEFAULT_INDEX": "http://g/1/simple/",
        "UV_FIND_LINKS": "http://g/0/links/",
        "UV_HTTP_TIMEOUT": "3600",
        "UV_INDEX": "http://g/2/simple/",
    }


@pytest.mark.parametrize(
    ("client", "files", "environ", "expected"),
    [
        ("uv", {"/p/uv.toml": {"index-url": "x"}}, {}, "index-url in /p/uv.toml"),
        (
            "uv",
            {"/pyproject.toml": {"tool": {"uv": {"pip": {"find-links": ["x"]}}}}},
            {},
            "find-links in /pyproject.toml",
        ),
        ("uv", {"/p/uv.toml": {"index-url": "x"}}, {"UV_NO_CONFIG": "1"}, None),
        (
            "uv",
            {
                "/p/pyproject.toml": {"tool": {"uv": {"dev": 1}}},
                "/pyproject.toml": {"tool": {"uv": {"index": [1]}}},
            },
            {},
            None,
        ),
        ("uv", {"/h/.config/uv/uv.toml": {"index": [{"url": "x"}]}}, {}, "index in /h/.config/uv/uv.toml"),
        (
            "uv",
            {"/other": {"index": [1]}, "/p/uv.toml": {"index": [1]}},
            {"UV_CONFIG_FILE": "/other"},
            "index in /other",
        ),
        (
            "pdm",
            {"/p/pyproject.toml": {"tool": {"pdm": {"source": [1]}}}},
            {},
            "[[tool.pdm.source]] in /p/pyproject.toml",
        ),
        ("pdm", {"/p/pdm.toml": {"pypi": {"url": "x"}}}, {}, "[pypi] in /p/pdm.toml"),
        ("pdm", {"/p/pdm.toml": {"pypi": {"verify_ssl": True}}}, {}, None),
        ("pip", {"/p/uv.toml": {"index-url": "x"}}, {}, None),
    ],
)
def test_own_indexes(
    client: str, files: Mapping[str, Mapping[str, Any]], environ: Mapping[str, str], expected: str | None
) -> None:
    """The first place where the client's own configuration names an index."""
    found = own_indexes(
        Client(name=client, words=()),
        cwd=Path("/p"),
        environ={"HOME": "/h", **environ},
        load=lambda path: files.get(str(path), {}),
    )
    assert found == expected
