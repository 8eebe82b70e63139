"""What a client is told by its environment: the gateway in place of every index, and patience. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from resilient_pip.child.command import PROXIES, no_proxy
from resilient_pip.model import Network

PATIENCE_S = 3600
"""For a byte of the gateway, which answers when it has something: after all its tries, behind other files, or
once another run has what it waits for."""

OTHERS_INDEXES = (
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"),
    *("PDM_PYPI_URL", "PIPENV_PYPI_MIRROR"),
)
"""Variables of clients that name indexes, in whose place the gateway's are set."""

_FROM_OUTSIDE = re.compile(r"PIP_.*|UV_INDEX_.*_(USERNAME|PASSWORD)|" + "|".join(OTHERS_INDEXES))


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayUrls:
    """Where the gateway answers."""

    all_sources: tuple[str, ...] = field(repr=False)
    """As pip takes them: an index for each source, in pip's order."""
    indexes: tuple[str, ...] = field(repr=False)
    """For the indexes alone, the main one first; where there is none, one that has nothing."""
    find_links: tuple[str, ...] = field(repr=False)
    """A page for each other source."""


def client_environment(
    environ: Mapping[str, str],
    *,
    urls: GatewayUrls,
    pip: Mapping[str, str],
    pip_cache: str | None,
    network: Network,
    at_once: int,
) -> dict[str, str]:
    """Make the environment of a command.

    Args:
        environ: the one to start from.
        urls: the gateway's.
        pip: PIP_* variables that say what pip's configuration says, but for where files come from.
        pip_cache: pip's cache folder; its wheels are named by the gateway's URLs. None: it keeps none.
        network: how what does not pass the gateway is reached (direct URLs, version control).
        at_once: how many files a client may ask for at the same time.
    """
    env = {name: value for name, value in environ.items() if not _FROM_OUTSIDE.fullmatch(name)}
    if network.proxy is not None:
        env |= dict.fromkeys(PROXIES, network.proxy)
    env |= dict.fromkeys(("NO_PROXY", "no_proxy"), no_proxy(environ))
    env.setdefault("UV_CONCURRENT_DOWNLOADS", str(at_once))
    ours = _of_network(network) | _of_pip(urls.all_sources, pip_cache) | _of_others(urls)
    return {**env, **pip, **ours}


def _of_network(network: Network) -> dict[str, str]:
    given = {
        "PIP_CERT": network.cert,
        "PIP_CLIENT_CERT": network.client_cert,
        "PIP_TRUSTED_HOST": " ".join(network.trusted_hosts),
    }
    return {name: value for name, value in given.items() if value}


def _of_pip(urls: Sequence[str], cache: str | None) -> dict[str, str]:
    variables = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_TIMEOUT": str(PATIENCE_S),
        # It asks the index for pip itself, which nobody has asked for.
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **({"PIP_CACHE_DIR": cache} if cache else {"PIP_NO_CACHE_DIR": "1"}),
    }
    if not urls:
        return variables | {"PIP_NO_INDEX": "1"}
    more = {"PIP_EXTRA_INDEX_URL": " ".join(urls[1:])} if urls[1:] else {}
    return variables | {"PIP_INDEX_URL": urls[0]} | more


def _of_others(urls: GatewayUrls) -> dict[str, str]:
    variables = {
        "UV_HTTP_TIMEOUT": str(PATIENCE_S),
        "PDM_REQUEST_TIMEOUT": str(PATIENCE_S),
        "PDM_CHECK_UPDATE": "0",  # as pip's check of its own version
    }
    if urls.find_links:
        variables["UV_FIND_LINKS"] = ",".join(urls.find_links)
    main, *others = urls.indexes
    if others:
        variables["UV_INDEX"] = " ".join(others)
    # pipenv joins with a slash of its own.
    return variables | {
        "UV_DEFAULT_INDEX": main,
        "PDM_PYPI_URL": main,
        "PIPENV_PYPI_MIRROR": main.rstrip("/"),
    }
