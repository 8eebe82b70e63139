"""The client of one run, made of all that its job says about the network."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from resilient_pip.events import Emit
from resilient_pip.job import Job
from resilient_pip.transport.client import Client
from resilient_pip.transport.credentials import Credentials
from resilient_pip.transport.keyring import Keyring


def make_client(job: Job, index_urls: Sequence[str], emit: Emit) -> Client:
    """Make the client.

    Args:
        job: what the user says of proxies, certificates and keyring.
        index_urls: of indexes and their like, whose logins count.
        emit: is told what goes wrong with keyring.
    """
    network = job.install.network
    keyring = None
    if network.keyring_provider != "disabled":
        python = job.install.python or sys.executable
        keyring = Keyring(network.keyring_provider, python=python, environ=job.environ, emit=emit)
    credentials = Credentials(index_urls, job.environ, keyring)
    return Client(network=network, settings=job.settings, credentials=credentials, environ=job.environ)
