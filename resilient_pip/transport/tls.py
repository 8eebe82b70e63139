"""Whom to trust over TLS, told as pip tells it, and as whom to appear."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

import certifi
import truststore

from resilient_pip.disk.storing import storing
from resilient_pip.errors import UsageError
from resilient_pip.model import Network

_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
)


def verifying_context(network: Network, environ: Mapping[str, str]) -> ssl.SSLContext:
    """Make the context for hosts whose certificate counts.

    As with pip, what the user names is trusted beside the system's store (which SSL_CERT_FILE and
    SSL_CERT_DIR move) and certifi's; with legacy-certs that is trusted alone, or certifi's where nothing is
    named.

    Raises:
        UsageError: a certificate file cannot be read.
    """
    bundle = _bundle(network, environ)
    context: ssl.SSLContext = (ssl if network.legacy_certs else truststore).SSLContext(
        ssl.PROTOCOL_TLS_CLIENT
    )
    if not (network.legacy_certs and bundle):
        # Not the path: of a file in a zip archive certifi would leave a copy where this process is killed.
        context.load_verify_locations(cadata=certifi.contents())
    if bundle:
        _load(context, bundle)
    return _with_client_certificate(context, network)


def trusting_context(network: Network) -> ssl.SSLContext:
    """Make the context for `--trusted-host`: any certificate will do.

    Raises:
        UsageError: the client certificate cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _with_client_certificate(context, network)


def write_trusted(network: Network, folder: Path) -> Path | None:
    """Write what --cert makes trusted into one file; None where there is no --cert that can be read.

    For what reads no option of pip's and trusts nothing beside a file that it is given: git, and what builds
    download with.

    Raises:
        StorageError: the folder cannot be written.
    """
    if network.cert is None:
        return None
    try:
        named = _texts(Path(network.cert))
    except OSError:
        return None  # told, as to pip, to whoever needs it
    system = next(filter(Path.is_file, map(Path, (*_system_bundle(), *_SYSTEM_BUNDLES))), None)
    path = folder / "certificates.pem"
    with storing(path):
        path.write_text("\n".join((certifi.contents(), *(_texts(system) if system else ()), *named)))
    return path


def _system_bundle() -> tuple[str, ...]:
    defaults = ssl.get_default_verify_paths()
    return (defaults.cafile,) if defaults.cafile else ()


def _texts(path: Path) -> list[str]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [file.read_text(errors="replace") for file in files]


def _bundle(network: Network, environ: Mapping[str, str]) -> str | None:
    """Name the certificates of the user's; with --proxy no variable counts (requests' trust_env)."""
    if network.cert or network.proxy is not None:
        return network.cert
    return environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")


def _load(context: ssl.SSLContext, bundle: str) -> None:
    try:
        if Path(bundle).is_dir():
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except OSError as error:
        raise UsageError(message=f"certificate bundle {bundle}: {_reason(error)}") from error


def _with_client_certificate(context: ssl.SSLContext, network: Network) -> ssl.SSLContext:
    if network.client_cert:
        try:
            # An encrypted key would be asked for on the terminal.
            context.load_cert_chain(network.client_cert, password=lambda: b"")
        except OSError as error:
            message = f"client certificate {network.client_cert}: {_reason(error)}"
            raise UsageError(message=message) from error
    return context


def _reason(error: OSError) -> str:
    """Say in words what is wrong; OpenSSL speaks in codes, and calls every file that it cannot read PEM."""
    if not isinstance(error, ssl.SSLError):
        return error.strerror or str(error)
    if error.reason == "KEY_VALUES_MISMATCH":
        return "its key belongs to another certificate"
    return "it is no PEM file with what is needed, or its key is encrypted"
