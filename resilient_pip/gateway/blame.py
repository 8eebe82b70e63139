"""Blaming the gateway's source for what a child makes of its failure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from resilient_pip.errors import ResilientPipError, SourceError
from resilient_pip.events import Kind
from resilient_pip.failing import RunFailed
from resilient_pip.gateway.server import Gateway
from resilient_pip.model import Failure


@contextmanager
def naming_root_cause(gateway: Gateway, place: Failure) -> Iterator[None]:
    """Fail with what the gateway failed to produce, whatever the child made of that: even success.

    pip that cannot read bbb's page steps back to an aaa that needs no bbb, and exits 0.

    Args:
        gateway: whose failure counts.
        place: where in the run this is.

    Raises:
        RunFailed: the gateway failed to produce something that a child asked for.
    """
    try:
        yield
    except (ResilientPipError, RunFailed):
        _raise_failure(gateway, place)
        raise
    _raise_failure(gateway, place)


def _raise_failure(gateway: Gateway, place: Failure) -> None:
    failure = gateway.failure
    if failure is None:
        return
    if not isinstance(failure.error, ResilientPipError):
        raise failure.error
    subject = failure.subject
    raise RunFailed(
        failure.error,
        replace(
            place,
            package=subject.project,
            filename=None if subject.kind is Kind.PAGE else subject.name,
            size=failure.file.size if failure.file else None,
            url=failure.error.url if isinstance(failure.error, SourceError) else subject.url,
        ),
    )
