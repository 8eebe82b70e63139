"""`resilient-pip lint`, for every text."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from resilient_pip.lint_command.checking import check
from resilient_pip.lint_command.command import finding_lines
from resilient_pip.lint_command.dockerfile import Instruction, read_dockerfile
from resilient_pip.lint_command.excerpt import excerpt_of, line_of
from resilient_pip.lint_command.fixing import fix
from resilient_pip.lint_command.shell_words import shell_tokens

if sys.version_info >= (3, 11):
    from e2b_dockerfile_utils import DockerfileSyntaxError, parse_dockerfile_ast

PIECES = st.sampled_from(
    (
        *(
            "FROM x",
            "FROM x AS y",
            "from y",
            "RUN ",
            "run ",
            "ONBUILD RUN ",
            "ENV PIP_NO_CACHE_DIR=1",
            "USER app",
        ),
        *("# escape=`", "# syntax=docker/dockerfile:1.1", "# c", "# resilient-pip: ignore=silence", "\ufeff"),
        *("--mount=type=cache,target=/root/.cache/pip ", "COPY --from=r /r /usr/local/bin/resilient-pip"),
        *(
            'SHELL ["/bin/bash", "-eo", "pipefail", "-c"]',
            '["pip", "install", "a>=1"]',
            '["sh", "-c", "pip \\u0061"]',
        ),
        *(
            "pip install ",
            "python3 -m pip -q install ",
            "resilient-pip -r r.txt",
            "--no-cache-dir ",
        ),
        *(
            "a>=1 ",
            "numpy<2 ",
            "'b>=1' ",
            '"c" ',
            "torch ",
            "-r r.txt ",
            "$V",
            "${V:-x}",
            "$(",
            "`",
            "(",
            ")",
            "{ ",
            " }",
        ),
        *(
            " && ",
            " || true",
            " || :",
            " ; true",
            ";",
            " & ",
            " | tee x",
            "\\\n",
            "`\n",
            "\n",
            "\r\n",
            "\n\n",
            "  ",
            "\t",
        ),
        *(
            "sh -c '",
            'bash -lc "',
            "'",
            '"',
            "\\",
            "<<EOF",
            "<<-'EOF' bash",
            "\nEOF\n",
            "2>&1",
            ">",
            "<",
            "=",
            "#",
            "!",
        ),
        *(
            "for p in a b; do ",
            "; done",
            "while ",
            "until ",
            "if ",
            "; then ",
            "; else ",
            "; fi",
            "case x in a) ",
            ";; esac",
        ),
        *(
            "pip cache purge",
            "rm -rf ~/.cache",
            "xargs -n 1 ",
            "timeout 9 ",
            "A=b ",
            "set -e",
            "exit 1",
            "break",
            "é",
            "\0",
        ),
    )
)
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=80)
BLOCKS = (
    *(
        "FROM x",
        "from x as y",
        "RUN a b",
        "RUN  a  b ",
        "# c",
        "# c \\",
        "",
        "  ",
        "ENV a=b c='d e'",
        "LABEL x=<<EOF",
    ),
    *(
        "RUN a \\\n  b",
        "RUN a \\  \n\tb \\\n c",
        "RUN a \\\n  # c\n  b",
        "RUN a \\\n\n  b",
        "RUN a\\\\",
        "RUN \\\n a",
    ),
    *(
        "RUN a\\\\\\",
        "run --a --b=c d",
        "RUN --a='b c' d",
        "RUN -- --a",
        "RUN --a \\\n --b \\\n c",
        "RUN [a",
        'RUN ["a", 1',
    ),
    *(
        "RUN <<EOF\na \\\n# b\nEOF",
        "RUN <<-EOF b\n\ta\n\tEOF",
        "RUN <<EOF\n\tEOF\nEOF",
        "RUN <<'EOF' c\n\nEOF",
    ),
    *(
        'RUN 3<<"A" <<B\nB\nA\nb\nB',
        "COPY <<a <<b /x\nRUN\na\nFROM\nb",
        "RUN '<<EOF' b",
        'RUN "<<EOF" b',
        "RUN a<<EOF",
    ),
    *(
        'RUN ["a", "b"]',
        'RUN ["a", \\\n "b"]',
        'RUN [ "<<EOF", " <<EOF "]',
        "RUN '\\' <<E\nE",
        "RUN 'a b <<E c'",
        "RUN `\n<<E\nE",
    ),
)
NEEDS_PORT = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="the port of BuildKit's parser needs Python 3.11"
)
FILES = st.builds(
    lambda directives, blocks, newline: "\n".join((*directives, *blocks)).replace("\n", newline),
    st.lists(
        st.sampled_from(("# escape=`", "#syntax = x", "# check=skip=all", "# ESCAPE=\\")),
        max_size=2,
        unique_by=lambda line: line[2:5].lower(),
    ),
    st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=8),
    st.sampled_from(("\n", "\r\n")),
)


@given(TEXTS)
@example("RUN " + "(" * 5000 + "pip install a>=1")
@example("RUN " + "sh -c '" * 500)
@example("RUN [" * 3000)
@example("RUN " + "if " * 5000)
@example("RUN " + "case x in a) " * 3000)
@example("RUN " + "$(" * 5000)
@example("RUN <<" + "\n" * 100)
@example("RUN <<EOF")
@example("RUN \\")
@example('RUN ["sh", "-c", "pip install a>=1 || true"]')
@example('RUN ["sh", "-c", "\\u0070ip install a>=1 || true"]')
@example("RUN pip install > log --no-cache-dir a")
@example("RUN --mount=type=cache,target=/root/.cache rm -rf ~/.cache")
def test_any_text_has_findings_on_its_lines_and_a_stable_rewrite(text: str) -> None:
    """Nothing is raised; what --fix writes has nothing left that it could rewrite."""
    for finding in check(text):
        assert 0 <= finding.start <= finding.end <= len(text)
        lines = finding_lines("Dockerfile", text, [finding])
        assert [line.isprintable() for line in lines] == [True] * 3
    fixed = fix(text)
    assert [finding for finding in check(fixed) if finding.edits] == []
    assert fix(fixed) == fixed


@given(TEXTS)
def test_every_character_is_where_it_says(text: str) -> None:
    """What is read of an instruction is in the file, at the places that are told."""
    for instruction in read_dockerfile(text).instructions:
        for part in (instruction.keyword, instruction.body, *instruction.flags, *instruction.comments):
            assert [text[offset] for offset in part.offsets] == list(part.text)
        assert list(instruction.body.offsets) == sorted(set(instruction.body.offsets))


@NEEDS_PORT
@settings(max_examples=200)
@given(FILES | TEXTS)
def test_instructions_are_those_of_buildkit(text: str) -> None:
    """Where BuildKit's parser reads a file, this one reads the same instructions."""
    assert_read_as_buildkit_does(text)


@NEEDS_PORT
@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("first", ["FROM x", "# escape=`"])
def test_each_form_is_read_as_buildkit_does(first: str, block: str) -> None:
    """Every form of an instruction that is listed here, at least once."""
    for newline in ("\n", "\r\n"):
        assert_read_as_buildkit_does(f"{first}\n{block}\nRUN z\n".replace("\n", newline))


def assert_read_as_buildkit_does(text: str) -> None:
    """Compare with the port, unless that finds the file wrong."""
    # Of white space, only what people type: Go and Python differ on the rest. The port leaves ONBUILD unread.
    if re.search(r"[^\S \t\r\n]|\r(?!\n)|[\x1c-\x1f\x85]|ONBUILD", text, re.IGNORECASE):
        return
    try:
        expected = parse_dockerfile_ast(text)
    except DockerfileSyntaxError:
        return
    found = read_dockerfile(text)
    assert found.escape == expected.escape_token
    assert [
        (one.name, line_of(text, one.start), *_run(one), [heredoc.text for heredoc in one.heredocs])
        for one in found.instructions
    ] == [
        (
            one.name,
            one.start_line,
            *((one.flags, one.args) if one.name == "RUN" else ()),
            [heredoc.content.replace("\r\n", "\n") for heredoc in one.heredocs],
        )
        for one in expected.instructions
    ]


def _run(one: Instruction) -> tuple[list[str], list[str]] | tuple[()]:
    """The flags, without quotes, and the words or the one line of a RUN."""
    if one.name != "RUN":
        return ()
    strings = (one.body,) if one.exec_form is None else one.exec_form
    flags = [re.sub(r"[\"']", "", flag.text) for flag in one.flags]
    return flags, [string.text for string in strings if string.text or one.exec_form is not None]


@given(st.text("ab '\"\\$(){};&|<>=#\n`", max_size=40))
def test_every_character_of_a_script_is_in_one_token_or_between(script: str) -> None:
    """Words and operators stand in their order, and none reaches into the next."""
    tokens = shell_tokens(excerpt_of(script, 0, len(script)))
    ends = [0, *(token.end for token in tokens)]
    assert all(end <= token.start < token.end for end, token in zip(ends, tokens, strict=False))
    assert ends[-1] <= len(script)
