"""Certificates for https on loopback, signed by an authority that nobody trusts unless told to."""

from __future__ import annotations

import hashlib
import ssl
from datetime import datetime, timedelta, timezone
from pathlib import Path

import trustme
from cryptography import x509


class Authority:
    """A certificate authority of its own."""

    def __init__(self) -> None:
        self._authority = trustme.CA()

    def server_context(
        self, *names: str, begins_in: timedelta = -timedelta(days=1), wants_client: bool = False
    ) -> ssl.SSLContext:
        """Make the server's side of TLS with a certificate for these names or addresses.

        Args:
            names: whose certificate it is.
            begins_in: from now until the certificate is valid, for ten days.
            wants_client: whether clients have to show a certificate of this authority.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        begin = datetime.now(timezone.utc) + begins_in
        end = begin + timedelta(days=10)
        self._authority.issue_cert(*names, not_before=begin, not_after=end).configure_cert(context)
        if wants_client:
            self._authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def write_bundle(self, path: Path) -> Path:
        """Write what a client needs to trust this authority, and return `path`."""
        self._authority.cert_pem.write_to_path(str(path))
        return path

    def write_folder(self, path: Path) -> Path:
        """Write the same as OpenSSL reads it from a folder, and return `path`."""
        path.mkdir()
        self.write_bundle(path / f"{_subject_hash(self._authority.cert_pem.bytes()):08x}.0")
        return path

    def write_client(self, path: Path) -> Path:
        """Write a certificate of a client with its key, and return `path`."""
        self._authority.issue_cert("ann@example.org").private_key_and_cert_chain_pem.write_to_path(str(path))
        return path


def _subject_hash(pem: bytes) -> int:
    """Compute what OpenSSL names a file of a folder by: X509_NAME_hash, of names in small letters."""
    subject = x509.load_pem_x509_certificate(pem).subject
    parts = [x509.NameAttribute(part.oid, " ".join(str(part.value).lower().split())) for part in subject]
    encoded = x509.Name(parts).public_bytes()
    rest = encoded[2:] if encoded[1] < 0x80 else encoded[3:]  # without the head of the whole sequence
    return int.from_bytes(hashlib.sha1(rest, usedforsecurity=False).digest()[:4], "little")
