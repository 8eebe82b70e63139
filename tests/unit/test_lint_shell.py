"""Scripts as `resilient-pip lint` reads them, beside what /bin/sh makes of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from resilient_pip.lint_command.calls import read_call
from resilient_pip.lint_command.excerpt import excerpt_of
from resilient_pip.lint_command.shell import Compound, all_scripts, simple_commands
from resilient_pip.lint_command.shell_parser import parse_script
from resilient_pip.lint_command.shell_words import Operator, shell_tokens

REPORT = 'pip() { for word; do printf "%s\\0" "$word"; done; }; '


def words_of(script: str) -> list[list[str]]:
    """The words of each command."""
    parsed = parse_script(excerpt_of(script, 0, len(script)))
    return [[word.text for word in command.words] for command in simple_commands(parsed)]


@pytest.mark.parametrize(
    "script",
    [
        "pip install a 'b c' \"d e\" f\\ g",
        "pip 'a'\"b\"c",
        'pip "a\\"b" "c\\d" "e\\\\f"',
        "pip a # b",
        "pip a#b '# c'",
        "pip a;pip b&&pip c",
        "pip a 2>&1 b",
        "pip a2 >/dev/stdout b",
        "pip '' \"\"",
        "pip a \\\n  b",
        "pip 'a\\\nb'",
        "if true; then pip a; else false; fi",
        "for x in 1; do pip a; done",
        "case x in (x) pip a;; esac",
        "case x in x|y) pip a;; esac; pip b",
        "{ pip a; }; (pip b)",
        "while pip a; do break; done | cat",
        "! pip a || true",
        "cat <<E >/dev/null && pip a\npip not\nE\npip b",
        "cat <<-'E' >/dev/null\n\tpip not\n\tE\npip b",
        "f() { pip a; }; f",
        "X=1 Y='2 3' pip a",
    ],
)
def test_words_are_those_of_the_shell(script: str) -> None:
    """What pip is called with, as the system's shell says."""
    run = subprocess.run(["/bin/sh", "-c", REPORT + script], capture_output=True, text=True, check=True)
    found = [words[words.index("pip") + 1 :] for words in words_of(script) if "pip" in words]
    assert [word for words in found for word in words] == run.stdout.split("\0")[:-1]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(
            "a $(b c; d) `e f` ${g:-h i} $j",
            [["a", "$(b c; d)", "`e f`", "${g:-h i}", "$j"]],
            id="expansions",
        ),
        pytest.param('a "$(b "c")" <(d e)', [["a", '$(b "c")', "<(d e)"]], id="nested-quotes"),
        pytest.param("sh -c 'a b && c'", [["a", "b"], ["c"]], id="other-shell"),
        pytest.param("sudo -u x bash -euo pipefail -c \"a 'b c'\"", [["a", "b c"]], id="its-options"),
        pytest.param("bash -lc 'sh -c \"a b\"'", [["a", "b"]], id="shell-in-shell"),
        pytest.param("sh x.sh -c a", [["sh", "x.sh", "-c", "a"]], id="a-file"),
        pytest.param("bash --norc -c 'a b'", [["a", "b"]], id="its-long-options"),
        pytest.param("a 'b", [["a", "b"]], id="unclosed"),
        pytest.param("a ) b", [["a"], ["b"]], id="unopened"),
        pytest.param("(" * 1000 + "a", [], id="deeper-than-anybody-writes"),
    ],
)
def test_commands_of_a_script(script: str, expected: list[list[str]]) -> None:
    """Each program with its words; what is expanded stays as it is written."""
    assert words_of(script) == expected


def test_tokens_tell_where_they_stand() -> None:
    """Offsets are those of the file, a file descriptor belongs to its redirection."""
    tokens = shell_tokens(excerpt_of("..a2>b 2>c", 2, 10))
    assert [(token.text, token.start, token.end) for token in tokens] == [
        ("a2", 2, 4),
        (">", 4, 5),
        ("b", 5, 6),
        (">", 7, 9),
        ("c", 9, 10),
    ]
    assert [token.descriptor for token in tokens if isinstance(token, Operator)] == ["", "2"]


def test_kinds_of_compound_commands() -> None:
    """Outer ones first."""
    script = (
        "if a; then for x in y; do (b); done; fi; until c; do { d; }; done; bash -c 'case e in *) f;; esac'"
    )
    found = [
        command.kind
        for inner in all_scripts(parse_script(excerpt_of(script, 0, len(script))))
        for one in inner.lists
        for pipeline in one.pipelines
        for command in pipeline.commands
        if isinstance(command, Compound)
    ]
    assert found == ["if", "until", "shell", "for", "(", "{", "case"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pip install a", ("pip", "install", ["a"], [])),
        ("pip3.12 -q install --no-cache a", ("pip", "install", ["a"], ["--quiet", "--no-cache-dir"])),
        (
            "/x/bin/python3 -u -m pip install -rx -c y",
            ("pip", "install", [], ["--requirement", "--constraint"]),
        ),
        ("python -Im pip install -qU a", ("pip", "install", ["a"], ["--quiet", "--upgrade"])),
        ("sudo -H -u app env X=1 timeout -k 5 600 pip wheel a", ("pip", "wheel", ["a"], [])),
        ("cat r | xargs -n 1 pip install", ("pip", "install", [], [])),
        ("uv pip install a", None),
        ("pip", None),
        ("pip --version", None),
        ("pip cache purge", ("pip", "cache purge", [], [])),
        ("resilient-pip -r r.txt", ("resilient-pip", "install", [], ["--requirement"])),
        ("resilient-pip --heartbeat 5 install a", ("resilient-pip", "install", ["a"], ["--heartbeat"])),
        ("resilient-pip cache prune", ("resilient-pip", "cache prune", [], [])),
        ("python3 resilient-pip.pyz a b", ("resilient-pip", "install", ["a", "b"], [])),
        ("python3 -m resilient_pip plan a", ("resilient-pip", "plan", ["a"], [])),
        ("python3 -c 'import pip'", None),
        ("python3 setup.py install", None),
        ("echo pip install a", None),
    ],
)
def test_calls_of_the_tools(command: str, expected: tuple[str, str, list[str], list[str]] | None) -> None:
    """Tool, action, requirements and options, however they are spelled."""
    *_, last = simple_commands(parse_script(excerpt_of(command, 0, len(command))))
    call = read_call(last)
    assert expected == (
        call
        and (
            call.tool,
            call.action,
            [word.text for word in call.operands],
            [option.name for option in call.options],
        )
    )


def test_what_the_shell_does_with_an_unquoted_specifier(tmp_path: Path) -> None:
    """The trap that the rule redirection is about is there, and quotes are the way out."""
    for written in ("torch>=2.0", '"numpy>=1"'):
        subprocess.run(
            ["/bin/sh", "-c", f"{REPORT} pip install {written}"],
            cwd=tmp_path,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    assert [path.name for path in tmp_path.iterdir()] == ["=2.0"]
