"""Small answers of servers, kept for later runs: index pages, to be asked about again, and core metadata.

An answer lies under a digest of its URL (without a login), of who asked and of what was accepted, so that
nobody gets what a server said to someone else. One that is damaged is as good as none.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from resilient_pip.cache.origin import digest_url
from resilient_pip.cache.place import answer_path
from resilient_pip.settings import MIB

_LARGEST = 32 * MIB
"""Bytes of an answer that is kept; the largest known pages have 10 MB."""
_VALIDATORS = ("etag", "last-modified")
_KEPT = ("content-type", "content-encoding", *_VALIDATORS)
_METADATA = "metadata"
_SIZE = "size"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """An answer (status 200) of an earlier run."""

    url: str
    """Where redirects ended; without a login."""
    headers: Mapping[str, str]
    """Content-Type, Content-Encoding and validators, by lower-case names."""
    body: bytes
    """As it was sent: packed, if the headers say so."""

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask whether this is still what there is (RFC 9110, 13.1)."""
        names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
        asked = {name: self.headers[told] for told, name in names.items() if told in self.headers}
        return {**asked, "Cache-Control": "max-age=0"}


class Answers:
    """The answers below one cache folder; several processes may use it at the same time. Blocking.

    What cannot be read or written is not there: a cache must not fail a run.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, url: str, *, accept: str, authorization: str | None) -> KeptAnswer | None:
        """Give what a URL served last time; whether it still does, only its server can tell."""
        found = self._read(_key(url, accept, authorization))
        if found is None:
            return None
        told, body = found
        headers, final_url = told.get("headers"), told.get("url")
        if not isinstance(headers, dict) or not isinstance(final_url, str):
            return None
        return KeptAnswer(url=final_url, headers=headers, body=body)

    def keep(
        self,
        url: str,
        *,
        accept: str,
        authorization: str | None,
        final_url: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> None:
        """Keep an answer that can be asked about again and that its server lets be kept.

        Not where it comes from a signed URL in the end: that is a secret.
        """
        kept = {name: headers[name] for name in _KEPT if name in headers}
        can_be_asked_about = any(name in kept for name in _VALIDATORS)
        if can_be_asked_about and not _is_forbidden(headers) and not urlsplit(final_url).query:
            self._write(_key(url, accept, authorization), {"url": final_url, "headers": kept}, body)

    def forget(self, url: str, *, accept: str, authorization: str | None) -> None:
        """Remove an answer that turned out to be no good."""
        _remove(answer_path(self._root, _key(url, accept, authorization)))

    def find_size(self, sha256: str) -> int | None:
        """Give the length in bytes of the file with this hash: it never changes."""
        found = self._read(_digest(_SIZE, sha256))
        return int(found[1]) if found else None

    def keep_size(self, sha256: str, size: int) -> None:
        """Keep the length of a file whose index does not tell it."""
        self._write(_digest(_SIZE, sha256), {}, b"%d" % size)

    def find_metadata(self, wheel_sha256: str) -> bytes | None:
        """Give the core metadata of the wheel with this hash: it never changes."""
        found = self._read(_digest(_METADATA, wheel_sha256))
        return found[1] if found else None

    def keep_metadata(self, wheel_sha256: str, metadata: bytes) -> None:
        """Keep the core metadata of a wheel."""
        self._write(_digest(_METADATA, wheel_sha256), {}, metadata)

    def _read(self, key: str) -> tuple[dict[str, object], bytes] | None:
        path = answer_path(self._root, key)
        try:
            head, _, body = path.read_bytes().partition(b"\n")
        except OSError:
            return None
        told = _read_head(head)
        if told.get("key") != key or told.get("sha256") != hashlib.sha256(body).hexdigest():
            _remove(path)
            return None
        try:
            os.utime(path)  # for whoever prunes by age
        except OSError:
            pass
        return told, body

    def _write(self, key: str, told: Mapping[str, object], body: bytes) -> None:
        if len(body) > _LARGEST:
            return
        path = answer_path(self._root, key)
        head = {**told, "key": key, "sha256": hashlib.sha256(body).hexdigest()}
        beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(json.dumps(head).encode() + b"\n" + body)
            beside.replace(path)
        except OSError:
            _remove(beside)


def _read_head(line: bytes) -> dict[str, object]:
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _key(url: str, accept: str, authorization: str | None) -> str:
    return _digest(digest_url(url), accept, hashlib.sha256((authorization or "").encode()).hexdigest())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_forbidden(headers: Mapping[str, str]) -> bool:
    directives = headers.get("cache-control", "").lower().split(",")
    return any(directive.strip() == "no-store" for directive in directives) or "*" in headers.get("vary", "")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        pass
