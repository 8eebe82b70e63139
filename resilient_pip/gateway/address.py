"""Under which port and path a gateway answers: anew in each run, or the same in each run of the same sources.

pip runs a child that keeps nothing it could name the address in. uv and pdm have caches that are keyed by the
URL of an index: one that changes from run to run would make them keep every file once more.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_SECRET = "gateway-secret"  # noqa: S105 - the name of a file
_BYTES = 24
_FIRST_PORT, _PORTS = 20_000, 12_000
"""Below the ports that Linux gives to whoever does not ask for one (from 32768 on)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a gateway answers."""

    token: str = field(repr=False)
    """The unguessable part of every path."""
    port: int = 0
    """The one to try first; 0: any."""


def fresh_address() -> Address:
    """Make an address that no run has had."""
    return Address(token=secrets.token_urlsafe(_BYTES))


def lasting_address(folder: Path, sources: Iterable[str]) -> Address:
    """Make the address that all runs with these sources have which share a cache folder.

    Other sources have another one: a client must not take what it keeps of one index for that of another. The
    secret that it is made of lies in the folder, for its owner only; where it cannot, the address is fresh.

    Args:
        folder: of the cache.
        sources: their URLs, in their order.
    """
    secret = _secret(folder / _SECRET)
    if secret is None:
        return fresh_address()
    digest = hmac.digest(secret, "\n".join(sources).encode(), hashlib.sha256)
    port = _FIRST_PORT + int.from_bytes(digest[_BYTES:], "big") % _PORTS
    return Address(token=base64.urlsafe_b64encode(digest[:_BYTES]).decode(), port=port)


def _secret(path: Path) -> bytes | None:
    """Read the secret, made the first time; a link makes it whole, and the first one's, for all runs."""
    try:
        if not path.exists():
            descriptor, made = tempfile.mkstemp(prefix=".gateway-", dir=path.parent)  # for its owner only
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(secrets.token_bytes(_BYTES))
                with suppress(FileExistsError):
                    path.hardlink_to(made)
            finally:
                Path(made).unlink(missing_ok=True)
        found = path.read_bytes()
    except OSError:
        return None
    return found if len(found) == _BYTES else None
