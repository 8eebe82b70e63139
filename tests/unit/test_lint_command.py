"""`resilient-pip lint`: its command line, its output, its exit codes, its documentation, the examples."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from resilient_pip.cli import main
from resilient_pip.lint_command.checking import RULES

ROOT = Path(__file__).parents[2]
Printed = pytest.CaptureFixture[str]


@pytest.fixture
def dockerfile(tmp_path: Path) -> Path:
    """One with two traps."""
    path = tmp_path / "Dockerfile"
    path.write_text("FROM x\n\nRUN pip install --progress-bar raw \\\n    torch>=2 && \\\n    true\n")
    return path


def test_findings_as_text(dockerfile: Path, capsys: Printed) -> None:
    """File, line, rule, what is written there, what goes wrong, what to write; exit 1."""
    assert main(["lint", str(dockerfile)]) == 1
    assert capsys.readouterr().out == (
        f"{dockerfile}:3: cache-mount: pip install --progress-bar raw torch>=2\n"
        "  problem   downloads stay in this layer, and after a failure or a change everything is"
        " downloaded again\n"
        "  instead   RUN --mount=type=cache,target=/root/.cache/pip …\n"
        f"{dockerfile}:4: redirection: torch>=2\n"
        "  problem   the shell takes `>` for a redirection: pip gets `torch` alone, and what it says goes"
        " into a file `=2`\n"
        '  instead   "torch>=2"\n'
    )


def test_several_files(dockerfile: Path, tmp_path: Path, capsys: Printed) -> None:
    """One after the other; nothing found is no output and exit 0."""
    clean = tmp_path / "clean"
    clean.write_text("FROM x\nRUN echo é\n")
    assert main(["lint", str(clean), str(dockerfile), "--ignore=redirection"]) == 1
    assert capsys.readouterr().out.count(":3: cache-mount: ") == 1
    assert main(["lint", str(clean)]) == 0
    assert capsys.readouterr() == ("", "")


def test_fix(dockerfile: Path, capsys: Printed) -> None:
    """The file on stdout, and on stderr what is left; exit 0 where nothing is."""
    assert main(["lint", "--fix", str(dockerfile)]) == 0
    fixed = (
        "FROM x\n\nRUN --mount=type=cache,target=/root/.cache/pip pip install --progress-bar raw \\\n"
        '    "torch>=2" && \\\n    true\n'
    )
    assert capsys.readouterr() == (fixed, "")
    dockerfile.write_text("RUN pip install -q a\n")
    assert main(["lint", "--fix", str(dockerfile)]) == 1
    assert capsys.readouterr() == (
        "RUN --mount=type=cache,target=/root/.cache/pip pip install -q a\n",
        (
            "resilient-pip: left as it is, as only its author can tell what was meant:\n"
            f"resilient-pip: {dockerfile}:1: silence: pip install -q a\n"
            "resilient-pip:   problem   --quiet: nobody sees where it hangs or why it fails\n"
            "resilient-pip:   instead   resilient-pip: a line at least every 10 s"
            " (PYTHONUNBUFFERED=1 is no help here)\n"
        ),
    )


@pytest.mark.parametrize(
    ("words", "named"),
    [
        pytest.param([], "FILE", id="no-file"),
        pytest.param(["missing"], "cannot read missing: No such file or directory", id="missing"),
        pytest.param(["."], "cannot read .: Is a directory", id="folder"),
        pytest.param(["a\0b"], "cannot read a", id="null"),
        pytest.param(["latin"], "latin:2: not UTF-8", id="not-utf-8"),
        pytest.param(["/dev/zero"], "/dev/zero is larger than any Dockerfile", id="endless"),
        pytest.param(["--ignore", "noise", "x"], "noise", id="unknown-rule"),
        pytest.param(["--fix", "x", "y"], "--fix prints one rewritten file", id="fix-of-two"),
        pytest.param(["--no-such-option", "x"], "--no-such-option", id="unknown-option"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed, words: list[str], named: str
) -> None:
    """What is wrong, and no traceback."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latin").write_bytes("FROM x\n# é\n".encode("latin-1"))
    assert main(["lint", *words]) == 2
    output, errors = capsys.readouterr()
    assert (output, errors.count("\n")) == ("", 1)
    assert named in errors


def test_standard_input_and_bytes_are_kept() -> None:
    """Through the real command line, in a locale that has no such letters: byte for byte."""
    text = "\ufeffFROM x\r\nRUN echo é➜ && resilient-pip a>=1 || true"
    run = subprocess.run(
        [sys.executable, "-m", "resilient_pip", "lint", "--fix", "-"],
        input=text.encode(),
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": "ascii"},
        cwd=ROOT,
    )
    mount = "--mount=type=cache,target=/root/.cache/pip"
    expected = text.replace("RUN", f"RUN {mount}").replace("a>=1 || true", '"a>=1"')
    assert (run.returncode, run.stdout.decode(), run.stderr) == (0, expected, b"")


def test_every_rule_is_documented() -> None:
    """docs/lint.md has a section for each rule, in their order, and no other."""
    page = (ROOT / "docs" / "lint.md").read_text()
    assert re.findall(r"^### (.*)$", page, re.MULTILINE) == list(RULES)
