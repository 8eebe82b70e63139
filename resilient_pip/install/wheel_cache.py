"""pip's cache of built wheels, filled beforehand for what is installed by URL.

pip looks for the wheel of `name @ URL` there before it downloads or builds anything, and records what
origin.json beside it says in direct_url.json. So an offline pip installs a URL and leaves the record that an
online one leaves. The rule of the path is `pip._internal.cache.Cache._get_cache_path_parts` (as of pip
26.3); a test compares it with pip's own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit, urlunsplit

from resilient_pip.model import PlannedFile

_SHORT_NAMES = {"python": "py", "cpython": "cp", "pypy": "pp", "ironpython": "ip", "jython": "jy"}
"""As `packaging.tags` abbreviates interpreters."""

_HASH = re.compile(r"[#&](sha512|sha384|sha256|sha224|sha1|md5)=([^&]*)")
_SUBDIRECTORY = re.compile(r"[#&]subdirectory=([^&]*)")


def cache_path(url: str, environment: Mapping[str, str]) -> PurePosixPath:
    """Say where pip looks for the wheel that was built from a URL, below its cache folder.

    Args:
        url: as the requirement writes it.
        environment: marker variables of the interpreter that runs pip (PEP 508).
    """
    implementation = environment["implementation_name"]
    key = {
        "url": urlunsplit(urlsplit(url)._replace(fragment="")),
        "interpreter_name": _SHORT_NAMES.get(implementation, implementation),
        "interpreter_version": environment["python_version"].replace(".", ""),
    }
    if found := _HASH.search(url):
        key[found[1]] = found[2]
    if found := _SUBDIRECTORY.search(url):
        key["subdirectory"] = found[1]
    text = json.dumps(key, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    digest = hashlib.sha224(text.encode("ascii")).hexdigest()
    return PurePosixPath("wheels", digest[:2], digest[2:4], digest[4:6], digest[6:])


def add_wheel(
    cache: Path, planned: PlannedFile, wheel: Path, *, filename: str, environment: Mapping[str, str]
) -> None:
    """Put the wheel of a direct or VCS requirement where pip looks for it.

    Args:
        cache: the private cache folder.
        planned: has `reference` and `direct_url`.
        wheel: the file; it is linked to.
        filename: the wheel's name, which the stored file need not have.
        environment: marker variables of the target.
    """
    if planned.reference is None or planned.direct_url is None:
        raise ValueError(f"{planned.name} is not installed by URL")
    folder = cache / cache_path(planned.reference, environment)
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / filename
    link.unlink(missing_ok=True)
    link.symlink_to(wheel)
    (folder / "origin.json").write_text(planned.direct_url, encoding="utf-8")
