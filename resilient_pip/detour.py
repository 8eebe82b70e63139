"""The way round on which pip gets files that the user names by URL: from the gateway.

pip does not look into its cache for an sdist, nor for anything whose hash it has to check: these it is told
to get from the gateway, and its report is put back into the words of the user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from resilient_pip.direct import DirectFile
from resilient_pip.model import Install, RemoteFile, Requirement
from resilient_pip.plan.references import read_reference

_ARCHIVES = (".whl", ".zip", ".tar", ".tgz", ".tbz", ".txz", ".tlz", ".gz", ".bz2", ".xz", ".lz", ".lzma")
"""Ends of names by which pip tells what to do with a file; of others it asks their server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detour:
    """The way on which pip gets files of this run from the gateway, and back."""

    urls: Mapping[str, str]
    """What requirements write, up to the fragment, to the URL that pip is given instead."""
    addresses: Mapping[str, str]
    """And that one to what pip would have recorded."""

    def there(self, install: Install, *, cwd: str) -> Install:
        """Put in the gateway's URLs."""

        def ask(requirement: Requirement) -> Requirement:
            url = read_reference(requirement, cwd=cwd).url if self.urls else None
            front = (url or "").partition("#")[0]
            if front not in self.urls:
                return requirement
            return replace(requirement, text=requirement.text.replace(front, self.urls[front], 1))

        return replace(
            install,
            requirements=tuple(map(ask, install.requirements)),
            constraints=tuple(map(ask, install.constraints)),
        )

    def back(self, document: dict[str, Any]) -> dict[str, Any]:
        """Put the files' own URLs into pip's report."""
        for entry in document["install"]:
            info = entry["download_info"]
            info["url"] = self.addresses.get(info["url"], info["url"])
        return document


NO_DETOUR = Detour(urls={}, addresses={})


def detour(
    wanted: Iterable[DirectFile],
    known: Mapping[str, RemoteFile],
    install: Install,
    file_url: Callable[[RemoteFile], str],
) -> Detour:
    """Choose what pip is to get from the gateway.

    Args:
        wanted: what the user names by URL.
        known: what was fetched, as `DirectDownloads.fetch` gives it.
        install: what else the user asks for.
        file_url: gives the gateway's URL of a file.
    """
    words = (*install.plan_options, *(word for each in install.requirements for word in each.options))
    checks_hashes = any(word.startswith(("--require-hashes", "--hash")) for word in words)
    urls, addresses = {}, {}
    for direct in wanted:
        file = known[direct.address]
        if file.filename.endswith(_ARCHIVES) and (checks_hashes or not file.is_wheel):
            urls[direct.front] = file_url(file)
            addresses[urls[direct.front]] = direct.address
    return Detour(urls=urls, addresses=addresses)
