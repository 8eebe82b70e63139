"""What a child is started with. Pure: nothing is read from this process."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from resilient_pip.child.files import DOLLAR

LOOPBACK = ("127.0.0.1", "localhost", "::1")

PIP_TIMEOUT_S = 600
"""Longer than the gateway may need for a first byte: it retries by itself, asking again brings nothing."""

PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")

_CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO")

_OF_INDEXES = re.compile(
    r"(PIP|RESILIENT_PIP)_.*"
    r"|UV_(INDEX|EXTRA_INDEX_URL|INDEX_URL|DEFAULT_INDEX|FIND_LINKS|INDEX_.*_(USERNAME|PASSWORD)|PUBLISH_.*)"
)
"""Variables that may hold the credentials of an index, which the gateway uses and no child has to know.

pip's and this program's own were merged in already; a build that runs uv must not pass the gateway by.
"""

_COLOUR = frozenset({"FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS"})
"""Variables that make programs write escape sequences into a pipe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One child to start."""

    what: str
    """What it does, for people: "plan", "install torch"…"""
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: str | None = None
    pass_fds: tuple[int, ...] = ()
    """Descriptors that it inherits: locks that last as long as it lives."""


def child_environment(
    environ: Mapping[str, str],
    *,
    index_urls: Sequence[str],
    temp: str | Path,
    cache_dir: str | None = None,
    proxy: str | None = None,
    certificates: str | Path | None = None,
) -> dict[str, str]:
    """Make the environment of a pip that reads no configuration, asks nothing and uses these indexes only.

    What pip says to the pips that it starts for isolated builds goes by environment, so this is where they
    learn it too.

    Args:
        environ: the environment to start from; what may hold credentials of indexes is left out.
        index_urls: the gateway's; none means offline.
        temp: the folder for temporary files.
        cache_dir: pip's cache; None: pip keeps none (URLs with a random port would only fill it).
        proxy: what --proxy says, for downloads that do not pass the gateway; empty: no proxy; None: as
            the environment says. Not a flag: that would lead requests to the gateway through the proxy.
        certificates: the file of those that --cert makes trusted, for whoever is told of them by nobody else.
    """
    env = {
        name: value
        for name, value in environ.items()
        if not _OF_INDEXES.fullmatch(name) and name not in _COLOUR
    }
    if certificates is not None:
        env = dict.fromkeys(_CERTIFICATES, str(certificates)) | env
    env |= _pip_variables(index_urls, cache_dir)
    if proxy is not None:
        env |= dict.fromkeys(PROXIES, proxy)
    env |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temp))
    env |= dict.fromkeys(("NO_PROXY", "no_proxy"), no_proxy(environ))
    env["PYTHONUNBUFFERED"] = "1"
    env[DOLLAR] = "$"
    return _git_variables(environ) | env


def _pip_variables(index_urls: Sequence[str], cache_dir: str | None) -> dict[str, str]:
    variables = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_COLOR": "1",
        "PIP_PROGRESS_BAR": "off",
        "PIP_TIMEOUT": str(PIP_TIMEOUT_S),
        # For what does not pass the gateway (direct URLs); the gateway's final failures are never retried.
        "PIP_RETRIES": "5",
        "PIP_RESUME_RETRIES": "5",
    }
    if index_urls:
        variables["PIP_INDEX_URL"] = index_urls[0]
    else:
        variables["PIP_NO_INDEX"] = "1"
    if len(index_urls) > 1:
        variables["PIP_EXTRA_INDEX_URL"] = " ".join(index_urls[1:])
    if cache_dir:
        variables["PIP_CACHE_DIR"] = cache_dir
    else:
        variables["PIP_NO_CACHE_DIR"] = "1"
    return variables


def no_proxy(environ: Mapping[str, str]) -> str:
    """Add loopback to the hosts that take no proxy; both spellings get it, as readers prefer either."""
    given = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    hosts = [host.strip() for host in given.split(",") if host.strip()]
    if "*" in hosts:
        return "*"  # urllib knows it only where it stands alone
    return ",".join((*hosts, *(host for host in LOOPBACK if host not in hosts)))


def _git_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Say what keeps git from asking and from waiting on a dead link; what the user set goes over it."""
    variables = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_HTTP_LOW_SPEED_LIMIT": "1000",
        "GIT_HTTP_LOW_SPEED_TIME": "60",
    }
    if "GIT_SSH" not in environ:  # GIT_SSH_COMMAND would beat it
        variables["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes"
    return variables
