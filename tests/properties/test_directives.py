"""The directives of a requirements file, for every text."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pip._internal.req.req_file import preprocess

from resilient_pip.errors import UsageError
from resilient_pip.model import NO_DIRECTIVE, Directive, SourceLine
from resilient_pip.requirements.directives import parse_directives

FILE = "requirements.txt"
WORDS = st.sampled_from(
    (
        "torch",
        "numpy>=2  # a comment",
        "x @ https://h/x-1.zip#sha256=aa",
        "# resilient-pip: group=a",
        "numpy # resilient-pip: retries=3",
        "#resilient-pip:timeout=9",
        "# resilient-pip group=b",
        "# resilient-pip: also=x",
        "# resilient-pip: group='a",
        "--hash=sha256:aa",
        "\\",
        "\n",
        "\r",
        "\f",
        " ",
        "-r other.txt",
        "${NAME}",
    )
)
TEXTS = (
    st.text(max_size=80)
    | st.lists(WORDS, max_size=12).map("\n".join)
    | st.lists(WORDS, max_size=12).map("".join)
)
GROUPS = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="${}"), min_size=1, max_size=10
) | st.sampled_from(("a b", "it's", 'say "x"', "a#b", "a\\b"))


def requirement_lines(text: str) -> dict[int, str]:
    """The lines of a file that hold a requirement to pip, by number."""
    return {number: line for number, line in preprocess(text) if not line.startswith("-")}


@st.composite
def directives(draw: st.DrawFn) -> Directive:
    """A directive that says something."""
    index_url = draw(st.none() | st.sampled_from(("https://h/simple", "http://u:p@h:1/x", "file:///srv/x")))
    directive = Directive(
        group=draw(st.none() | GROUPS),
        index_url=index_url,
        also=draw(st.sampled_from(((), ("nvidia-*",), ("a", "b-c")))) if index_url else (),
        timeout_s=draw(st.none() | st.integers(1, 10**6).map(float)),
        retries=draw(st.none() | st.integers(1, 99)),
        no_build_isolation=draw(st.booleans()),
    )
    return directive if directive != NO_DIRECTIVE else replace(directive, retries=1)


def render(directive: Directive) -> str:
    """Write a directive as a user would."""
    values = {
        "group": directive.group,
        "index-url": directive.index_url,
        "also": ",".join(directive.also) or None,
        "timeout": directive.timeout_s and f"{directive.timeout_s:.0f}",
        "retries": directive.retries and str(directive.retries),
    }
    words = [f"{key}={shlex.quote(value)}" for key, value in values.items() if value]
    return " ".join(["# resilient-pip:", *words, *["no-build-isolation"] * directive.no_build_isolation])


@given(TEXTS)
@example("# resilient-pip: retries=" + "9" * 5000 + "\ntorch")
@example("# resilient-pip: timeout=" + "9" * 5000 + "\ntorch")
@example("# resilient-pip: retries=²\ntorch")
@example("# resilient-pip: index-url=http://[x\ntorch")
def test_any_text_gives_directives_or_an_error_with_a_line(text: str) -> None:
    """Directives stand on requirement lines only; an error names a line of the file."""
    lines = requirement_lines(text)
    try:
        found = parse_directives(text, file=FILE, requirement_lines=lines, environ={})
    except UsageError as error:
        place, found = error.source, {}
    else:
        place = SourceLine(file=FILE, line=1)
    assert found.keys() <= lines.keys()
    assert place in [SourceLine(file=FILE, line=number + 1) for number in range(len(text.splitlines()) or 1)]


@given(directives(), st.booleans())
def test_what_is_written_is_read(directive: Directive, above: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    """Above a block or behind a requirement: each key comes back as it was meant."""
    written = render(directive)
    text = f"{written}\ntorch\n" if above else f"torch  {written}\n"
    found = parse_directives(text, file=FILE, requirement_lines=requirement_lines(text), environ={})
    source = SourceLine(file=FILE, line=1)
    assert found == {2 if above else 1: replace(directive, source=source)}


@pytest.mark.pips
@given(
    st.lists(st.sampled_from(("torch", "numpy>=2", "a==1 \\\n  --hash=sha256:aa", "", "# c")), max_size=6),
    st.data(),
)
def test_pip_reads_the_same_requirements_without_them(lines: list[str], data: st.DataObject) -> None:
    """A file with directives means to plain pip what it means without."""
    with_directives = []
    for line in lines:
        comment = render(data.draw(directives()))
        where = data.draw(st.sampled_from(("nowhere", "above", "behind")))
        with_directives += [comment] if where == "above" else []
        with_directives.append(f"{line}  {comment}" if where == "behind" and line else line)
    plain = [line for _, line in preprocess("\n".join(lines))]
    assert [line for _, line in preprocess("\n".join(with_directives))] == plain
