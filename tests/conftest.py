"""What every test gets: a process environment without the machine's settings; an index on request."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.environments import Environment, Workspace
from tests.support.faultserver import FaultyIndex
from tests.support.pyz import build_pyz

_SETTINGS = re.compile(
    r"PIP_.*|RESILIENT_PIP_.*|(https?|all|no)_proxy|SSL_CERT_.*|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    r"|NETRC|XDG_.*|GITHUB_.*|GITLAB_CI|CI|NO_COLOR|FORCE_COLOR|COLUMNS|LINES|PYTHON(PATH|HOME|WARNINGS)",
    re.IGNORECASE,
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Take the machine's settings away: tests neither read nor reach them."""
    for name in [name for name in os.environ if _SETTINGS.fullmatch(name)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@pytest.fixture(autouse=True, scope="session")
def _default_signals() -> None:
    """Take back what whoever started the tests ignores (nohup, a background job): programs inherit that."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def index() -> Iterator[FaultyIndex]:
    """An index on loopback that tells everything: sizes, hashes, core metadata, ranges."""
    with FaultyIndex() as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A folder for the runs of one test."""
    return Workspace(root=tmp_path)


@pytest.fixture
def environment(workspace: Workspace) -> Environment:
    """A fresh virtual environment without pip."""
    return workspace.environment()


@pytest.fixture(scope="session")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip application."""
    return build_pyz(tmp_path_factory.mktemp("pyz"))
