"""Which display goes with which terminal, environment and setting."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from resilient_pip.ui.bars import Bars
from resilient_pip.ui.choose import UNKNOWN_SIZE, Display, choose, open_display, terminal_size
from resilient_pip.ui.heartbeat import Heartbeat

XTERM = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("progress", "isatty", "environ", "width", "expected"),
    [
        pytest.param("auto", True, XTERM, 80, Display.BARS, id="terminal"),
        pytest.param("auto", False, XTERM, 80, Display.LOG, id="pipe"),
        pytest.param("auto", True, {}, 80, Display.LOG, id="terminal of unknown kind"),
        pytest.param("auto", True, {"TERM": "dumb"}, 80, Display.LOG, id="dumb terminal"),
        pytest.param("auto", True, {**XTERM, "CI": "true"}, 80, Display.LOG, id="CI"),
        pytest.param("auto", True, {**XTERM, "CI": "False"}, 80, Display.BARS, id="not CI"),
        pytest.param("auto", True, {**XTERM, "NO_COLOR": "1"}, 80, Display.BARS, id="no colour"),
        pytest.param("auto", True, XTERM, 39, Display.LOG, id="too narrow"),
        pytest.param("auto", True, XTERM, 40, Display.BARS, id="narrow"),
        pytest.param("bars", False, {"TERM": "dumb"}, 20, Display.BARS, id="bars asked for"),
        pytest.param("log", True, XTERM, 80, Display.LOG, id="log asked for"),
    ],
)
def test_choose(
    *, progress: str, isatty: bool, environ: Mapping[str, str], width: int, expected: Display
) -> None:
    """The setting decides; without one, where the output goes."""
    assert choose(progress, isatty=isatty, environ=environ, width=width) is expected


@pytest.mark.parametrize(
    ("progress", "kind"), [pytest.param("auto", Heartbeat, id="log"), pytest.param("bars", Bars, id="bars")]
)
def test_open_display(progress: str, kind: type) -> None:
    """A display is made for the stream it is given."""
    display = open_display(io.StringIO(), progress=progress, interval_s=10, environ={}, started_at=0.0)
    assert type(display) is kind
    display.tick(1.0)
    display.close()


def test_size_of_a_file(tmp_path: Path) -> None:
    """A file has no size, nor has a stream without a descriptor: 80 columns are taken."""
    with (tmp_path / "log").open("w") as stream:
        assert (terminal_size(stream), terminal_size(io.StringIO())) == (UNKNOWN_SIZE, UNKNOWN_SIZE)


def test_size_of_a_terminal_that_has_none() -> None:
    """A terminal that nobody gave a size reports 0 x 0: 80 columns are taken."""
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as stream:
        assert terminal_size(stream) == UNKNOWN_SIZE
    os.close(master)
