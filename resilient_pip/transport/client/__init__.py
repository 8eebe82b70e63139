"""The one HTTP client: httpx behind values, limits and errors of our own."""

from __future__ import annotations

import sys
from importlib.util import find_spec

if find_spec("sniffio") is None:
    # httpcore tries to import it for each request and each lock; a search of the whole path takes 0.2 ms.
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # the import system's own way to say "not there"

from resilient_pip.transport.client.answer import Answer, translate
from resilient_pip.transport.client.client import Client

__all__ = ["Answer", "Client", "translate"]
