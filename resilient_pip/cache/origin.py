"""Where bytes in the cache came from, as told by the server that sent them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from resilient_pip.urls import without_login


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The validators (RFC 9110, section 8.8) and the size of what one URL served."""

    url_digest: str
    etag: str | None = None
    last_modified: str | None = None
    size: int | None = None
    sha256: str | None = None
    """Of the complete file, once it is complete."""

    @property
    def if_range(self) -> str | None:
        """What an If-Range header may say: a strong ETag, else the date; None where there is neither."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified

    def is_same_content(self, other: Origin) -> bool:
        """Say whether the validators show that both are the same bytes."""
        return self.if_range is not None and (self.if_range, self.size) == (other.if_range, other.size)

    def save(self, path: Path) -> None:
        """Replace the record at `path`; raises OSError."""
        write_record(path, dataclasses.asdict(self))


def write_record(path: Path, facts: Mapping[str, object]) -> None:
    """Write a small JSON file so that others see the old one or all of the new one; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not named by the process: on a cache mount two containers have processes of the same number.
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        beside.write_text(json.dumps(facts), encoding="utf-8")
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def load_origin(path: Path) -> Origin | None:
    """Read a record; None where there is none or it is damaged (a full disk, a power failure)."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        texts = {name: found[name] for name in ("url_digest", "etag", "last_modified", "sha256")}
        size = found["size"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    optional = [value for name, value in texts.items() if name != "url_digest"]
    if isinstance(texts["url_digest"], str) and _all(str, optional) and _all(int, [size]):
        return Origin(size=size, **texts)
    return None


def _all(class_: type, values: list[object]) -> bool:
    return all(value is None or isinstance(value, class_) for value in values)


def digest_url(url: str) -> str:
    """Name a URL in the cache without giving its login or query away."""
    plain = without_login(url).partition("#")[0]
    return hashlib.sha256(plain.encode()).hexdigest()
