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


@pytest.mark.parametrize("word", ["uninstall", "freeze", "help"])
def test_a_command_of_pip_is_no_project(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody means to install a project of that name, and somebody may have registered it."""
    assert main([word, "x"]) == 2
    assert capsys.readouterr().err == (
        f"resilient-pip: error: {word} is a command of pip; "
        f"a project of that name: resilient-pip install {word}\n"
    )


@pytest.mark.parametrize(
    ("words", "out", "err"),
    [
        pytest.param(["--cache-dir", "/x", "plan", "--help"], "resilient-pip plan [options]", "", id="plan"),
        pytest.param(
            ["--python", "x", "install"], "", "You must give at least one requirement", id="install"
        ),
        pytest.param(
            ["--python=x", "--tries", "3", "freeze"], "", "freeze is a command of pip", id="pip-command"
        ),
        pytest.param(["--file-cache", "/x", "cache", "dir"], "/x\n", "", id="cache"),
        pytest.param(["cache", "--file-cache", "/x", "dir"], "/x\n", "", id="before-the-action"),
    ],
)
def test_general_options_may_precede_the_command(
    words: list[str], out: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in pip."""
    main(words)
    written = capsys.readouterr()
    assert (out in written.out, err in written.err) == (True, True)
    assert bool(written.out) == bool(out)


def test_cache_is_a_command_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """It gets its own help, and what it prints goes to stdout."""
    assert main(["cache", "--help"]) == 0
    assert "usage: resilient-pip cache" in capsys.readouterr().out
    assert main(["cache", "dir", "--file-cache", "/somewhere"]) == 0
    assert capsys.readouterr().out == "/somewhere\n"


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


@pytest.mark.parametrize("text", ["[", "a = " + "[" * 100_000], ids=["cut", "deep"])
def test_a_file_that_is_no_toml(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The parser's own words say where."""
    (tmp_path / "pyproject.toml").write_text(text)
    assert main(["plan", "x"]) == 2
    assert capsys.readouterr().err.startswith("resilient-pip: error: pyproject.toml: ")


def test_a_byte_order_mark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Editors write it; pip installs in such a folder."""
    (tmp_path / "pyproject.toml").write_text("\ufeff[tool.resilient-pip]\ntries = 3\n", encoding="utf-8")
    assert main(["config"]) == 0
    assert "pyproject.toml: [tool.resilient-pip] tries" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["install", "download"])
def test_pip_is_left_out(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`resilient-pip pip install x` is a slip, and asks for two projects more, which exist."""
    assert main(["pip", word, "x"]) == 2
    assert capsys.readouterr().err.startswith(f"resilient-pip: error: not pip {word}, but resilient-pip")


def test_a_working_folder_that_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A build that removes the folder it stands in gets a line."""
    tmp_path.rmdir()
    assert main(["install", "x"]) == 2
    assert capsys.readouterr().err == (
        "resilient-pip: error: the working folder is gone: change to another one\n"
    )


@pytest.mark.parametrize(
    "url", ["ftp://x/simple", "http://u:secret@x:99999/simple", "http://u:secret@[::1/simple"]
)
def test_a_mirror_that_is_no_url(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused at once, unseen, not when the main index is asked for a page."""
    assert main(["install", "--mirror", url, "x"]) == 2
    assert capsys.readouterr().err == "resilient-pip: error: --mirror: not an http or https URL\n"
