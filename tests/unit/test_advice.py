"""What to do about each failure, and the page that lists them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from resilient_pip.advice import ADVICE, INTERNAL, advice
from resilient_pip.errors import (
    Attempt,
    AttemptsExhausted,
    BadContent,
    ChildFailed,
    PlanError,
    Refused,
    ResilientPipError,
    ServerBusy,
    SourceError,
    Stalled,
    Unreachable,
)
from resilient_pip.model import Phase, SafeUrl
from resilient_pip.settings import OPTIONS

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
URL = SafeUrl("https://index.example/simple/torch/")
OPTIONS_OF_PIP = {
    *("--cert", "--client-cert", "--index-url", "--proxy"),
    *("--python", "--hash", "--only-binary", "--help"),
}


def error_classes(root: type[ResilientPipError] = ResilientPipError) -> list[type[ResilientPipError]]:
    """Find all classes of errors.py that have a code of their own."""
    found = [root] if "code" in vars(root) and root is not ResilientPipError else []
    return [*found, *(one for child in root.__subclasses__() for one in error_classes(child))]


def rows_of_page() -> dict[str, tuple[str, str, str]]:
    """Read the table of codes: code to (exit code, class, advice)."""
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \| .+? \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    return {code: (exit_code, class_, do) for code, exit_code, class_, do in rows}


@pytest.mark.parametrize("error_class", error_classes())
def test_every_error_is_on_the_page(error_class: type[ResilientPipError]) -> None:
    """docs/errors.md has a row for each class of errors.py."""
    assert rows_of_page()[error_class.code][1] == error_class.__name__


def test_page_shows_exit_codes() -> None:
    """The exit codes on the page are those of the classes (some depend on more than the class)."""
    special = {"attempts-exhausted": "of the last try", "interrupted": "128 + signal"}
    expected = {one.code: special.get(one.code, str(one.default_exit)) for one in error_classes()}
    page = rows_of_page()
    assert {code: page[code][0] for code in expected} == expected


def test_page_shows_the_advice() -> None:
    """The page and the table in advice.py say the same."""
    page = {code: do for code, (_, _, do) in rows_of_page().items()}
    assert page == {**ADVICE, "attempts-exhausted": "as for the last try"}


def test_codes_are_unique() -> None:
    """No two classes share a code."""
    codes = [one.code for one in error_classes()]
    assert sorted(codes) == sorted(set(codes))


def test_advice_names_options_that_exist() -> None:
    """Each option in an advice is one of this tool's or of pip's."""
    named = set(re.findall(r"--[a-z-]+", " ".join(ADVICE.values())))
    assert named <= {option.flag for option in OPTIONS} | OPTIONS_OF_PIP


def stalled() -> Stalled:
    """Make a stall."""
    return Stalled(url=URL, silent_s=30, received=0, expected=None)


@pytest.mark.parametrize(
    ("error", "phase", "key"),
    [
        pytest.param(stalled(), None, "stalled", id="code"),
        pytest.param(Unreachable(url=URL, kind="tls", reason="expired"), None, "unreachable/tls", id="kind"),
        pytest.param(
            Unreachable(url=URL, kind="network", reason="no route"), None, "unreachable", id="other kind"
        ),
        pytest.param(Refused(url=URL, status=404), None, "refused/404", id="status"),
        pytest.param(Refused(url=URL, status=418), None, "refused", id="other status"),
        pytest.param(ServerBusy(url=URL, status=429), None, "server-busy/429", id="limited"),
        pytest.param(
            Unreachable(url=URL, kind="tls", reason="…", fault="early"),
            None,
            "unreachable/tls-early",
            id="a clock",
        ),
        pytest.param(ServerBusy(url=URL, status=503), None, "server-busy", id="busy"),
        pytest.param(
            ChildFailed(what="install", returncode=1, message=""), Phase.INSTALL, "pip-failed", id="install"
        ),
        pytest.param(
            ChildFailed(what="x", returncode=1, message=""), Phase.BUILD, "pip-failed/build", id="build"
        ),
        pytest.param(ChildFailed(what="x", returncode=1, message=""), None, "pip-failed", id="no phase"),
        pytest.param(PlanError(message="a conflict"), Phase.PLAN, "no-solution", id="conflict"),
        pytest.param(
            PlanError(message="No matching distribution found for x"),
            Phase.PLAN,
            "no-solution/unavailable",
            id="unavailable",
        ),
        pytest.param(KeyError("x"), Phase.PLAN, INTERNAL, id="a defect"),
    ],
)
def test_advice(error: Exception, phase: Phase | None, key: str) -> None:
    """The advice is that of the code, and of one more fact where the table has it."""
    assert advice(error, phase) == ADVICE[key]


def test_what_a_build_printed_is_the_better_advice() -> None:
    """A hint that its output gives stands before the general one."""
    assert advice(ChildFailed(what="x", returncode=1, message="", hint="do this"), Phase.BUILD) == "do this"


@pytest.mark.parametrize(
    ("last", "key"),
    [
        pytest.param(Refused(url=URL, status=404), "refused/404", id="refused"),
        pytest.param(BadContent(url=URL, reason="no page"), "bad-content", id="bad content"),
    ],
)
def test_advice_follows_the_last_try(last: SourceError, key: str) -> None:
    """Of several tries, what failed last decides."""
    attempts = tuple(Attempt(error=error, at_s=1.0, received=0) for error in (stalled(), last))
    error = AttemptsExhausted(url=URL, last=last, attempts=attempts, elapsed_s=2.0)
    assert advice(error) == ADVICE[key]
