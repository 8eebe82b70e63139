"""Tests of `resilient_pip.child.output`."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest

from resilient_pip.child.output import LONGEST_LINE, TAIL_LINES, LineSplitter, Output
from resilient_pip.errors import StorageError


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        pytest.param([b"one\ntwo\n"], ["one", "two"], id="lines"),
        pytest.param([b"on", b"e\nhalf"], ["one", "half"], id="half-a-line-at-the-end"),
        pytest.param([b"10 %\r20 %\rdone\n"], ["10 %", "20 %", "done"], id="carriage-returns"),
        pytest.param([b"one\r", b"\ntwo\r\n"], ["one", "two"], id="crlf-cut-in-two"),
        pytest.param([b"\n  indented\n\n"], ["", "  indented", ""], id="blank-lines-and-indentation"),
        pytest.param([b"caf\xc3", b"\xa9\n"], ["café"], id="character-cut-in-two"),
        pytest.param([b"\xff\xfe\n"], [r"\xff\xfe"], id="no-utf-8"),
        pytest.param([b"\x1b[31mred\x1b[0m\x07\n"], ["red"], id="escape-sequences"),
        pytest.param([b"git+https://u:pw@h/x\n"], ["git+https://h/x"], id="credentials"),
    ],
)
def test_bytes_become_printable_lines(chunks: list[bytes], expected: list[str]) -> None:
    """However the bytes are cut, the lines are the same; nothing in them moves a cursor or is secret."""
    splitter = LineSplitter()

    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    lines += splitter.feed(b"", final=True)

    assert lines == expected


def test_a_line_without_end_is_cut() -> None:
    """A child that never ends its line does not fill the memory."""
    splitter = LineSplitter()

    assert splitter.feed(b"x" * LONGEST_LINE) == []
    assert splitter.feed(b"y") == ["x" * LONGEST_LINE + "y"]
    assert splitter.feed(b"z", final=True) == ["z"]


def test_output_goes_to_log_listener_and_memory(tmp_path: Path) -> None:
    """Every line is told and written; the last ones stay in memory; bytes are counted."""
    told: list[str] = []
    log = tmp_path / "child.log"
    expected = [str(number) for number in range(TAIL_LINES + 50)]

    async def main() -> Output:
        with Output(log, told.append) as output:
            os.write(output.write_end, "\n".join(expected).encode())
            os.close(output.write_end)
            with anyio.fail_after(10):
                await output.pump()
        return output

    output = anyio.run(main)

    assert told == expected
    assert list(output.tail) == expected[-TAIL_LINES:]
    assert log.read_text(encoding="utf-8").splitlines() == expected
    assert output.received == len("\n".join(expected))


def test_what_is_in_the_pipe_at_the_end_is_kept(tmp_path: Path) -> None:
    """Leaving the context reads what is there and does not wait for others that hold the pipe."""
    told: list[str] = []
    with Output(tmp_path / "child.log", told.append) as output:
        os.write(output.write_end, b"last words")
    os.close(output.write_end)

    assert told == ["last words"]


def test_a_full_disk_under_the_log_costs_only_the_log(tmp_path: Path) -> None:
    """Lines are still told and kept where the log cannot be written."""
    log = tmp_path / "child.log"
    log.symlink_to("/dev/full")
    told: list[str] = []

    with Output(log, told.append) as output:
        os.write(output.write_end, b"one\ntwo\n")
        os.close(output.write_end)

    assert told == ["one", "two"]
    assert list(output.tail) == ["one", "two"]


def test_a_log_that_cannot_be_opened_is_a_storage_error(tmp_path: Path) -> None:
    """The error names the file and the reason."""
    log = tmp_path / "missing" / "child.log"

    with pytest.raises(StorageError) as caught:
        Output(log, print)

    assert (caught.value.path, caught.value.reason) == (str(log), "No such file or directory")
