"""The command line before anything starts: commands, settings files, defects."""

from __future__ import annotations

from pathlib import Path

import pytest

from resilient_pip import __version__
from resilient_pip.cli import main


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder of our own: pyproject.toml is read from the working folder."""
    monkeypatch.chdir(tmp_path)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version goes to stdout."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"resilient-pip {__version__}\n"


@pytest.mark.parametrize("word", ["uninstall", "freeze", "config", "help"])
def test_a_command_of_pip_is_no_project(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody means to install a project of that name, and somebody may have registered it."""
    assert main([word, "x"]) == 2
    assert capsys.readouterr().err == (
        f"resilient-pip: error: {word} is a command of pip; "
        f"a project of that name: resilient-pip install {word}\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("tool = 3", "pyproject.toml: [tool.resilient-pip] is not a table", id="tool"),
        pytest.param(
            "[tool]\nresilient-pip = 3", "pyproject.toml: [tool.resilient-pip] is not a table", id="table"
        ),
        pytest.param(
            "[tool.resilient-pip]\nno-such = 3",
            "pyproject.toml: [tool.resilient-pip] has no key 'no-such'",
            id="key",
        ),
        pytest.param(
            "[tool.resilient-pip]\nindex-failure-skip = 3",
            "pyproject.toml: [tool.resilient-pip] index-failure-skip: 3 is no list",
            id="list",
        ),
        pytest.param(
            '[tool.resilient-pip]\ntries = "x"',
            "pyproject.toml: [tool.resilient-pip] tries: 'x' is no whole number",
            id="number",
        ),
        pytest.param(
            '[tool.resilient-pip]\nheartbeat = "soon"',
            "pyproject.toml: [tool.resilient-pip] heartbeat: 'soon' is no duration "
            "(write 90, 90s, 15min or 2h)",
            id="duration",
        ),
    ],
)
def test_a_wrong_settings_file_is_one_line(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, and what is wrong where."""
    (tmp_path / "pyproject.toml").write_text(text)
    assert main(["plan", "x"]) == 2
    assert capsys.readouterr().err == f"resilient-pip: error: {message}\n"


def test_a_file_that_is_no_toml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The parser's own words say where."""
    (tmp_path / "pyproject.toml").write_text("[")
    assert main(["plan", "x"]) == 2
    assert capsys.readouterr().err.startswith("resilient-pip: error: pyproject.toml: ")
