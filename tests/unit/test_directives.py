"""Comment directives: where they hold, what they may say, and what is refused, with file and line."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping

import pytest

from resilient_pip.errors import UsageError
from resilient_pip.model import (
    NO_DIRECTIVE,
    Directive,
    Requirement,
    RequirementForm,
    SourceLine,
    project_name,
)
from resilient_pip.requirements.attach import attach_directives
from resilient_pip.requirements.directives import parse_directives, read_directive

ENVIRON: Mapping[str, str] = {"TOKEN": "secret", "EMPTY": ""}
CPU = "https://download.pytorch.org/whl/cpu"
HOLDS_FOR_NOTHING = (
    "directive: it holds for nothing (it belongs behind or above requirements of the same file)"
)


def at(line: int, file: str = "r.txt") -> SourceLine:
    """A line of the file under test."""
    return SourceLine(file=file, line=line)


def parse(text: str, lines: Collection[int]) -> dict[int, Directive]:
    """Parse an indented text whose requirements start on `lines`."""
    return parse_directives(
        textwrap.dedent(text).lstrip("\n"), file="r.txt", requirement_lines=lines, environ=ENVIRON
    )


@pytest.mark.parametrize(
    ("text", "lines", "expected"),
    [
        pytest.param("a\n# a comment\nb # another\n", [1, 3], {}, id="none"),
        pytest.param(
            """
            first
            # resilient-pip: group=g
            a
            b

            c
            """,
            [1, 3, 4, 6],
            {3: 2, 4: 2},
            id="block-ends-at-a-blank-line",
        ),
        pytest.param(
            """
            # resilient-pip: group=g
            a
            # resilient-pip: group=h
            b
            """,
            [2, 4],
            {2: 1, 4: 3},
            id="block-ends-at-the-next-directive",
        ),
        pytest.param(
            """
            # resilient-pip: group=g
            # why this is so
            --pre
            a
            """,
            [4],
            {4: 1},
            id="comments-and-options-do-not-end-it",
        ),
        pytest.param(
            """
            a   # resilient-pip: group=g
            b
            """,
            [1, 2],
            {1: 1},
            id="behind-a-requirement",
        ),
        pytest.param(
            """
            a \\
              --hash=sha256:1 \\
              --hash=sha256:2  # resilient-pip: group=g
            b
            """,
            [1, 4],
            {1: 3},
            id="behind-a-continued-requirement",
        ),
        pytest.param(
            """
            a \\
            # resilient-pip: group=g
            b
            """,
            [1, 3],
            {1: 2},
            id="pip-joins-a-comment-line-to-a-continuation",
        ),
        pytest.param(
            """
            # resilient-pip: group=g
            a \\

            b
            """,
            [2, 4],
            {2: 1, 4: 1},
            id="an-empty-line-that-ends-a-continuation-is-not-blank",
        ),
        pytest.param("# resilient-pip: group=g\na \\", [2], {2: 1}, id="continuation-at-the-end"),
        pytest.param("# resilient-pip: group=g\n   \na # x", [3], None, id="white-space-is-blank"),
        pytest.param("# # resilient-pip: group=g\na\n", [2], {}, id="commented-out"),
        pytest.param("a#resilient-pip: group=g\n", [1], {}, id="no-comment-to-pip"),
        pytest.param("#Resilient-Pip : group=g\na\n", [2], {2: 1}, id="loosely-spelled"),
        pytest.param("# resilient-pip installs these\na\n", [2], {}, id="prose"),
    ],
)
def test_where_a_directive_holds(text: str, lines: list[int], expected: dict[int, int] | None) -> None:
    """Lines are joined and comments found as pip does it."""
    if expected is None:
        with pytest.raises(UsageError, match="holds for nothing"):
            parse(text, lines)
        return
    assert {line: held.source for line, held in parse(text, lines).items()} == {
        line: at(source) for line, source in expected.items()
    }


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("group=torch", Directive(group="torch", source=at(1)), id="group"),
        pytest.param("group='my group'", Directive(group="my group", source=at(1)), id="quoted"),
        pytest.param(f"index-url={CPU}", Directive(index_url=CPU, source=at(1)), id="index-url"),
        pytest.param(
            "index-url=https://u:${TOKEN}@host/${EMPTY}${UNKNOWN}",
            Directive(index_url="https://u:secret@host/${EMPTY}${UNKNOWN}", source=at(1)),
            id="variables-as-in-pip",
        ),
        pytest.param(
            "index-url=file:///srv/simple", Directive(index_url="file:///srv/simple", source=at(1)), id="file"
        ),
        pytest.param(
            f"index-url={CPU} also=NVIDIA_*,triton",
            Directive(index_url=CPU, also=("nvidia-*", "triton"), source=at(1)),
            id="also",
        ),
        pytest.param(
            "timeout=15min retries=3 no-build-isolation",
            Directive(timeout_s=900.0, retries=3, no_build_isolation=True, source=at(1)),
            id="limits",
        ),
    ],
)
def test_what_a_directive_says(words: str, expected: Directive) -> None:
    """Words as in a shell, key=value; globs are normalised as names are."""
    assert read_directive(words, source=at(1), environ=ENVIRON) == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            "grup=x",
            "there is no key 'grup' (there are group, index-url, also, timeout, retries, no-build-isolation)",
            id="unknown-key",
        ),
        pytest.param("group", "group has no value", id="no-value"),
        pytest.param("group=", "group has no value", id="empty-value"),
        pytest.param("group=' x'", "group: ' x' is no name", id="bad-name"),
        pytest.param("group=a group=b", "group is given twice", id="twice"),
        pytest.param("", "it says nothing", id="nothing"),
        pytest.param("group='a", "no closing quotation", id="quote"),
        pytest.param(
            "timeout=soon",
            "timeout: 'soon' is no duration (write 90, 90s, 15min or 2h)",
            id="bad-duration",
        ),
        pytest.param("timeout=0", "timeout: '0' leaves no time", id="no-time"),
        pytest.param("retries=0", "retries: '0' is no number from 1 on", id="no-try"),
        pytest.param("retries=some", "retries: 'some' is no number from 1 on", id="bad-number"),
        pytest.param("also=nvidia-*", "also= needs an index-url=", id="also-alone"),
        pytest.param(f"index-url={CPU} also=a,,b", "also: 'a,,b' has an empty part", id="empty-glob"),
        pytest.param(
            "index-url=u:secret@host/simple",
            "index-url: an index is an http, https or file URL",
            id="no-url-and-no-password-in-the-message",
        ),
        pytest.param("index-url=https:/x", "index-url: an index is an http, https or file URL", id="no-host"),
        pytest.param("no-build-isolation=yes", "no-build-isolation takes no value", id="flag-with-value"),
    ],
)
def test_a_malformed_directive_names_its_line(words: str, message: str) -> None:
    """One clear sentence behind file and line."""
    with pytest.raises(UsageError) as caught:
        parse(f"a\n# resilient-pip: {words}\nb\n", [1, 3])
    assert str(caught.value) == f"r.txt:2: directive: {message}"


@pytest.mark.parametrize(
    ("text", "lines", "message"),
    [
        pytest.param(
            "# resilient-pip: group=g\n\na\n",
            [3],
            f"r.txt:1: {HOLDS_FOR_NOTHING}",
            id="above-nothing",
        ),
        pytest.param(
            "# resilient-pip: group=g\n# resilient-pip: group=h\na\n",
            [3],
            f"r.txt:1: {HOLDS_FOR_NOTHING}",
            id="at-once-followed-by-another",
        ),
        pytest.param(
            "a\n-r nested.txt  # resilient-pip: group=g\n",
            [1],
            f"r.txt:2: {HOLDS_FOR_NOTHING}",
            id="behind-a-nested-file",
        ),
        pytest.param(
            "# resilient-pip: group=g\na\nb # resilient-pip: timeout=9\n",
            [2, 3],
            "r.txt:3: the requirement is under two directives, this one and that of r.txt:1",
            id="two-on-one-line",
        ),
        pytest.param(
            "# resilient-pip group=g\na\n",
            [2],
            "r.txt:1: directive: write '# resilient-pip:'",
            id="forgotten-colon",
        ),
    ],
)
def test_a_directive_without_effect_is_refused(text: str, lines: list[int], message: str) -> None:
    """What the user wrote holds or is an error, never silently nothing."""
    with pytest.raises(UsageError) as caught:
        parse(text, lines)
    assert str(caught.value) == message


def requirement(
    name: str,
    line: int | None,
    *,
    form: RequirementForm = RequirementForm.NAMED,
    directive: Directive = NO_DIRECTIVE,
    file: str = "r.txt",
) -> Requirement:
    """A requirement as the adapter hands it over."""
    return Requirement(
        text=name,
        form=form,
        name=project_name(name),
        source=None if line is None else at(line, file),
        directive=directive,
    )


def directives(*requirements: Requirement, **texts: str) -> list[Directive]:
    """Attach the directives of files (`r` is r.txt) and give those of the requirements."""
    named = {f"{name}.txt": text for name, text in texts.items()}
    attached = attach_directives(requirements, texts=named, environ=ENVIRON)
    return [one.directive for one in attached]


def test_directives_reach_their_requirements() -> None:
    """By file and line; what stands on the command line or in another file stays without."""
    found = directives(
        requirement("a", 2),
        requirement("b", None),
        requirement("c", 2, file="s.txt"),
        r="# resilient-pip: group=g\na\n",
        s="\nc\n",
    )
    assert found == [Directive(group="g", source=at(1)), NO_DIRECTIVE, NO_DIRECTIVE]


def test_a_file_read_twice_is_one_directive() -> None:
    """Two files that both name a third do not put its requirements under two directives."""
    found = directives(requirement("a", 2), requirement("a", 2), r="# resilient-pip: group=g\na\n")
    assert found == [Directive(group="g", source=at(1))] * 2


def test_a_per_line_index_joins_a_directive() -> None:
    """`torch --index-url URL` under a directive has both."""
    own = Directive(index_url=CPU, source=at(2))
    found = directives(
        requirement("torch", 2, directive=own),
        requirement("vision", 3),
        r="# resilient-pip: group=g\ntorch\nvision\n",
    )
    assert found == [Directive(group="g", index_url=CPU, source=at(1)), Directive(group="g", source=at(1))]


def test_the_same_index_may_be_said_twice() -> None:
    """Once behind the requirement and once in the directive above."""
    own = Directive(index_url=CPU, source=at(2))
    found = directives(
        requirement("torch", 2, directive=own), r=f"# resilient-pip: index-url={CPU} also=nvidia-*\ntorch\n"
    )
    assert found == [Directive(index_url=CPU, also=("nvidia-*",), source=at(1))]


@pytest.mark.parametrize(
    ("requirements", "text", "message"),
    [
        pytest.param(
            [requirement("A.b", 1), requirement("a_b", 2)],
            "A.b # resilient-pip: group=g\na_b # resilient-pip: group=g\n",
            "r.txt:2: a-b is under two directives, this one and that of r.txt:1",
            id="one-name-under-two",
        ),
        pytest.param(
            [requirement("torch", 2, directive=Directive(index_url="https://other/", source=at(2)))],
            f"# resilient-pip: index-url={CPU}\ntorch\n",
            "r.txt:2: the line's --index-url differs from the index-url of r.txt:1",
            id="two-indexes",
        ),
        pytest.param(
            [requirement("a", 2, form=RequirementForm.DIRECT)],
            f"# resilient-pip: index-url={CPU}\na @ https://x/a.whl\n",
            "r.txt:1: index-url holds for nothing: the requirement says itself where it comes from",
            id="index-for-a-url",
        ),
        pytest.param(
            [requirement("a", 1), requirement("b", 2)],
            "a # resilient-pip: group=g\nb # resilient-pip: group=g no-build-isolation\n",
            "r.txt:2: group 'g' is marked no-build-isolation in one of two places, this one and r.txt:1: "
            "mark both, or name one of them differently",
            id="half-a-group-marked",
        ),
        pytest.param(
            [],
            "# resilient-pip: group=g\na<2\n",
            f"r.txt:1: {HOLDS_FOR_NOTHING}",
            id="constraints-file",
        ),
    ],
)
def test_contradictions_are_refused(requirements: list[Requirement], text: str, message: str) -> None:
    """Two directives for one name, and routes that lead nowhere."""
    with pytest.raises(UsageError) as caught:
        directives(*requirements, r=text)
    assert str(caught.value) == message


def test_an_index_may_hold_for_dependencies_only() -> None:
    """`also` routes names whatever the requirement itself is."""
    found = directives(
        requirement("a", 2, form=RequirementForm.DIRECT),
        r=f"# resilient-pip: index-url={CPU} also=nvidia-*\na @ https://x/a.whl\n",
    )
    assert found == [Directive(index_url=CPU, also=("nvidia-*",), source=at(1))]
