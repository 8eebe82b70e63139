"""The last lines of a run."""

from __future__ import annotations

import io
import os

from resilient_pip.ui.lines import write_lines


def test_write_lines() -> None:
    """Each line ends with a newline."""
    stream = io.StringIO()
    write_lines(stream, ["one", "two"])
    write_lines(stream, [])
    assert stream.getvalue() == "one\ntwo\n"


def test_closed_pipe() -> None:
    """A reader that has gone is no error, now or when the stream is flushed at exit."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        write_lines(stream, ["lost"])
        write_lines(stream, ["lost too"])
