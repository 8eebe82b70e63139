"""Print the lines that end a run: results to stdout, summary and failure block to stderr."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TextIO


def write_lines(stream: TextIO, lines: Iterable[str]) -> None:
    """Write whole lines and flush; that nobody reads (a closed pipe) or can keep them is no error."""
    write_text(stream, "".join(f"{line}\n" for line in lines))


def write_text(stream: TextIO, text: str) -> None:
    """Write text as it is; otherwise as `write_lines`."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        # Python flushes what is left once more at exit and would end with code 120 instead of ours.
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, stream.fileno())
        os.close(sink)
