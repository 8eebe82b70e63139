"""Where a redirect may lead."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from resilient_pip.errors import BadContent
from resilient_pip.model import redact

REDIRECTS = 10
"""How many one request may follow."""
NO_URL = "redirect to something that is no URL"


def redirected(url: str, location: str) -> str:
    """Give the absolute URL that a Location header means.

    Raises:
        BadContent: it is none, is not of the web, or leads from https to http.
    """
    try:
        target = urljoin(url, location)
        scheme = urlsplit(target).scheme
    except ValueError as error:
        raise BadContent(url=redact(url), reason=NO_URL) from error
    if scheme not in {"http", "https"}:
        raise BadContent(url=redact(url), reason=f"redirect to a {scheme} URL")
    if scheme == "http" and urlsplit(url).scheme == "https":
        raise BadContent(url=redact(url), reason="redirect from https to http")
    return target
