"""Whom to trust: the system's certificates and certifi's, as pip does, or what the user named."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi
import truststore

from resilient_pip.errors import UsageError
from resilient_pip.model import Network


def verifying_context(network: Network) -> ssl.SSLContext:
    """Make the context for hosts whose certificate counts.

    REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE stand in for `--cert` as they do for pip.

    Raises:
        UsageError: a certificate file cannot be read.
    """
    bundle = network.cert or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    context: ssl.SSLContext
    if bundle:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load(context, bundle)
    else:
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # Not the path: of a file in a zip archive certifi would leave a copy where this process is killed.
        context.load_verify_locations(cadata=certifi.contents())
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


def _load(context: ssl.SSLContext, bundle: str) -> None:
    try:
        if Path(bundle).is_dir():
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except OSError as error:
        raise UsageError(message=f"certificate bundle {bundle}: {error}") from error


def _with_client_certificate(context: ssl.SSLContext, network: Network) -> ssl.SSLContext:
    if network.client_cert:
        try:
            context.load_cert_chain(network.client_cert)
        except OSError as error:
            message = f"client certificate {network.client_cert}: {error}"
            raise UsageError(message=message) from error
    return context
