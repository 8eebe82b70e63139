"""What pip says while it reads: nothing reaches the terminal, warnings are kept, errors become ours."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Iterator

from pip._internal.exceptions import DiagnosticPipError, PipError

from resilient_pip.errors import UsageError

_CREDENTIALS = re.compile(r"((?<=://)|(?<=netloc '))[^/\s'\"]+@")
_LINE_SOURCE = re.compile(r" \(from line \d+ of .*?\)$")


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(sentence(record.getMessage()))


@contextlib.contextmanager
def quietly() -> Iterator[list[str]]:
    """Collect what pip warns of instead of showing it; `SystemExit` and pip's errors become usage errors.

    pip logs without a handler, on the root logger too, issues deprecation warnings, and its line parser
    prints its usage to stderr.

    Raises:
        UsageError: pip refuses what it was given.
    """
    collector = _Collector()
    root = logging.getLogger()
    root.addHandler(collector)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield collector.messages
    except PipError as error:
        raise UsageError(message=in_a_sentence(error)) from error
    except SystemExit as exit_:
        if exit_.code:  # pip's way to refuse a value in a configuration file
            raise UsageError(
                message="; ".join(collector.messages) or "pip refuses its configuration"
            ) from None
        raise
    finally:
        root.removeHandler(collector)


def in_a_sentence(error: PipError) -> str:
    """Make one line of an error of pip's; some show nothing but their class as text."""
    is_diagnostic = isinstance(error, DiagnosticPipError)
    return sentence(str(error.message if is_diagnostic else error))


def sentence(message: str) -> str:
    """Make one line of what pip says: its first line and its hint, without credentials."""
    lines = [line.strip() for line in message.strip().splitlines()] or [""]
    hints = [line for line in lines[1:] if line.startswith("Hint:")]
    line = ". ".join((lines[0], *hints))
    return _CREDENTIALS.sub("****@", _LINE_SOURCE.sub("", line))
