"""Certificates for https on loopback, signed by an authority that nobody trusts unless told to."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Authority:
    """A certificate authority of its own."""

    def __init__(self) -> None:
        self._authority = trustme.CA()

    def server_context(self, *names: str) -> ssl.SSLContext:
        """Make the server's side of TLS with a certificate for these names or addresses."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*names).configure_cert(context)
        return context

    def write_bundle(self, path: Path) -> Path:
        """Write what a client needs to trust this authority, and return `path`."""
        self._authority.cert_pem.write_to_path(str(path))
        return path
